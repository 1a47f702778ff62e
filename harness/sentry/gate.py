"""The scope gate: it judges a token before any organization or object is looked up.

It reads what the token carries and what the endpoint demands, and nothing else,
so an answer of its discloses nothing about what exists (RFC 6750 section 3.1).
"""

from __future__ import annotations

from harness.sentry.agent import dialect
from harness.sentry.catalogue import ACCOUNT, BASIC, FIRST_PARTY, OPEN, Endpoint, Operation
from harness.sentry.errors import Denied, MethodNotAllowed, Unauthenticated
from harness.sentry.principal import Caller, Credential


def pass_gate(endpoint: Endpoint, method: str, caller: Caller) -> Operation:
    """The operation of `method`, when `caller` may try it.

    Raises Unauthenticated for nobody, Denied for a token (with a challenge only
    where other scopes would help), MethodNotAllowed for a user with no token.
    """
    operation = endpoint.find(method)
    if operation is not None and operation.demand in (OPEN, BASIC):
        return operation
    if caller.credential is Credential.NONE:
        raise Unauthenticated(rule="authentication")
    if operation is None:
        if caller.is_token:
            raise Denied(rule="method")
        raise MethodNotAllowed(method, sorted(endpoint.operations))
    _check_demand(operation, caller)
    return operation


def _check_demand(operation: Operation, caller: Caller) -> None:
    if operation.demand in (ACCOUNT, FIRST_PARTY):
        if not _opens_account(operation, caller):
            raise Denied(rule="account-level")
    elif caller.scopes is not None and caller.scopes.isdisjoint(operation.scopes):
        raise Denied(rule="scope-gate", challenge=dialect.challenge(operation.scopes))
    elif not operation.organization and _is_bound_elsewhere(operation, caller):
        raise Denied(rule="account-level")


def _opens_account(operation: Operation, caller: Caller) -> bool:
    if caller.credential is Credential.USER_TOKEN and caller.scopes is not None:
        return not caller.scopes.isdisjoint(operation.scopes)
    return caller.credential is Credential.SESSION


#: Endpoints outside of an organization that show an agent what belongs to its own.
_FILTERED = frozenset({"/organizations/", "/projects/"})


def _is_bound_elsewhere(operation: Operation, caller: Caller) -> bool:
    """An agent stays in its organization: what stands outside of one is not for it."""
    return caller.credential is Credential.AGENT_TOKEN and operation.template not in _FILTERED
