"""Which teams a project belongs to, and who is in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from harness.sentry.api.member_summaries import find_members, show_member
from harness.sentry.api.pagination import paginate
from harness.sentry.api.projects import show_project
from harness.sentry.api.team_summaries import TeamSummaries
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Denied, NotFound
from harness.sentry.objects import find_team
from harness.sentry.schema import project_team, team, team_member

_PATH = "/projects/{organization_id_or_slug}/{project_id_or_slug}/"
_TEAM = _PATH + "teams/{team_id_or_slug}/"

_teams = (
    select(team)
    .select_from(team.join(project_team, project_team.c.team_id == team.c.id))
    .where(project_team.c.project_id == bindparam("project_id"))
    .order_by(team.c.slug)
)
_members = (
    select(team_member.c.organizationmember_id)
    .select_from(team_member.join(project_team, project_team.c.team_id == team_member.c.team_id))
    .where(project_team.c.project_id == bindparam("project_id"))
)


@operation("GET", _PATH + "teams/")
def list_project_teams(call: Call) -> Reply:
    """The teams of the project, by slug."""
    rows = call.services.store.all(_teams, project_id=call.project.id)
    return paginate(call, rows, TeamSummaries(call, rows).show)


@operation("POST", _TEAM)
def add_team(call: Call) -> Reply:
    """201 with the project, which belongs to the team now, if it did not before."""
    link = {"project_id": call.project.id, "team_id": _find_team(call).id}
    store = call.services.store
    with store.transaction() as connection:
        connection.execute(store.insert(project_team).values(link).on_conflict_do_nothing())
    call.access.forget()
    return Reply(show_project(call, call.project), 201)


@operation("DELETE", _TEAM)
def remove_team(call: Call) -> Reply:
    """The project, which does not belong to the team any more.

    Raises Denied, plain, where the caller manages no projects of that team.
    """
    row = _find_team(call)
    if call.access.team_scopes(row.id).isdisjoint(call.operation.scopes):
        raise Denied(rule="team-access")
    with call.services.store.transaction() as connection:
        connection.execute(
            delete(project_team)
            .where(project_team.c.project_id == call.project.id)
            .where(project_team.c.team_id == row.id)
        )
    call.access.forget()
    return Reply(show_project(call, call.project))


@operation("GET", _PATH + "members/")
def list_project_members(call: Call) -> Reply:
    """The members who are in a team of the project."""
    store = call.services.store
    found = store.all(_members, project_id=call.project.id)
    ids = {row.organizationmember_id for row in found}
    rows = [row for row in find_members(store, call.organization.id) if row.id in ids]
    return paginate(call, rows, show_member)


def _find_team(call: Call) -> Row[Any]:
    row = find_team(call.services.store, call.organization.id, call.parameter("team_id_or_slug"))
    if row is None:
        raise NotFound()
    return row
