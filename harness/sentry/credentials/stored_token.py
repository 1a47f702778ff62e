"""Bearers that are kept in the database, as the SHA-256 of their text."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from harness.defence import defence
from harness.sentry.errors import Unauthenticated
from harness.sentry.schema import api_token, organization, user
from harness.sentry.store import Store

_find = (
    select(
        api_token.c.user_id,
        api_token.c.organization_id,
        api_token.c.scope_list,
        api_token.c.expires_at,
        user.c.is_active,
        user.c.email,
        organization.c.slug.label("organization_slug"),
    )
    .select_from(
        api_token.outerjoin(user, user.c.id == api_token.c.user_id).outerjoin(
            organization, organization.c.id == api_token.c.organization_id
        )
    )
    .where(api_token.c.hashed_token == bindparam("hashed_token"))
    .where(api_token.c.kind == bindparam("kind"))
)


def digest(secret: str) -> str:
    """The form in which a bearer or a session key is stored: 64 hexadecimal digits.

    Both are long and random, so a fast hash leaves nothing to guess.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def read_token(store: Store, kind: str, bearer: str, now: datetime) -> Row[Any]:
    """The stored token of `kind` that `bearer` is.

    Raises Unauthenticated where there is none, it expired, or its user is inactive.
    """
    rows = store.recall(_find, kind=kind, hashed_token=digest(bearer))
    if not rows:
        raise Unauthenticated("Invalid token", rule="token", reason="unknown-token")
    row = rows[0]
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthenticated("Token expired", rule="token", reason="expired")
    check_active(row)
    return row


@defence(
    "stored-token.active-user",
    title="The user of a stored token is active on each use",
    cwe=613,
    source="CWE-613",
)
def check_active(row: Row[Any]) -> None:
    """Raises Unauthenticated for a user who was switched off; an organization has none."""
    if row.user_id is not None and not row.is_active:
        raise Unauthenticated("User inactive or deleted", rule="token", reason="inactive-user")


@check_active.weakened("inactive-user-token-served", title="User tokens outlive their account")
def _(row: Row[Any]) -> None:
    return None
