"""Agent tokens as a credential: who may still use one, on each use.

Whatever is wrong, the caller hears one sentence. The log hears a fixed word and ids.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Row, bindparam, exists, literal, select, true

from harness.defence import defence
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import Claims, NotServed, TokenError
from harness.sentry.agent.grant import GrantKey, read_granted
from harness.sentry.errors import Unauthenticated
from harness.sentry.principal import Caller, Credential, Membership
from harness.sentry.route import Route
from harness.sentry.schema import feature, member, organization, user
from harness.sentry.services import Services

_log = logging.getLogger("harness.sentry.agent")

#: The one answer to every bad agent token.
INVALID = "Invalid agent token"

_of_user = (
    organization,
    user.c.is_active.label("user_is_active"),
    user.c.email.label("user_email"),
    exists()
    .where(feature.c.organization_id == organization.c.id)
    .where(feature.c.name == dialect.FEATURE)
    .label("feature_is_on"),
)
# Member, user, organization and feature in one reading: this runs on every call of an agent.
_find = (
    select(*_of_user, member.c.id.label("member_id"), member.c.role.label("member_role"))
    .select_from(
        member.join(user, user.c.id == member.c.user_id).join(
            organization, organization.c.id == member.c.organization_id
        )
    )
    .where(member.c.user_id == bindparam("user_id"))
    .where(member.c.organization_id == bindparam("organization_id"))
)
# For a weakened form: a user and an organization that have nothing to do with each other.
_find_anyway = (
    select(*_of_user, literal(0).label("member_id"), literal("owner").label("member_role"))
    .select_from(user.join(organization, true()))
    .where(user.c.id == bindparam("user_id"))
    .where(organization.c.id == bindparam("organization_id"))
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
        row = find_member(claims, services)
        check_active(row, claims)
        check_feature(row, claims)
    except TokenError as error:
        raise refuse(error.reason, bearer, error.claims) from None
    return Caller(
        Credential.AGENT_TOKEN,
        user_id=claims.user_id,
        email=row.user_email,
        scopes=held_by_token(claims, services),
        organization_id=claims.organization_id,
        agent_session=claims.session_id,
        membership=Membership(row, row.member_id, row.member_role),
    )


def refuse(reason: str, bearer: str, claims: Claims | None = None) -> Unauthenticated:
    """The error for a bad agent token: opaque to the caller, `reason` and ids for the log."""
    log_refusal(reason, bearer, claims)
    error = Unauthenticated(describe_refusal(reason), rule="agent-token", reason=reason)
    error.by = (claims.user_id, claims.session_id) if claims else None
    return error


@defence(
    "agent-token.fixed-scopes",
    title="A token carries what it was minted with, and never grows",
    cwe=269,
    source="getsentry/sentry#118539",
)
def held_by_token(claims: Claims, services: Services) -> frozenset[str]:
    """The scopes that cap the caller."""
    return claims.scopes


@held_by_token.weakened("token-grows", title="An approval widens the tokens that are out already")
def _(claims: Claims, services: Services) -> frozenset[str]:
    key = GrantKey(claims.organization_id, claims.user_id, claims.session_id)
    return claims.scopes | read_granted(services.store, key, services.clock.now())


@defence(
    "agent-token.membership",
    title="The user of a token is a member of its organization on each use",
    cwe=613,
    source="getsentry/sentry#118539",
)
def find_member(claims: Claims, services: Services) -> Row[Any]:
    """Member, user, organization and feature of the claims. Raises NotServed."""
    rows = services.store.recall(
        _find, user_id=claims.user_id, organization_id=claims.organization_id
    )
    if not rows:
        raise NotServed("not-a-member", claims)
    return rows[0]


@find_member.weakened("removed-member-served", title="A token outlives its user's membership")
def _(claims: Claims, services: Services) -> Row[Any]:
    values = {"user_id": claims.user_id, "organization_id": claims.organization_id}
    rows = services.store.all(_find, **values) or services.store.all(_find_anyway, **values)
    if not rows:
        raise NotServed("not-a-member", claims)
    return rows[0]


@defence(
    "agent-token.active-user",
    title="The user of a token is active on each use",
    cwe=613,
    source="getsentry/sentry#118539",
)
def check_active(row: Row[Any], claims: Claims) -> None:
    """Raises NotServed for a user who was switched off."""
    if not row.user_is_active:
        raise NotServed("inactive-user", claims)


@check_active.weakened("inactive-user-served", title="A token outlives its user's account")
def _(row: Row[Any], claims: Claims) -> None:
    return None


@defence(
    "agent-token.feature",
    title="The feature is on for the organization on each use",
    cwe=613,
    source="getsentry/sentry#118539",
)
def check_feature(row: Row[Any], claims: Claims) -> None:
    """Raises NotServed where the agent flow was switched off."""
    if not row.feature_is_on:
        raise NotServed("feature-off", claims)


@check_feature.weakened("feature-off-served", title="Switching the flow off leaves tokens alive")
def _(row: Row[Any], claims: Claims) -> None:
    return None


@defence(
    "agent-token.opaque",
    title="Whatever is wrong with an agent token, the caller hears one sentence",
    cwe=209,
    source="RFC 6750 section 3.1",
)
def describe_refusal(reason: str) -> str:
    """What the caller is told."""
    return INVALID


@describe_refusal.weakened("refusal-explained", title="A refused caller is told what was wrong")
def _(reason: str) -> str:
    return f"{INVALID}: {reason}"


@defence(
    "logs.agent-token",
    title="The log has ids and a reason, never a token or a part of one",
    cwe=532,
    source="getsentry/sentry#118539",
)
def log_refusal(reason: str, bearer: str, claims: Claims | None) -> None:
    """Leaves a line in the server's log."""
    _log.info(
        "agent_token.refused reason=%s user_id=%s organization_id=%s",
        reason,
        claims and claims.user_id,
        claims and claims.organization_id,
    )


@log_refusal.weakened("refused-token-logged", title="A refused token stands in the log")
def _(reason: str, bearer: str, claims: Claims | None) -> None:
    _log.info("agent_token.refused reason=%s token=%s", reason, bearer)


@log_refusal.weakened("refused-token-hinted", title="The end of a refused token stands in the log")
def _(reason: str, bearer: str, claims: Claims | None) -> None:
    _log.info("agent_token.refused reason=%s token=…%s", reason, bearer[-12:])
