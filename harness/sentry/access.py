"""What a caller may do in one organization: role now, capped by the credential.

An organization's role gives scopes everywhere in it; a team's role gives some
more on that team and its projects. The credential caps both.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from functools import cached_property
from typing import Any

from sqlalchemy import Row, bindparam, select

from harness import scopes
from harness.defence import defence
from harness.sentry.denial import plain_denial
from harness.sentry.errors import Denied
from harness.sentry.principal import Caller, Credential, Membership
from harness.sentry.route import Route
from harness.sentry.schema import member, project_team, team_member
from harness.sentry.services import Services

#: Credentials that no member stands behind.
NO_MEMBER = frozenset({Credential.ORGANIZATION_TOKEN, Credential.INTEGRATION_TOKEN})

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
        held = self._ceiling() if place is None else held_by_role(caller, place.role)
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
        return reaches(self, self.is_member_of_project(project_id))

    def reaches_team(self, team_id: int) -> bool:
        """Whether the team can be seen at all."""
        return reaches(self, team_id in self.team_roles)

    def project_scopes(self, project_id: int) -> frozenset[str]:
        """What the caller holds on a project; nothing where it is out of reach."""
        if not self.reaches_project(project_id):
            return frozenset()
        return self._with_teams(counting_teams(self, self._project_teams.get(project_id, ())))

    def team_scopes(self, team_id: int) -> frozenset[str]:
        """What the caller holds on a team; nothing where it is out of reach."""
        if not self.reaches_team(team_id):
            return frozenset()
        return self._with_teams(counting_teams(self, {team_id} & self.team_roles.keys()))

    def _with_teams(self, team_ids: Iterable[int]) -> frozenset[str]:
        granted = (scopes.team_role_scopes(self.team_roles[team_id]) for team_id in team_ids)
        return self.scopes | self._cap(frozenset().union(*granted))

    def _ceiling(self) -> frozenset[str]:
        return self.caller.scopes or frozenset()

    def _cap(self, held: frozenset[str]) -> frozenset[str]:
        return held if self.caller.scopes is None else held & self.caller.scopes


@defence(
    "gate.scopes",
    title="A token carries one of the endpoint's scopes, to the letter",
    cwe=863,
    source="RFC 6750 section 3.1",
)
def suffices(held: Set[str], wanted: Set[str]) -> bool:
    """Whether one of the `wanted` scopes is held."""
    return not wanted.isdisjoint(held)


@suffices.weakened("read-opens-write", title="Any scope on a resource opens all that is done to it")
def _(held: Set[str], wanted: Set[str]) -> bool:
    resources = {scope.partition(":")[0] for scope in held}
    return any(scope.partition(":")[0] in resources for scope in wanted)


@defence(
    "access.role",
    title="A credential is capped by what its user's role gives now",
    cwe=613,
    source="getsentry/sentry#118539",
)
def held_by_role(caller: Caller, role: str) -> frozenset[str]:
    """What the member's role gives in the whole organization."""
    return scopes.role_scopes(role)


@held_by_role.weakened("role-change-ignored", title="A token keeps what its role has lost")
def _(caller: Caller, role: str) -> frozenset[str]:
    if caller.credential is Credential.AGENT_TOKEN:
        return scopes.ALL_SCOPES
    return held_by_role.sound(caller, role)


@defence(
    "access.reach",
    title="Members see the projects and teams that they belong to",
    cwe=639,
    source="OWASP API1:2023",
)
def reaches(access: Access, belongs: bool) -> bool:
    """Whether something of the organization is in reach of who belongs to it, or does not."""
    return access.is_global or belongs


@reaches.weakened("everything-in-reach", title="Every project and team can be reached by id")
def _(access: Access, belongs: bool) -> bool:
    return True


@defence(
    "access.team-role",
    title="A team's role counts on the team and its projects alone",
    cwe=863,
    source="OWASP API5:2023",
)
def counting_teams(access: Access, team_ids: Iterable[int]) -> Iterable[int]:
    """Of the member's teams, those whose roles count here."""
    return team_ids


@counting_teams.weakened("team-role-everywhere", title="A team admin is admin of every team")
def _(access: Access, team_ids: Iterable[int]) -> Iterable[int]:
    return access.team_roles


def resolve_access(
    services: Services, caller: Caller, organization: Row[Any], route: Route
) -> Access:
    """The caller's access in `organization` (its row), which `route` names.

    Raises Denied, plain, when the credential is bound to another organization or
    its user is no member: approval cures neither.
    """
    check_organization(caller, organization, route)
    return join(services, caller, organization)


def join(services: Services, caller: Caller, organization: Row[Any]) -> Access:
    """The caller's access in an organization that its credential opens.

    Raises Denied, plain, when its user is no member there.
    """
    if caller.credential in NO_MEMBER:
        return Access(services, caller, organization, None)
    return Access(services, caller, organization, find_place(services, caller, organization))


@defence(
    "access.organization",
    title="A credential bound to one organization opens no other",
    cwe=863,
    source="getsentry/sentry#118539",
)
def check_organization(caller: Caller, organization: Row[Any], route: Route) -> None:
    """Raises Denied for a credential of another organization."""
    if caller.organization_id is not None and caller.organization_id != organization.id:
        raise plain_denial("other-organization")


@check_organization.weakened("slug-crosses", title="An organization named by slug is not compared")
def _(caller: Caller, organization: Row[Any], route: Route) -> None:
    if route.organization != organization.slug:
        check_organization.sound(caller, organization, route)


@check_organization.weakened("id-crosses", title="An organization named by id is not compared")
def _(caller: Caller, organization: Row[Any], route: Route) -> None:
    if route.organization == organization.slug:
        check_organization.sound(caller, organization, route)


@check_organization.weakened("project-crosses", title="Project paths do not compare organizations")
def _(caller: Caller, organization: Row[Any], route: Route) -> None:
    if "project_id_or_slug" not in route.parameters:
        check_organization.sound(caller, organization, route)


@check_organization.weakened("team-crosses", title="Team paths do not compare organizations")
def _(caller: Caller, organization: Row[Any], route: Route) -> None:
    if "team_id_or_slug" not in route.parameters:
        check_organization.sound(caller, organization, route)


@check_organization.weakened("issue-crosses", title="Issue paths do not compare organizations")
def _(caller: Caller, organization: Row[Any], route: Route) -> None:
    if "issue_id" not in route.parameters:
        check_organization.sound(caller, organization, route)


@check_organization.weakened(
    "viewer-context-crosses", title="A viewer context opens more than the organization it names"
)
def _(caller: Caller, organization: Row[Any], route: Route) -> None:
    if caller.credential is not Credential.VIEWER_CONTEXT:
        check_organization.sound(caller, organization, route)


@defence(
    "access.membership",
    title="Only members act in an organization",
    cwe=862,
    source="OWASP API1:2023",
)
def find_place(services: Services, caller: Caller, organization: Row[Any]) -> Membership:
    """The caller's membership. Raises Denied where there is none."""
    known = caller.membership
    if known is not None and known.organization.id == organization.id:
        return known
    rows = services.store.recall(
        _find_member, organization_id=organization.id, user_id=caller.user_id
    )
    if not rows:
        raise plain_denial("membership")
    return Membership(organization, rows[0].id, rows[0].role)


@find_place.weakened("strangers-served", title="Whoever signed in is a member everywhere")
def _(services: Services, caller: Caller, organization: Row[Any]) -> Membership:
    try:
        return find_place.sound(services, caller, organization)
    except Denied:
        return Membership(organization, 0, "member")
