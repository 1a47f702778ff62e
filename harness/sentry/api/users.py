"""Users: as Sentry's JSON has them, and each one's own account."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import Row, bindparam, select, update

from harness.defence import defence
from harness.sentry.api.shapes import iso, letter_avatar
from harness.sentry.body import Body, Filled, read_body
from harness.sentry.call import Call, operation
from harness.sentry.errors import Denied, NotFound
from harness.sentry.route import parse_id
from harness.sentry.schema import user

_PATH = "/users/{user_id}/"

_by_id = select(user).where(user.c.id == bindparam("id"))


def show_user(row: Row[Any]) -> dict[str, Any]:
    """A row of `auth_user` as JSON."""
    return {
        "id": str(row.id),
        "name": row.name or row.username,
        "username": row.username,
        "email": row.email,
        "avatar": letter_avatar(),
        "avatarUrl": None,
        "isActive": row.is_active,
        "isSuspended": False,
        "hasPasswordAuth": row.password is not None,
        "isManaged": False,
        "isSuperuser": False,
        "isStaff": False,
        "isSentryApp": row.is_sentry_app,
        "has2fa": False,
        "canReset2fa": False,
        "lastLogin": None,
        "lastActive": None,
        "experiments": {},
        "dateJoined": iso(row.date_joined),
        "emails": [{"id": str(row.id), "email": row.email, "is_verified": True}],
    }


@operation("GET", _PATH)
def read_user(call: Call) -> dict[str, Any]:
    """The caller's account."""
    return show_user(find_self(call))


class UpdateBody(Body):
    """What users may change about themselves; each key may be left out."""

    name: Annotated[Filled, StringConstraints(max_length=200)] = ""


@operation("PUT", _PATH)
def update_user(call: Call) -> dict[str, Any]:
    """The caller's account as it is now."""
    found = find_self(call)
    body = read_body(call, UpdateBody)
    if body.model_fields_set:
        with call.services.store.transaction() as connection:
            connection.execute(update(user).where(user.c.id == found.id).values(name=body.name))
    return show_user(find_self(call))


@operation("GET", _PATH + "emails/")
def list_emails(call: Call) -> list[Any]:
    """The one address: [{"email", "isPrimary", "isVerified"}]."""
    return [{"email": find_self(call).email, "isPrimary": True, "isVerified": True}]


@operation("GET", _PATH + "regions/")
def list_regions(call: Call) -> dict[str, Any]:
    """Where the caller's organizations are: here."""
    find_self(call)
    return {"regions": [{"name": "us", "url": call.base_url}]}


def find_self(call: Call) -> Row[Any]:
    """The caller, whom the path must name: by `me` or by id.

    Raises Denied, plain, for anybody else: whether they exist is not told.
    """
    row = call.services.store.one(_by_id, id=find_named(call, call.parameter("user_id")))
    if row is None:
        raise NotFound()
    return row


@defence(
    "account.self",
    title="An account is read and changed by its own user",
    cwe=639,
    source="OWASP API1:2023",
)
def find_named(call: Call, named: str) -> int | None:
    """The id of the user that a path names, who must be the caller. Raises Denied, plain."""
    if named != "me" and parse_id(named) != call.caller.user_id:
        raise Denied(rule="account-level")
    return call.caller.user_id


@find_named.weakened("any-account-opens", title="Any account opens by its id")
def _(call: Call, named: str) -> int | None:
    return call.caller.user_id if named == "me" else parse_id(named)
