"""Agent tokens as a credential: who may still use one, on each use.

Whatever is wrong, the caller hears one sentence. The log hears a fixed word and ids.
"""

from __future__ import annotations

import logging

from sqlalchemy import bindparam, exists, select

from harness.sentry.agent import dialect
from harness.sentry.agent.claims import Claims, TokenError
from harness.sentry.errors import Unauthenticated
from harness.sentry.principal import Caller, Credential, Membership
from harness.sentry.route import Route
from harness.sentry.schema import feature, member, organization, user
from harness.sentry.services import Services

_log = logging.getLogger("harness.sentry.agent")

#: The one answer to every bad agent token.
INVALID = "Invalid agent token"

# Member, user, organization and feature in one reading: this runs on every call of an agent.
_find = (
    select(
        organization,
        member.c.id.label("member_id"),
        member.c.role.label("member_role"),
        user.c.is_active.label("user_is_active"),
        user.c.email.label("user_email"),
        exists()
        .where(feature.c.organization_id == organization.c.id)
        .where(feature.c.name == dialect.FEATURE)
        .label("feature_is_on"),
    )
    .select_from(
        member.join(user, user.c.id == member.c.user_id).join(
            organization, organization.c.id == member.c.organization_id
        )
    )
    .where(member.c.user_id == bindparam("user_id"))
    .where(member.c.organization_id == bindparam("organization_id"))
)


def authenticate(bearer: str, services: Services, route: Route) -> Caller | None:
    """The user and the agent behind `bearer`, in its one organization; None for another kind.

    The user must exist, be active and be a member still, and the feature on.
    Raises Unauthenticated, always with the same words.
    """
    encoded = dialect.recognise(bearer)
    if encoded is None:
        return None
    try:
        claims = services.verifier.verify(bearer, encoded, services.clock.timestamp())
    except TokenError as error:
        raise refuse(error.reason) from None
    return _find_caller(claims, services)


def _find_caller(claims: Claims, services: Services) -> Caller:
    rows = services.store.recall(
        _find, user_id=claims.user_id, organization_id=claims.organization_id
    )
    if not rows:
        raise refuse("not-a-member", claims)
    row = rows[0]
    if not row.user_is_active:
        raise refuse("inactive-user", claims)
    if not row.feature_is_on:
        raise refuse("feature-off", claims)
    return Caller(
        Credential.AGENT_TOKEN,
        user_id=claims.user_id,
        email=row.user_email,
        scopes=claims.scopes,
        organization_id=claims.organization_id,
        agent_session=claims.session_id,
        membership=Membership(row, row.member_id, row.member_role),
    )


def refuse(reason: str, claims: Claims | None = None) -> Unauthenticated:
    """The error for a bad agent token: opaque to the caller, `reason` and ids for the log."""
    _log.info(
        "agent_token.refused reason=%s user_id=%s organization_id=%s",
        reason,
        claims and claims.user_id,
        claims and claims.organization_id,
    )
    return Unauthenticated(INVALID, rule="agent-token", reason=reason)
