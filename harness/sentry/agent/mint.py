"""Mint: a token for an agent that works for a user. It stores nothing and only narrows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import bindparam, select

from harness import scopes
from harness.defence import defence
from harness.sentry.access import Access
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import Claims
from harness.sentry.agent.grant import GrantKey, read_granted
from harness.sentry.agent.session_id import SessionId
from harness.sentry.agent.token import encode
from harness.sentry.body import Body, read_body, read_object
from harness.sentry.call import Call, operation
from harness.sentry.errors import Denied, Invalid, NotFound
from harness.sentry.principal import USERS, Caller, Credential
from harness.sentry.route import parse_id
from harness.sentry.schema import feature
from harness.sentry.settings import Settings

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
    check_mint_feature(call)
    user_id = find_principal(call.caller)
    body = read_body(call, MintBody, nested=True)
    if not call.services.settings.secret:
        raise Invalid("Agent tokens are not configured.", status=503, rule="no-secret")
    key = identify(call, user_id, body.sessionId)
    requested = body.requestedScopes if "requestedScopes" in body.model_fields_set else None
    claims = narrow(call, key, requested)
    expires_at = datetime.fromtimestamp(claims.expires_at, UTC)
    call.decision.rule = "mint"
    flow = call.decision.touch_flow()
    flow.given, flow.expires = scopes.ALL_SCOPES & claims.scopes, expires_at
    return {
        "token": encode(claims, call.services.settings.secret),
        "expiresAt": expires_at.isoformat(),
        "scopes": sorted(claims.scopes),
    }


def narrow(call: Call, key: GrantKey, requested: Iterable[str] | None) -> Claims:
    """The claims of a new token: the caller's scopes, cut down three times.

    They are the role's, capped by the credential; of those what reads or was
    granted; of those what was requested, where anything was.
    """
    now = call.services.clock.now()
    call.services.rendezvous.reach("grant.read")
    granted = read_granted(call.services.store, key, now)
    held = held_by_caller(call.access) & (held_by_default() | granted)
    if requested is not None:
        held = cut_to_request(held, frozenset(requested))
    issued_at = int(now.timestamp())
    lifetime = int(find_lifetime(call.services.settings).total_seconds())
    return Claims(
        user_id=key.user_id,
        organization_id=key.organization_id,
        scopes=held,
        session_id=key.session_id,
        issued_at=issued_at,
        expires_at=issued_at + lifetime,
    )


@defence(
    "mint.lifetime",
    title="A token lives for minutes",
    cwe=613,
    source="getsentry/sentry#118539",
)
def find_lifetime(settings: Settings) -> timedelta:
    """How long a token is good for."""
    return settings.token_lifetime


@find_lifetime.weakened("token-for-a-day", title="A token lives for a day")
def _(settings: Settings) -> timedelta:
    return timedelta(days=1)


@defence(
    "mint.feature",
    title="Nothing is minted where the flow is switched off",
    cwe=863,
    source="getsentry/sentry#118539",
)
def check_mint_feature(call: Call) -> None:
    """Raises NotFound where the organization has the agent flow switched off."""
    require_feature(call)


@check_mint_feature.weakened("mint-without-feature", title="Tokens are minted with the flow off")
def _(call: Call) -> None:
    return None


@defence(
    "mint.identity",
    title="A token is for whoever asks and where the path says, whatever the body says",
    cwe=639,
    source="getsentry/sentry#118539",
)
def identify(call: Call, user_id: int, session_id: str) -> GrantKey:
    """Organization, user and session of the token to be."""
    return GrantKey(call.organization.id, user_id, session_id)


@identify.weakened("mint-for-named-user", title="The body says whom a token is for")
def _(call: Call, user_id: int, session_id: str) -> GrantKey:
    named = _read_id(call, "userId", "user_id")
    return GrantKey(call.organization.id, user_id if named is None else named, session_id)


@identify.weakened("mint-in-named-organization", title="The body says where a token is good")
def _(call: Call, user_id: int, session_id: str) -> GrantKey:
    named = _read_id(call, "organizationId", "organization_id")
    return GrantKey(call.organization.id if named is None else named, user_id, session_id)


@defence(
    "mint.principal",
    title="Only for a user is an agent token minted, never by an agent",
    cwe=269,
    source="getsentry/sentry#118539",
)
def find_principal(caller: Caller) -> int:
    """The id of the user whom the agent is to work for. Raises Denied."""
    if caller.credential not in USERS or caller.user_id is None:
        raise Denied("Minting requires a user principal.", rule="principal")
    return caller.user_id


@find_principal.weakened("agent-mints", title="An agent mints its own next token")
def _(caller: Caller) -> int:
    if caller.credential is Credential.AGENT_TOKEN and caller.user_id is not None:
        return caller.user_id
    return find_principal.sound(caller)


@find_principal.weakened("integration-mints", title="An integration mints for its proxy user")
def _(caller: Caller) -> int:
    if caller.credential is Credential.INTEGRATION_TOKEN and caller.user_id is not None:
        return caller.user_id
    return find_principal.sound(caller)


@defence(
    "mint.caller",
    title="A token never exceeds the credential that it was minted with",
    cwe=269,
    source="getsentry/sentry#118539",
)
def held_by_caller(access: Access) -> frozenset[str]:
    """The caller's scopes: the role's, capped by the credential."""
    return access.scopes


@held_by_caller.weakened("caller-cap-ignored", title="A narrow user token mints with the role")
def _(access: Access) -> frozenset[str]:
    return scopes.role_scopes(access.role) if access.role else access.scopes


@held_by_caller.weakened("role-cap-ignored", title="A grant gives what the user's role does not")
def _(access: Access) -> frozenset[str]:
    return scopes.ALL_SCOPES


@defence(
    "mint.read-only",
    title="Without a grant a token only reads",
    cwe=276,
    source="getsentry/sentry#118539",
)
def held_by_default() -> frozenset[str]:
    """What every agent token may carry."""
    return scopes.READ_ONLY


@held_by_default.weakened("releases-by-default", title="Every agent may write releases")
def _() -> frozenset[str]:
    return scopes.READ_ONLY | {"project:releases"}


@defence(
    "mint.request",
    title="A request narrows a token, and never widens it",
    cwe=269,
    source="RFC 6749 section 3.3",
)
def cut_to_request(held: frozenset[str], requested: frozenset[str]) -> frozenset[str]:
    """What of `held` was asked for."""
    return held & requested


@cut_to_request.weakened("request-widens", title="Whatever a mint asks for, it gets")
def _(held: frozenset[str], requested: frozenset[str]) -> frozenset[str]:
    return requested


@cut_to_request.weakened("request-ignored", title="A token has more than its mint asked for")
def _(held: frozenset[str], requested: frozenset[str]) -> frozenset[str]:
    return held


@cut_to_request.weakened("empty-request-ignored", title="To ask for nothing is to ask for all")
def _(held: frozenset[str], requested: frozenset[str]) -> frozenset[str]:
    return held & requested if requested else held


def _read_id(call: Call, *names: str) -> int | None:
    """For weakened forms: the id that the query or the body has under one of `names`."""
    said = read_object(call.request) | call.request.args.to_dict()
    return next((parse_id(str(said[name])) for name in names if name in said), None)


def require_feature(call: Call) -> None:
    """Raises NotFound where the organization has the agent flow switched off."""
    if not has_feature(call, dialect.FEATURE):
        raise NotFound(rule="feature")


def has_feature(call: Call, name: str) -> bool:
    """Whether the feature `name` is on for the organization that the path names."""
    return bool(
        call.services.store.recall(_feature, organization_id=call.organization.id, name=name)
    )
