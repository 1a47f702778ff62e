"""Inviting somebody to an organization."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, or_, select

from harness import scopes
from harness.sentry.api.conflicts import refuse_conflict
from harness.sentry.api.fields import Email
from harness.sentry.api.member_summaries import (
    MANAGERS,
    allowed_roles,
    find_members,
    show_member,
)
from harness.sentry.api.members import PlaceBody, save_teams
from harness.sentry.body import read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Denied, Invalid
from harness.sentry.principal import Credential
from harness.sentry.schema import member, team, team_member, user

_existing = (
    select(member.c.user_id)
    .select_from(member.outerjoin(user, user.c.id == member.c.user_id))
    .where(member.c.organization_id == bindparam("organization_id"))
    .where(
        or_(
            member.c.email == bindparam("email"),
            func.lower(user.c.email) == bindparam("email"),
        )
    )
)
_own_teams = (
    select(team.c.slug)
    .select_from(team_member.join(team, team.c.id == team_member.c.team_id))
    .where(team_member.c.organizationmember_id == bindparam("member_id"))
)


class InviteBody(PlaceBody):
    """Whom to invite, and as what: the lowest role and no team, if not said."""

    email: Email
    sendInvite: bool = True
    reinvite: bool = False


@operation("POST", "/organizations/{organization_id_or_slug}/members/")
def invite_member(call: Call) -> Reply:
    """201 with the invitation: a member without a user, pending.

    Raises Denied, plain, for a role above the caller's own, and where the organization
    leaves inviting to those who manage members; Invalid for somebody who is a member
    or was invited, for a team that there is not, and, of those who do not manage
    members of an organization with closed membership, for a team that they are not in.
    """
    body = read_body(call, InviteBody)
    _check_may_invite(call)
    role = body.wanted_role or scopes.ROLES[0]
    if role not in allowed_roles(call.access, inviting=True):
        raise Denied(rule="role-ceiling")
    teams = body.wanted_teams or {}
    _check_teams(call, teams)
    said = f"The user {body.email} has already been invited"
    invited = Invalid(fields={"email": [said]})
    whom = {"organization_id": call.organization.id, "email": body.email}
    with refuse_conflict(invited), call.services.store.transaction() as connection:
        standing = connection.execute(_existing, whom).first()
        if standing is not None and standing.user_id is not None:
            raise Invalid(fields={"email": [f"The user {body.email} is already a member"]})
        if standing is not None:
            raise invited
        row = connection.execute(
            insert(member)
            .values(
                **whom,
                role=role,
                inviter_id=_inviter(call),
                date_added=call.services.clock.now(),
            )
            .returning(member.c.id)
        ).one()
        # The team roles that the body asks for are not given: nobody has accepted yet.
        save_teams(call, connection, row.id, role, dict.fromkeys(teams))
    found = find_members(call.services.store, call.organization.id)
    return Reply(show_member(next(one for one in found if one.id == row.id)), 201)


def _check_may_invite(call: Call) -> None:
    allowed = call.organization.options.get("allowMemberInvite", True)
    if not allowed and not call.access.holds_any(MANAGERS):
        call.decision.wanted = MANAGERS
        raise Denied(rule="role")


def _check_teams(call: Call, teams: dict[str, str | None]) -> None:
    access = call.access
    if not teams or access.is_global or access.holds_any(MANAGERS):
        return
    own = call.services.store.all(_own_teams, member_id=access.member_id)
    if not teams.keys() <= {row.slug for row in own}:
        raise Invalid("You cannot assign members to teams you are not a member of.")


def _inviter(call: Call) -> int | None:
    """The person who invites: an integration's proxy user is none."""
    caller = call.caller
    return None if caller.credential is Credential.INTEGRATION_TOKEN else caller.user_id
