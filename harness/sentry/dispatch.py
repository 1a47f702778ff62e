"""The way of an API call: route, credential, gate, objects, handler, decision record.

Each step either lets the call on or raises an ApiError, which becomes the answer.
Nothing is written to the store before the handler runs, so a denial stores nothing.
"""

from __future__ import annotations

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from harness.defence import defence
from harness.sentry import evidence, objects
from harness.sentry.access import resolve_access
from harness.sentry.agent.grant import GrantKey, merge_grant
from harness.sentry.audit import Decision
from harness.sentry.authentication import authenticate, authenticate_first_party
from harness.sentry.call import HANDLERS, Call, Reply
from harness.sentry.catalogue import BASIC, FIRST_PARTY, Catalogue, Operation
from harness.sentry.errors import ApiError, Invalid, NotFound
from harness.sentry.gate import find_operation, judge
from harness.sentry.principal import ANONYMOUS, Caller, Credential
from harness.sentry.route import Route
from harness.sentry.services import Services

# RFC 9110 section 9.1 and RFC 5789; a record has no word of the caller's own.
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)

# Of the answers that are errors, those that say "not you" or "not here".
_DENIALS = frozenset({401, 403, 404, 405})


def answer(request: Request, path: str, services: Services, catalogue: Catalogue) -> Response:
    """The response to a call of `path` (below /api/0, from its first slash)."""
    matched = catalogue.match(path)
    if matched is None:
        return respond(Reply(NotFound().body, 404))
    route = Route(*matched)
    method = request.method if request.method in _METHODS else "OTHER"
    decision = Decision(services.clock.now(), method, route.template)
    try:
        reply = _play(request, route, services, decision)
        decision.allowed = True
    except ApiError as error:
        reply = refuse(services, decision, error)
        if error.by is not None:
            decision.touch_flow().by = error.by
    except HTTPException as error:
        # The framework's own: a body that is too large.
        detail, status = error.description or error.name, error.code or 400
        reply = refuse(services, decision, Invalid(detail, status=status))
    decision.status = reply.status
    evidence.describe(decision, request, route, services)
    services.audit.add(decision)
    return respond(reply)


def respond(reply: Reply) -> Response:
    """A reply on the wire."""
    response = Response(reply.encode(), reply.status, mimetype="application/json")
    forbid_caching(response)
    for name, value in reply.headers.items():
        response.headers[name] = value
    for cookie in reply.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


@defence(
    "answer.uncached",
    title="No answer of the API is kept by a cache",
    cwe=525,
    source="RFC 6750 section 5.3",
)
def forbid_caching(response: Response) -> None:
    """Marks the answer."""
    response.headers["Cache-Control"] = "no-store"


@forbid_caching.weakened("answers-cached", title="Caches on the way keep what a token opened")
def _(response: Response) -> None:
    return None


@defence(
    "denial.stores-nothing",
    title="A denial stores nothing",
    cwe=636,
    source="getsentry/sentry#118539",
)
def refuse(services: Services, decision: Decision, error: ApiError) -> Reply:
    """The answer to a call that is not let on, and what the record says of it."""
    decision.rule, decision.reason = error.rule, error.reason
    decision.allowed = error.status not in _DENIALS
    return Reply(error.body, error.status, error.headers)


@refuse.weakened("denial-stored", title="What an agent was denied waits as a grant")
def _(services: Services, decision: Decision, error: ApiError) -> Reply:
    place, user_id, session_id = decision.organization_id, decision.user_id, decision.agent_session
    if error.rule == "scope-gate" and place and user_id and session_id:
        now = services.clock.now()
        key = GrantKey(place, user_id, session_id)
        until = now + services.settings.grant_lifetime
        merge_grant(services.store, services.rendezvous, key, decision.wanted, now, until)
    return refuse.sound(services, decision, error)


def _play(request: Request, route: Route, services: Services, decision: Decision) -> Reply:
    found = find_operation(route.endpoint, request.method)
    caller = _identify(request, route, found, services)
    describe_caller(decision, caller)
    if caller.credential is Credential.AGENT_TOKEN:
        decision.home = caller.organization_id
    decision.wanted = found.scopes if found else frozenset()
    operation = judge(route, request.method, caller, services)
    call = Call(services, request, route, operation, caller, decision)
    decision.rule = "scope-gate" if caller.is_token else "authentication"
    if route.organization is not None:
        organization = objects.find_organization(services.store, caller, route.organization)
        decision.organization_id = organization.id
        call.access = resolve_access(services, caller, organization, route)
        decision.held = call.access.scopes
        decision.rule = "role"
        objects.load(call)
    # Looked up by the catalogue's own path: HEAD is answered by what GET does.
    handler = HANDLERS.get((operation.method, operation.template))
    if handler is None:
        raise NotFound(rule="not-served")
    _check_query(request)
    services.rendezvous.reach("call.allowed")
    result = handler(call)
    return result if isinstance(result, Reply) else Reply(result)


def _check_query(request: Request) -> None:
    """No database takes a NUL in a value. Raises Invalid."""
    if b"%00" in request.query_string or b"\0" in request.query_string:
        raise Invalid("Null characters are not allowed in the query string.")


def _identify(
    request: Request, route: Route, operation: Operation | None, services: Services
) -> Caller:
    demand = None if operation is None else operation.demand
    if demand == FIRST_PARTY:
        return authenticate_first_party(request, services, route)
    if demand == BASIC:
        # Its `Authorization` header is the operation's own to judge.
        return ANONYMOUS
    return authenticate(request, services, route)


@defence(
    "audit.attribution",
    title="What an agent does is put down to its user and to the agent",
    cwe=778,
    source="getsentry/sentry#120172",
)
def describe_caller(decision: Decision, caller: Caller) -> None:
    decision.credential = caller.credential.value
    decision.user_id = caller.user_id
    decision.agent_session = caller.agent_session
    decision.held = caller.scopes or frozenset()
    if caller.credential is not Credential.SESSION:
        decision.organization_id = caller.organization_id


@describe_caller.weakened("agent-not-named", title="An agent's actions look like its user's own")
def _(decision: Decision, caller: Caller) -> None:
    describe_caller.sound(decision, caller)
    decision.agent_session = None


@describe_caller.weakened("agent-acts-for-nobody", title="An agent's actions are nobody's")
def _(decision: Decision, caller: Caller) -> None:
    describe_caller.sound(decision, caller)
    if caller.agent_session is not None:
        decision.user_id = decision.agent_session = None
