"""Members of an organization: list, read, change, remove."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from harness import scopes
from harness.sentry.api.matching import Match, by, filter_by_query
from harness.sentry.api.member_summaries import (
    MANAGERS,
    Member,
    allowed_roles,
    entry_role,
    find_members,
    show_member,
    show_roles,
)
from harness.sentry.api.pagination import paginate
from harness.sentry.body import Body, Plain, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Denied, Invalid, NotFound
from harness.sentry.principal import Credential
from harness.sentry.route import parse_id
from harness.sentry.schema import member, team, team_member, user

_LIST = "/organizations/{organization_id_or_slug}/members/"
_PATH = _LIST + "{member_id}/"

_OWNER = "owner"
_LAST_OWNER = "You cannot remove the only remaining owner of the organization."

_teams_of = (
    select(team.c.slug, team_member.c.role)
    .select_from(team_member.join(team, team.c.id == team_member.c.team_id))
    .where(team_member.c.organizationmember_id == bindparam("member_id"))
    .order_by(team.c.slug)
)
_teams = select(team.c.id, team.c.slug).where(
    team.c.organization_id == bindparam("organization_id")
)
_owners = (
    select(member.c.id)
    .select_from(member.join(user, user.c.id == member.c.user_id))
    .where(member.c.organization_id == bindparam("organization_id"))
    .where(member.c.role == _OWNER)
    .where(user.c.is_active)
    .order_by(member.c.id)
)
# Of two owners who remove each other at once, one must come second.
_locked_owners = _owners.with_for_update(of=member)


def _role(value: str) -> str:
    if value not in scopes.ROLES:
        raise ValueError(f"Choose one of {', '.join(scopes.ROLES)}.")
    return value


def _team_role(value: str) -> str:
    if value not in scopes.TEAM_ROLES:
        raise ValueError(f"Choose one of {', '.join(scopes.TEAM_ROLES)}.")
    return value


Role = Annotated[Plain, AfterValidator(_role)]


class TeamRole(Body):
    """A team and what somebody is in it; the role that the organization role gives if not said."""

    teamSlug: Plain
    role: Annotated[Plain, AfterValidator(_team_role)] | None = None


class PlaceBody(Body):
    """What somebody is in an organization; `role` and `teams` are older names."""

    orgRole: Role | None = None
    role: Role | None = None
    teamRoles: list[TeamRole] | None = None
    teams: list[Plain] | None = None

    @property
    def wanted_role(self) -> str | None:
        """The organization role that the body asks for."""
        return self.orgRole or self.role

    @property
    def wanted_teams(self) -> dict[str, str | None] | None:
        """{team slug: team role}, or None where the body says nothing of teams."""
        if self.teamRoles is not None:
            return {entry.teamSlug: entry.role for entry in self.teamRoles}
        return None if self.teams is None else dict.fromkeys(self.teams)


_FIELDS: dict[str, Match[Member]] = {
    "email": by("email"),
    "id": by("id"),
    "user.id": by("user_id"),
    "role": by("role"),
    "isInvited": by("pending"),
    "scope": lambda row, values: not scopes.role_scopes(row.role).isdisjoint(values),
}


@operation("GET", _LIST)
def list_members(call: Call) -> Reply:
    """Members and pending invitations, oldest first."""
    rows = find_members(call.services.store, call.organization.id)
    kept = filter_by_query(call, rows, _FIELDS, lambda row: (row.email, row.name))
    return paginate(call, kept, show_member)


@operation("GET", _PATH)
def read_member(call: Call) -> dict[str, Any]:
    """One member, with teams and roles; `me` is the caller. Raises NotFound."""
    return _show(call, _find(call))


@operation("PUT", _PATH)
def update_member(call: Call) -> dict[str, Any]:
    """The member as it is now: another role, other teams.

    Raises Denied, plain, for a caller who does not manage members, for a role above
    the caller's own, given or taken, and for the last owner's; Invalid for the
    caller's own role and for a team that there is not.
    """
    body = read_body(call, PlaceBody)
    found = _find(call)
    if not call.access.holds_any(MANAGERS):
        call.decision.wanted = MANAGERS
        raise Denied(rule="role")
    role = body.wanted_role or found.role
    if role != found.role:
        _check_role_change(call, found, role)
    with call.services.store.transaction() as connection:
        if role != found.role:
            _keep_an_owner(call, connection, found)
            this = member.c.id == found.id
            connection.execute(update(member).where(this).values(role=role))
        if body.wanted_teams is not None:
            save_teams(call, connection, found.id, role, body.wanted_teams)
    call.access.forget()
    return _show(call, _find(call))


@operation("DELETE", _PATH)
def remove_member(call: Call) -> Reply:
    """204. A member may leave, and take back an invitation of their own.

    Raises Denied, plain, for others who do not manage members, for a member above the
    caller, and for the last owner.
    """
    found = _find(call)
    _check_may_remove(call, found)
    with call.services.store.transaction() as connection:
        _keep_an_owner(call, connection, found)
        connection.execute(delete(member).where(member.c.id == found.id))
        if found.user_id is not None:
            # Invitations do not outlast whoever sent them.
            connection.execute(
                delete(member)
                .where(member.c.organization_id == call.organization.id)
                .where(member.c.inviter_id == found.user_id)
                .where(member.c.user_id.is_(None))
            )
    return Reply(status=204)


def save_teams(
    call: Call,
    connection: Connection,
    member_id: int,
    role: str,
    wanted: dict[str, str | None],
) -> None:
    """Puts the member into the teams `wanted` ({slug: team role}) and out of all others.

    Raises Invalid for a team that the organization does not have.
    """
    known = {
        row.slug: row.id
        for row in connection.execute(_teams, {"organization_id": call.organization.id})
    }
    if not wanted.keys() <= known.keys():
        raise Invalid(fields={"teams": ["Invalid teams"]})
    connection.execute(delete(team_member).where(team_member.c.organizationmember_id == member_id))
    for slug, team_role in wanted.items():
        connection.execute(
            insert(team_member).values(
                organizationmember_id=member_id,
                team_id=known[slug],
                role=team_role or entry_role(role),
            )
        )


def _find(call: Call) -> Member:
    named = call.parameter("member_id")
    rows = find_members(call.services.store, call.organization.id)
    if named == "me":
        wanted: Iterable[Member] = (row for row in rows if row.id == call.access.member_id)
    else:
        number = parse_id(named)
        wanted = (row for row in rows if row.id == number)
    found = next(iter(wanted), None)
    if found is None:
        raise NotFound()
    return found


def _check_role_change(call: Call, found: Member, role: str) -> None:
    allowed = allowed_roles(call.access)
    if role not in allowed or found.role not in allowed:
        raise Denied(rule="role-ceiling")
    if found.user_id is not None and found.user_id == call.caller.user_id:
        raise Invalid("You cannot make changes to your own role.")


def _check_may_remove(call: Call, found: Member) -> None:
    caller, access = call.caller, call.access
    # Leaving is the user's own decision: an agent needs the scope that removes others.
    own = found.id == access.member_id and caller.credential is not Credential.AGENT_TOKEN
    invited = found.pending and found.inviter_id is not None
    sent = invited and found.inviter_id == caller.user_id and access.holds_any({"member:invite"})
    if own or sent:
        return
    if not access.holds_any(MANAGERS):
        call.decision.wanted = MANAGERS
        raise Denied(rule="role")
    if found.role not in allowed_roles(access):
        raise Denied(rule="role-ceiling")


def _keep_an_owner(call: Call, connection: Connection, leaving: Member) -> None:
    """An organization that nobody owns could never be managed again."""
    rows = connection.execute(_locked_owners, {"organization_id": call.organization.id}).all()
    if {row.id for row in rows} == {leaving.id}:
        raise Denied(_LAST_OWNER, rule="last-owner")


def _show(call: Call, row: Member) -> dict[str, Any]:
    store = call.services.store
    teams = store.all(_teams_of, member_id=row.id)
    owners = store.all(_owners, organization_id=call.organization.id)
    return show_member(row) | {
        "teams": [team.slug for team in teams],
        "teamRoles": [{"teamSlug": team.slug, "role": team.role} for team in teams],
        "invite_link": None,
        "isOnlyOwner": [owner.id for owner in owners] == [row.id],
        "orgRoleList": show_roles(allowed_roles(call.access)),
        "teamRoleList": [
            {"id": role, "scopes": sorted(scopes.team_role_scopes(role))}
            for role in scopes.TEAM_ROLES
        ],
    }
