"""The viewer context: the user on whose behalf the Seer service calls.

A context that does not verify, or names no user, is as if it were not there.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, bindparam, select

from harness.defence import defence
from harness.sentry.principal import Caller, Credential
from harness.sentry.schema import MAX_ID, user
from harness.sentry.services import Services
from harness.signing import sign, verify

CONTEXT = "HTTP_X_VIEWER_CONTEXT"
SIGNATURE = "HTTP_X_VIEWER_CONTEXT_SIGNATURE"

_find = select(user.c.id, user.c.email, user.c.is_active).where(
    (user.c.id == bindparam("id")) & ~user.c.is_sentry_app
)


def authenticate(environ: dict[str, Any], services: Services) -> Caller | None:
    """The user whom a verified viewer context names; None for anything less."""
    context, signature = environ.get(CONTEXT), environ.get(SIGNATURE)
    if context is None or signature is None:
        return None
    # WSGI hands header bytes over as Latin-1 text: this gives back the bytes received.
    received = context.encode("latin-1", errors="replace")
    if not is_signed(services.settings.secret, received, signature):
        return None
    return _read(received, services)


@defence(
    "viewer-context.signature",
    title="A viewer context is signed with the shared secret, over the bytes received",
    cwe=345,
    source="getsentry/sentry#112844",
)
def is_signed(secret: str, context: bytes, signature: str) -> bool:
    """Whether the signature is that of the context."""
    return verify(secret, context, signature)


@is_signed.weakened("viewer-context-unsigned", title="A viewer context needs no signature")
def _(secret: str, context: bytes, signature: str) -> bool:
    return True


@is_signed.weakened("viewer-context-without-secret", title="With no secret every context is signed")
def _(secret: str, context: bytes, signature: str) -> bool:
    return is_signed.sound(secret, context, signature) if secret else True


@is_signed.weakened(
    "viewer-context-rewritten", title="A context is verified as it would be written again"
)
def _(secret: str, context: bytes, signature: str) -> bool:
    try:
        again = json.dumps(json.loads(context), separators=(",", ":"))
    except (ValueError, RecursionError):
        return False
    return is_signed.sound(secret, again.encode(), signature)


@is_signed.weakened(
    "viewer-signature-cut-short", title="A context's signature is compared as far as it goes"
)
def _(secret: str, context: bytes, signature: str) -> bool:
    return bool(secret) and sign(secret, context).startswith(signature)


def _read(context: bytes, services: Services) -> Caller | None:
    try:
        claims = json.loads(context)
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    named = claims.get("organization_id")
    user_id = read_id(claims.get("user_id"))
    organization_id = None if named is None else read_id(named)
    # An organization that cannot be read is not the same as none: that would open all.
    if user_id is None or (named is not None and organization_id is None):
        return None
    row = services.store.one(_find, id=user_id)
    if row is None or not is_active(row):
        return None
    return Caller(
        Credential.VIEWER_CONTEXT,
        user_id=row.id,
        email=row.email,
        organization_id=organization_id,
    )


@defence(
    "viewer-context.ids",
    title="The ids of a viewer context are integers",
    cwe=843,
    source="getsentry/sentry#112844",
)
def read_id(value: object) -> int | None:
    """The id that `value` is; None for any other type, bool included."""
    # bool is an int in Python, and True would be user 1.
    return value if type(value) is int and 0 <= value <= MAX_ID else None


@read_id.weakened("viewer-context-coerced", title="Whatever converts to a number is an id")
def _(value: object) -> int | None:
    try:
        return read_id.sound(int(value)) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None


@defence(
    "viewer-context.active-user",
    title="The user of a viewer context is active on each use",
    cwe=613,
    source="getsentry/sentry#112844",
)
def is_active(row: Row[Any]) -> bool:
    """Whether the user whom a context names may still act."""
    return bool(row.is_active)


@is_active.weakened("inactive-viewer-served", title="Seer acts for accounts that were switched off")
def _(row: Row[Any]) -> bool:
    return True
