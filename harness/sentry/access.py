"""What a caller may do in one organization: role now, capped by the credential.

An organization's role gives scopes everywhere in it; a team's role gives some
more on that team and its projects. The credential caps both.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from sqlalchemy import Row, bindparam, select

from harness import scopes
from harness.sentry.errors import Denied
from harness.sentry.principal import Caller, Credential, Membership
from harness.sentry.schema import member, project_team, team_member
from harness.sentry.services import Services

_NO_USER = frozenset({Credential.ORGANIZATION_TOKEN, Credential.INTEGRATION_TOKEN})

_find_member = (
    select(member.c.id, member.c.role)
    .where(member.c.organization_id == bindparam("organization_id"))
    .where(member.c.user_id == bindparam("user_id"))
)
_find_teams = select(team_member.c.team_id, team_member.c.role).where(
    team_member.c.organizationmember_id == bindparam("member_id")
)
_find_projects = select(project_team.c.project_id, project_team.c.team_id).where(
    project_team.c.team_id.in_(bindparam("team_ids", expanding=True))
)


class Access:
    """A caller's access in `organization` (its row), where it is known to belong.

    `scopes`: what the caller holds there: role ∩ credential. `role` is None for
    an organization or integration token, which no member stands behind.
    """

    def __init__(
        self, services: Services, caller: Caller, organization: Row[Any], place: Membership | None
    ) -> None:
        self._services = services
        self.caller = caller
        self.organization = organization
        self.member_id = None if place is None else place.member_id
        self.role = None if place is None else place.role
        held = self._ceiling() if place is None else scopes.role_scopes(place.role)
        self.scopes = self._cap(held)

    @property
    def is_global(self) -> bool:
        """Whether every project and team of the organization is in reach."""
        return (
            self.role is None
            or scopes.is_global_role(self.role)
            or bool(self.organization.open_membership)
        )

    @cached_property
    def team_roles(self) -> dict[int, str]:
        """{team id: team role} of the teams that the member is in."""
        if self.member_id is None:
            return {}
        rows = self._services.store.all(_find_teams, member_id=self.member_id)
        return {row.team_id: row.role for row in rows}

    @cached_property
    def _project_teams(self) -> dict[int, set[int]]:
        """{project id: own teams that it belongs to}."""
        found: dict[int, set[int]] = {}
        if self.team_roles:
            rows = self._services.store.all(_find_projects, team_ids=sorted(self.team_roles))
            for row in rows:
                found.setdefault(row.project_id, set()).add(row.team_id)
        return found

    def forget(self) -> None:
        """Teams and projects are read again when next asked for: this call changed them."""
        self.__dict__.pop("team_roles", None)
        self.__dict__.pop("_project_teams", None)

    def holds_any(self, wanted: Iterable[str]) -> bool:
        """Whether the caller holds one of `wanted` in the whole organization."""
        return not self.scopes.isdisjoint(wanted)

    def is_member_of_project(self, project_id: int) -> bool:
        """Whether the project belongs to a team that the member is in."""
        return project_id in self._project_teams

    def reaches_project(self, project_id: int) -> bool:
        """Whether the project can be seen at all."""
        return self.is_global or self.is_member_of_project(project_id)

    def reaches_team(self, team_id: int) -> bool:
        """Whether the team can be seen at all."""
        return self.is_global or team_id in self.team_roles

    def project_scopes(self, project_id: int) -> frozenset[str]:
        """What the caller holds on a project; nothing where it is out of reach."""
        if not self.reaches_project(project_id):
            return frozenset()
        return self._with_teams(self._project_teams.get(project_id, ()))

    def team_scopes(self, team_id: int) -> frozenset[str]:
        """What the caller holds on a team; nothing where it is out of reach."""
        if not self.reaches_team(team_id):
            return frozenset()
        return self._with_teams({team_id} & self.team_roles.keys())

    def _with_teams(self, team_ids: Iterable[int]) -> frozenset[str]:
        granted = (scopes.team_role_scopes(self.team_roles[team_id]) for team_id in team_ids)
        return self.scopes | self._cap(frozenset().union(*granted))

    def _ceiling(self) -> frozenset[str]:
        return self.caller.scopes or frozenset()

    def _cap(self, held: frozenset[str]) -> frozenset[str]:
        return held if self.caller.scopes is None else held & self.caller.scopes


def resolve_access(services: Services, caller: Caller, organization: Row[Any]) -> Access:
    """The caller's access in `organization` (its row).

    Raises Denied, plain, when the credential is bound to another organization or
    its user is no member: approval cures neither.
    """
    if caller.organization_id is not None and caller.organization_id != organization.id:
        raise Denied(rule="other-organization")
    if caller.credential in _NO_USER:
        return Access(services, caller, organization, None)
    return Access(services, caller, organization, _find_place(services, caller, organization))


def _find_place(services: Services, caller: Caller, organization: Row[Any]) -> Membership:
    known = caller.membership
    if known is not None and known.organization.id == organization.id:
        return known
    rows = services.store.recall(
        _find_member, organization_id=organization.id, user_id=caller.user_id
    )
    if not rows:
        raise Denied(rule="membership")
    return Membership(organization, rows[0].id, rows[0].role)
