"""Members of an organization, and those who were invited, as Sentry's JSON has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from harness import scopes
from harness.sentry.access import Access
from harness.sentry.api.shapes import iso
from harness.sentry.api.users import show_user
from harness.sentry.schema import member, user
from harness.sentry.store import Store

#: Who holds one of them manages the organization's members.
MANAGERS = frozenset({"member:write", "member:admin"})

_members = (
    select(member)
    .where(member.c.organization_id == bindparam("organization_id"))
    .order_by(member.c.id)
)
_users = select(user).where(user.c.id.in_(bindparam("user_ids", expanding=True)))

_FLAGS = dict.fromkeys(
    (
        "idp:provisioned",
        "idp:role-restricted",
        "sso:linked",
        "sso:invalid",
        "member-limit:restricted",
        "partnership:restricted",
    ),
    False,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A row of `sentry_organizationmember` and who that is; `user` is None for an invitation."""

    id: int
    role: str
    email: str
    name: str
    user_id: int | None
    user: Row[Any] | None
    inviter_id: int | None
    inviter: str | None
    date_added: datetime

    @property
    def pending(self) -> bool:
        """Whether it is an invitation that nobody accepted yet."""
        return self.user is None


def find_members(store: Store, organization_id: int) -> list[Member]:
    """Who belongs to the organization, oldest first; users who are switched off do not count."""
    rows = store.recall(_members, organization_id=organization_id)
    mentioned = {row.user_id for row in rows} | {row.inviter_id for row in rows}
    ids = tuple(sorted(mentioned - {None}))
    users = {row.id: row for row in store.recall(_users, user_ids=ids)}
    found = (_describe(row, users) for row in rows)
    return [one for one in found if one.user is None or one.user.is_active]


def allowed_roles(access: Access, *, inviting: bool = False) -> tuple[str, ...]:
    """The organization roles that the caller may give and take: up to its own.

    To invite, a caller need not manage members; what no member stands behind may
    invite to the lowest role, and give no other.
    """
    if access.role is None:
        return scopes.ROLES[:1] if inviting else ()
    if not inviting and not access.holds_any(MANAGERS):
        return ()
    return scopes.ROLES[: scopes.ROLES.index(access.role) + 1]


def show_member(row: Member) -> dict[str, Any]:
    """A member in the form of lists."""
    return {
        "id": str(row.id),
        "email": row.email,
        "name": row.name,
        "user": None if row.user is None else show_user(row.user),
        "role": row.role,
        "orgRole": row.role,
        "roleName": scopes.role_name(row.role),
        "pending": row.pending,
        "expired": False,
        "flags": _FLAGS,
        "dateCreated": iso(row.date_added),
        "inviteStatus": "approved",
        "inviterName": row.inviter,
    }


def show_roles(allowed: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every organization role, and whether it is among the `allowed`."""
    return [
        {
            "id": role,
            "name": scopes.role_name(role),
            "scopes": sorted(scopes.role_scopes(role)),
            "allowed": role in allowed,
            "isAllowed": role in allowed,
            "isRetired": False,
            "is_global": scopes.is_global_role(role),
            "isGlobal": scopes.is_global_role(role),
            "isTeamRolesAllowed": True,
            "minimumTeamRole": entry_role(role),
        }
        for role in scopes.ROLES
    ]


def entry_role(role: str) -> str:
    """The team role of a member with the organization role `role` who joins a team.

    Roles that manage teams everywhere manage those they are in.
    """
    manages = "team:admin" in scopes.role_scopes(role)
    return scopes.TEAM_ROLES[-1 if manages else 0]


def _describe(row: Row[Any], users: dict[int, Row[Any]]) -> Member:
    person, inviter = users.get(row.user_id), users.get(row.inviter_id)
    email = row.email if person is None else person.email
    return Member(
        id=row.id,
        role=row.role,
        email=email,
        name=email if person is None else person.name or email,
        user_id=row.user_id,
        user=person,
        inviter_id=row.inviter_id,
        inviter=None if inviter is None else inviter.email,
        date_added=row.date_added,
    )
