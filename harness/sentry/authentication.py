"""Which credential a request showed, and whom it resolves to.

Order: `Authorization`, then the viewer context, then the session. A present
`Authorization` header is never passed over, whatever stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Request

from harness.defence import defence
from harness.sentry.agent import dialect
from harness.sentry.credentials import (
    agent_token,
    integration_token,
    organization_token,
    session,
    user_token,
    viewer_context,
)
from harness.sentry.errors import NOT_PROVIDED, Denied, Unauthenticated
from harness.sentry.principal import ANONYMOUS, Caller, Credential
from harness.sentry.route import Route, parse_id
from harness.sentry.services import Services

_AUTHORIZATION = "HTTP_AUTHORIZATION"

#: Those who look at bearers. Each takes its own prefix and leaves the others'.
BEARERS = (
    user_token.authenticate,
    integration_token.authenticate,
    organization_token.authenticate,
    agent_token.authenticate,
)

# RFC 6750 section 2.1; two headers joined by a server hold a space or a comma, and so do not match.
_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)

# For a weakened form: where proxies that authenticate put the user.
_PROXY_HEADERS = ("X-Forwarded-User", "X-Remote-User", "X-User-Id", "X-Auth-Request-User")

#: The answer to an approval that does not come from the user's own session alone.
NOT_FROM_SESSION = "Approval must be performed from a user session."


@defence(
    "authentication.precedence",
    title="A present Authorization header is the credential, good or bad",
    cwe=287,
    source="RFC 9110 section 11.6.2",
)
def authenticate(request: Request, services: Services, route: Route) -> Caller:
    """The caller of `request`; ANONYMOUS where it shows no credential.

    Raises Unauthenticated for a bad one, Denied for a session's write without CSRF token.
    """
    authorization = request.environ.get(_AUTHORIZATION)
    if authorization is not None:
        return _read_authorization(authorization, services, route)
    return (
        viewer_context.authenticate(request.environ, services)
        or session.authenticate(request, services)
        or ANONYMOUS
    )


@authenticate.weakened("bad-bearer-passed-over", title="A cookie answers for a bearer that failed")
def _(request: Request, services: Services, route: Route) -> Caller:
    try:
        return authenticate.sound(request, services, route)
    except Unauthenticated:
        caller = session.authenticate(request, services)
        if caller is None:
            raise
        return caller


@authenticate.weakened(
    "other-scheme-passed-over", title="A cookie answers for an Authorization of another scheme"
)
def _(request: Request, services: Services, route: Route) -> Caller:
    if request.environ.get(_AUTHORIZATION, "bearer").lower().startswith("bearer"):
        return authenticate.sound(request, services, route)
    return session.authenticate(request, services) or authenticate.sound(request, services, route)


@authenticate.weakened("cookie-before-bearer", title="A cookie counts more than the bearer with it")
def _(request: Request, services: Services, route: Route) -> Caller:
    return session.authenticate(request, services) or authenticate.sound(request, services, route)


@authenticate.weakened(
    "viewer-context-before-bearer", title="A viewer context counts more than the bearer with it"
)
def _(request: Request, services: Services, route: Route) -> Caller:
    seen = viewer_context.authenticate(request.environ, services)
    return seen or authenticate.sound(request, services, route)


@authenticate.weakened(
    "cookie-before-viewer-context", title="A cookie counts more than the viewer context with it"
)
def _(request: Request, services: Services, route: Route) -> Caller:
    if _AUTHORIZATION in request.environ:
        return authenticate.sound(request, services, route)
    return session.authenticate(request, services) or authenticate.sound(request, services, route)


@authenticate.weakened("token-in-url-accepted", title="A token in the URL counts as a header")
def _(request: Request, services: Services, route: Route) -> Caller:
    token = request.args.get("access_token")
    if token is None or _AUTHORIZATION in request.environ:
        return authenticate.sound(request, services, route)
    return _read_authorization(f"Bearer {token}", services, route)


@authenticate.weakened("identity-header-trusted", title="A proxy's header says who calls")
def _(request: Request, services: Services, route: Route) -> Caller:
    for name in _PROXY_HEADERS:
        if (user_id := parse_id(request.headers.get(name, ""))) is not None:
            return Caller(Credential.SESSION, user_id=user_id)
    return authenticate.sound(request, services, route)


@defence(
    "approval.first-party",
    title="Only the user's own session approves, with no other credential beside it",
    cwe=863,
    source="getsentry/sentry#118539",
)
def authenticate_first_party(request: Request, services: Services, route: Route) -> Caller:
    """The user of `request`'s session, which must be the only credential shown.

    A header that names another credential is refused before anything else is
    looked at, valid or not. Raises Denied.
    """
    if shows_other_credential(request.environ):
        raise Denied(NOT_FROM_SESSION, rule="approval-from-session")
    caller = session.authenticate(request, services)
    if caller is None:
        raise Denied(NOT_PROVIDED, rule="approval-from-session")
    return caller


def _approve_with(kind: Credential) -> Callable[..., Caller]:
    def approve(request: Request, services: Services, route: Route) -> Caller:
        if shows_other_credential(request.environ):
            caller = authenticate.sound(request, services, route)
            if caller.credential is kind:
                return replace(caller, scopes=None)
        return authenticate_first_party.sound(request, services, route)

    return approve


for _id, _title, _kind in (
    ("agent-approves", "An agent approves its own request", Credential.AGENT_TOKEN),
    ("viewer-context-approves", "The Seer service approves for a user", Credential.VIEWER_CONTEXT),
    ("user-token-approves", "A user token approves", Credential.USER_TOKEN),
):
    authenticate_first_party.weakened(_id, title=_title)(_approve_with(_kind))


@authenticate_first_party.weakened(
    "cookie-beside-bearer-approves", title="A session approves, whatever is sent beside it"
)
def _(request: Request, services: Services, route: Route) -> Caller:
    caller = session.authenticate(request, services)
    return caller or authenticate_first_party.sound(request, services, route)


def shows_other_credential(environ: dict[str, Any]) -> bool:
    """Whether any header of a credential other than the session is there at all."""
    return any(
        name in environ
        for name in (_AUTHORIZATION, viewer_context.CONTEXT, viewer_context.SIGNATURE)
    )


@defence(
    "authentication.header",
    title="One Authorization header, one bearer, nothing beside it",
    cwe=444,
    source="RFC 6750 section 2.1",
)
def parse_bearer(value: str) -> str:
    """The bearer of an Authorization header. Raises Unauthenticated."""
    matched = _BEARER.fullmatch(value)
    if matched is None:
        raise _refuse_header(value)
    return matched[1]


@parse_bearer.weakened("last-bearer-taken", title="Of two Authorization headers the last counts")
def _(value: str) -> str:
    found: list[str] = _BEARER.findall(value)
    return found[-1] if found else parse_bearer.sound(value)


@parse_bearer.weakened(
    "first-bearer-taken", title="What comes after the first bearer is passed over"
)
def _(value: str) -> str:
    matched = _BEARER.match(value)
    return matched[1] if matched else parse_bearer.sound(value)


def _refuse_header(value: str) -> Unauthenticated:
    """A malformed agent token is a bad agent token: it gets their one answer."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "bearer" and dialect.recognise(rest.lstrip(" ")) is not None:
        return agent_token.refuse("malformed", rest)
    return Unauthenticated("Invalid token header", rule="authorization-header")


def _read_authorization(value: str, services: Services, route: Route) -> Caller:
    bearer = parse_bearer(value)
    for read in BEARERS:
        caller = read(bearer, services, route)
        if caller is not None:
            return caller
    raise Unauthenticated("Invalid token", rule="token", reason="unknown-kind")
