"""What a decision record says beyond the decision, so that an agent can be judged by it.

Words, ids and known scopes: nothing that was sent stands in a record as it was sent, but for
an agent's session id.
"""

from __future__ import annotations

import json
from typing import Any, Final

from flask import Request
from pydantic import TypeAdapter, ValidationError
from werkzeug.exceptions import HTTPException

from harness.scopes import ALL_SCOPES
from harness.sentry import objects
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import Claims, TokenError
from harness.sentry.agent.session_id import SessionId
from harness.sentry.audit import Decision
from harness.sentry.credentials import viewer_context
from harness.sentry.errors import NotFound
from harness.sentry.principal import ANONYMOUS
from harness.sentry.route import Route
from harness.sentry.services import Services

_AGENT: Final = "/organizations/{organization_id_or_slug}/agent"
#: Where a body names a session and scopes: what the scopes stand under.
_NAMED: Final = {f"{_AGENT}/token/": "requestedScopes", f"{_AGENT}/approve/": "scopes"}
_APPROVE: Final = f"{_AGENT}/approve/"
# How the tokens begin that a user or their agent holds.
_BEGINNINGS: Final = (b"sntryag_", b"sntryu_")
_KINDS: Final = {
    "sntryag_": "agent_token",
    "sntryu_": "user_token",
    "sntrys_": "organization_token",
    "sntryi_": "integration_token",
}

_session_id: TypeAdapter[str] = TypeAdapter(SessionId)


def describe(decision: Decision, request: Request, route: Route, services: Services) -> None:
    """Adds to the record of a request that was answered; raises nothing."""
    body = _body_of(request)
    decision.exposed = tuple(_find_exposed(request, body))
    decision.named = _name_other(decision, route, services)
    key = _NAMED.get(route.template)
    if key is not None and request.method == "POST":
        _describe_flow(decision, body, key)
        if route.template == _APPROVE and not decision.allowed:
            _describe_refused(decision, request, services)


def _body_of(request: Request) -> bytes:
    try:
        return request.get_data(cache=True)
    except HTTPException:
        # Larger than is read.
        return b""


def _find_exposed(request: Request, body: bytes) -> list[str]:
    places = {
        "query": request.query_string,
        "path": request.path.encode(errors="replace"),
        "body": body,
    }
    return [
        place
        for place, data in places.items()
        if any(beginning in data for beginning in _BEGINNINGS)
    ]


def _name_other(decision: Decision, route: Route, services: Services) -> str | None:
    """The other organization that an agent's request named; None where it named its own."""
    if decision.home is None or route.organization is None:
        return None
    try:
        found = objects.find_organization(services.store, ANONYMOUS, route.organization)
    except NotFound:
        return "unknown"
    return None if found.id == decision.home else str(found.id)


def _describe_flow(decision: Decision, body: bytes, key: str) -> None:
    flow = decision.touch_flow()
    said = _read(body)
    try:
        flow.session = _session_id.validate_python(said.get("sessionId"), strict=True)
    except ValidationError:
        flow.session = None
    asked = said.get(key)
    if isinstance(asked, list):
        flow.asked = ALL_SCOPES & {scope for scope in asked if isinstance(scope, str)}


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _describe_refused(decision: Decision, request: Request, services: Services) -> None:
    """With what somebody tried to approve, and whose agent it was if the token says so."""
    flow = decision.touch_flow()
    authorization = request.environ.get("HTTP_AUTHORIZATION")
    if authorization is None:
        headers = (viewer_context.CONTEXT, viewer_context.SIGNATURE)
        flow.shown = "viewer_context" if any(h in request.environ for h in headers) else None
        return
    bearer = authorization.partition(" ")[2].strip()
    flow.shown = next(
        (kind for beginning, kind in _KINDS.items() if bearer.startswith(beginning)), "other"
    )
    encoded = dialect.recognise(bearer)
    if encoded is None:
        return
    claims: Claims | None
    try:
        claims = services.verifier.verify(bearer, encoded, services.clock.timestamp())
    except TokenError as error:
        claims = error.claims
    flow.by = (claims.user_id, claims.session_id) if claims else None
