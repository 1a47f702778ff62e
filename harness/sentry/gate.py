"""The scope gate: it judges a token before any organization or object is looked up.

It reads what the token carries and what the endpoint demands, and nothing else,
so an answer of its discloses nothing about what exists (RFC 6750 section 3.1).
"""

from __future__ import annotations

from flask import request

from harness.defence import defence
from harness.sentry import objects
from harness.sentry.access import suffices
from harness.sentry.catalogue import ACCOUNT, BASIC, FIRST_PARTY, OPEN, Endpoint, Operation
from harness.sentry.denial import challenged_denial, plain_denial
from harness.sentry.errors import MethodNotAllowed, Unauthenticated
from harness.sentry.principal import Caller, Credential
from harness.sentry.route import Route
from harness.sentry.services import Services

#: Endpoints outside of an organization that show an agent what belongs to its own.
_FILTERED = frozenset({"/organizations/", "/projects/"})

_APPROVAL = "/organizations/{organization_id_or_slug}/agent/approve/"


@defence(
    "gate.method",
    title="An operation is reached by its own method",
    cwe=650,
    source="RFC 9110 section 9.2.1",
)
def find_operation(endpoint: Endpoint, method: str) -> Operation | None:
    """What answers `method`; None where nothing does."""
    return endpoint.find(method)


@find_operation.weakened("approval-by-get", title="A link approves: GET does what POST does")
def _(endpoint: Endpoint, method: str) -> Operation | None:
    asked = "POST" if endpoint.template == _APPROVAL and method == "GET" else method
    return find_operation.sound(endpoint, asked)


@find_operation.weakened("method-overridden", title="A header or the query names another method")
def _(endpoint: Endpoint, method: str) -> Operation | None:
    named = request.headers.get("X-HTTP-Method-Override") or request.args.get("_method") or method
    return find_operation.sound(endpoint, named.upper())


@defence(
    "gate.first",
    title="The gate stands before anything is looked up",
    cwe=203,
    source="getsentry/sentry#118539",
)
def judge(route: Route, method: str, caller: Caller, services: Services) -> Operation:
    """The operation that `caller` may try. Raises as `pass_gate` does."""
    return pass_gate(route.endpoint, method, caller)


@judge.weakened("existence-first", title="The organization is looked up before the gate judges")
def _(route: Route, method: str, caller: Caller, services: Services) -> Operation:
    if route.organization is not None and caller.is_token:
        objects.find_organization(services.store, caller, route.organization)
    return judge.sound(route, method, caller, services)


def pass_gate(endpoint: Endpoint, method: str, caller: Caller) -> Operation:
    """The operation of `method`, when `caller` may try it.

    Raises Unauthenticated for nobody, Denied for a token (with a challenge only
    where other scopes would help), MethodNotAllowed for a user with no token.
    """
    operation = find_operation(endpoint, method)
    if operation is not None and operation.demand in (OPEN, BASIC):
        return operation
    if caller.credential is Credential.NONE:
        raise Unauthenticated(rule="authentication")
    if operation is None:
        if caller.is_token:
            raise plain_denial("method")
        raise MethodNotAllowed(method, sorted(endpoint.operations))
    if operation.demand != FIRST_PARTY:
        check_account(operation, caller)
        _check_scopes(operation, caller)
    return operation


def _check_scopes(operation: Operation, caller: Caller) -> None:
    if operation.demand == ACCOUNT or caller.scopes is None:
        return
    if not suffices(caller.scopes, operation.scopes):
        raise challenged_denial(operation, caller)


@defence(
    "gate.account",
    title="What belongs to an account rather than an organization is not for tokens",
    cwe=863,
    source="getsentry/sentry#118539",
)
def check_account(operation: Operation, caller: Caller) -> None:
    """Raises Denied, plain, for a credential that stays within organizations."""
    if operation.demand == ACCOUNT:
        within = _opens_account(operation, caller)
    else:
        within = operation.organization or operation.template in _FILTERED
        within = within or caller.credential is not Credential.AGENT_TOKEN
    if not within:
        raise plain_denial("account-level")


@check_account.weakened("account-open-to-agents", title="An agent acts on its user's account")
def _(operation: Operation, caller: Caller) -> None:
    if caller.credential is not Credential.AGENT_TOKEN:
        check_account.sound(operation, caller)


@check_account.weakened("account-open-to-services", title="Seer acts on its user's account")
def _(operation: Operation, caller: Caller) -> None:
    if caller.credential is not Credential.VIEWER_CONTEXT:
        check_account.sound(operation, caller)


def _opens_account(operation: Operation, caller: Caller) -> bool:
    if caller.credential is Credential.USER_TOKEN and caller.scopes is not None:
        return not caller.scopes.isdisjoint(operation.scopes)
    return caller.credential is Credential.SESSION
