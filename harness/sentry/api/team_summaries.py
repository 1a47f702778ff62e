"""Teams as Sentry's JSON has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, func, select

from harness.sentry.api.project_summaries import ProjectSummaries
from harness.sentry.api.reach import reach_projects
from harness.sentry.api.shapes import iso, letter_avatar
from harness.sentry.call import Call
from harness.sentry.schema import member, project_team, team_member, user

_ids: BindParameter[Any] = bindparam("team_ids", expanding=True)
_counts = (
    select(team_member.c.team_id, func.count().label("members"))
    .select_from(
        team_member.join(member, member.c.id == team_member.c.organizationmember_id).join(
            user, user.c.id == member.c.user_id
        )
    )
    .where(team_member.c.team_id.in_(_ids))
    .where(user.c.is_active)
    .group_by(team_member.c.team_id)
)
_projects = select(project_team.c.team_id, project_team.c.project_id).where(
    project_team.c.team_id.in_(_ids)
)


class TeamSummaries:
    """What is needed to show the teams `rows` of the call's organization, read at once."""

    def __init__(self, call: Call, rows: Sequence[Row[Any]]) -> None:
        self._call = call
        self._ids = tuple(sorted(row.id for row in rows))
        counts = call.services.store.recall(_counts, team_ids=self._ids)
        self._members = {row.team_id: row.members for row in counts}

    def show(self, row: Row[Any]) -> dict[str, Any]:
        """A row of `sentry_team` as JSON."""
        access = self._call.access
        return {
            "id": str(row.id),
            "slug": row.slug,
            "name": row.name,
            "dateCreated": iso(row.date_added),
            "isMember": row.id in access.team_roles,
            "teamRole": access.team_roles.get(row.id),
            "flags": {"idp:provisioned": False},
            "access": sorted(access.team_scopes(row.id)),
            "hasAccess": access.reaches_team(row.id),
            "isPending": False,
            "memberCount": self._members.get(row.id, 0),
            "avatar": letter_avatar(),
        }

    def show_projects(self) -> dict[int, list[dict[str, Any]]]:
        """{team id: those of its projects that the caller reaches, by slug}."""
        call = self._call
        rows = reach_projects(call, call.access)
        summaries = ProjectSummaries(call, rows)
        shown = {row.id: summaries.show(row, call.access) for row in rows}
        owned = {(row.team_id, row.project_id) for row in self._links()}
        return {
            team_id: [shown[row.id] for row in rows if (team_id, row.id) in owned]
            for team_id in self._ids
        }

    def _links(self) -> Sequence[Row[Any]]:
        return self._call.services.store.recall(_projects, team_ids=self._ids)
