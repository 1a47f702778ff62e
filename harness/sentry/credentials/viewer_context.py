"""The viewer context: the user on whose behalf the Seer service calls.

A context that does not verify, or names no user, is as if it were not there.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import bindparam, select

from harness.defence import defence
from harness.sentry.principal import Caller, Credential
from harness.sentry.schema import MAX_ID, user
from harness.sentry.services import Services
from harness.signing import verify

CONTEXT = "HTTP_X_VIEWER_CONTEXT"
SIGNATURE = "HTTP_X_VIEWER_CONTEXT_SIGNATURE"

_find = select(user.c.id, user.c.email).where(
    (user.c.id == bindparam("id")) & user.c.is_active & ~user.c.is_sentry_app
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


def _read(context: bytes, services: Services) -> Caller | None:
    try:
        claims = json.loads(context)
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    user_id, organization_id = claims.get("user_id"), claims.get("organization_id")
    if not _is_id(user_id) or not (organization_id is None or _is_id(organization_id)):
        return None
    row = services.store.one(_find, id=user_id)
    if row is None:
        return None
    return Caller(
        Credential.VIEWER_CONTEXT,
        user_id=row.id,
        email=row.email,
        organization_id=organization_id,
    )


def _is_id(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_ID
