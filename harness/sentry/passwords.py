"""Checking a password, without telling by time or words whether the user exists."""

from __future__ import annotations

from functools import cache

from sqlalchemy import bindparam, func, select
from werkzeug.security import check_password_hash, generate_password_hash

from harness.defence import defence
from harness.sentry.schema import user
from harness.sentry.store import Store

# A world's passwords are random and long, so nothing is gained by a slow hash.
METHOD = "scrypt:1024:8:1"

#: The one answer to every failed sign-in.
WRONG = "Invalid username/password."

_find = select(user.c.id, user.c.password).where(
    (func.lower(user.c.email) == bindparam("name")) & user.c.is_active & ~user.c.is_sentry_app
)


@defence(
    "login.uniform",
    title="A failed sign-in does not tell whether the user exists",
    cwe=204,
    source="OWASP Authentication",
)
def describe_failure(store: Store, username: str) -> str:
    """What somebody is told whose name or password was wrong."""
    return WRONG


@describe_failure.weakened("unknown-user-told", title="A failed sign-in says which part was wrong")
def _(store: Store, username: str) -> str:
    return WRONG if store.one(_find, name=username.lower()) else "There is no such user."


def check_password(store: Store, username: str, password: str) -> int | None:
    """The id of the active user whose email and password these are; None otherwise."""
    row = store.one(_find, name=username.strip().lower().replace("\0", ""))
    if row is None or row.password is None:
        # As much work as for somebody who exists.
        check_password_hash(_nobody(), password)
        return None
    return row.id if check_password_hash(row.password, password) else None


@cache
def _nobody() -> str:
    return generate_password_hash("nobody signs in with this", method=METHOD)
