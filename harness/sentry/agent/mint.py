"""Mint: a token for an agent that works for a user. It stores nothing and only narrows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import bindparam, select

from harness import scopes
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import Claims
from harness.sentry.agent.grant import GrantKey, read_granted
from harness.sentry.agent.session_id import SessionId
from harness.sentry.agent.token import encode
from harness.sentry.body import Body, read_body
from harness.sentry.call import Call, operation
from harness.sentry.errors import Denied, Invalid, NotFound
from harness.sentry.principal import USERS
from harness.sentry.schema import feature

_feature = (
    select(feature.c.id)
    .where(feature.c.organization_id == bindparam("organization_id"))
    .where(feature.c.name == bindparam("name"))
)


class MintBody(Body):
    """Identity and organization come from the request itself; a body cannot name them."""

    sessionId: SessionId
    requestedScopes: Annotated[list[str], Field(default_factory=list)]


@operation("POST", "/organizations/{organization_id_or_slug}/agent/token/")
def mint(call: Call) -> dict[str, Any]:
    """{"token", "expiresAt": ISO 8601, "scopes": [sorted]}.

    Raises NotFound without the feature, Denied without a user, Invalid for the
    body, and Invalid with status 503 where no secret is configured.
    """
    require_feature(call)
    user_id = call.caller.user_id
    if call.caller.credential not in USERS or user_id is None:
        raise Denied("Minting requires a user principal.", rule="principal")
    body = read_body(call, MintBody, nested=True)
    if not call.services.settings.secret:
        raise Invalid("Agent tokens are not configured.", status=503, rule="no-secret")
    key = GrantKey(call.organization.id, user_id, body.sessionId)
    requested = body.requestedScopes if "requestedScopes" in body.model_fields_set else None
    claims = narrow(call, key, requested)
    call.decision.rule = "mint"
    return {
        "token": encode(claims, call.services.settings.secret),
        "expiresAt": datetime.fromtimestamp(claims.expires_at, UTC).isoformat(),
        "scopes": sorted(claims.scopes),
    }


def narrow(call: Call, key: GrantKey, requested: Iterable[str] | None) -> Claims:
    """The claims of a new token: the caller's scopes, cut down three times.

    They are the role's, capped by the credential; of those what reads or was
    granted; of those what was requested, where anything was.
    """
    now = call.services.clock.now()
    granted = read_granted(call.services.store, key, now)
    held = call.access.scopes & (scopes.READ_ONLY | granted)
    if requested is not None:
        held &= frozenset(requested)
    issued_at = int(now.timestamp())
    lifetime = int(call.services.settings.token_lifetime.total_seconds())
    return Claims(
        user_id=key.user_id,
        organization_id=key.organization_id,
        scopes=held,
        session_id=key.session_id,
        issued_at=issued_at,
        expires_at=issued_at + lifetime,
    )


def require_feature(call: Call) -> None:
    """Raises NotFound where the organization has the agent flow switched off."""
    if not has_feature(call, dialect.FEATURE):
        raise NotFound(rule="feature")


def has_feature(call: Call, name: str) -> bool:
    """Whether the feature `name` is on for the organization that the path names."""
    return bool(
        call.services.store.recall(_feature, organization_id=call.organization.id, name=name)
    )
