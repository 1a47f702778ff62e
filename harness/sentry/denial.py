"""Denials: with a challenge where an approval would help, plain where none would."""

from __future__ import annotations

from collections.abc import Iterable

from harness.defence import defence
from harness.scopes import ALL_SCOPES
from harness.sentry.agent import dialect
from harness.sentry.catalogue import Operation
from harness.sentry.errors import Denied
from harness.sentry.principal import Caller


def challenged_denial(operation: Operation, caller: Caller) -> Denied:
    """The denial of a token that carries none of the operation's scopes."""
    challenge = dialect.challenge(scopes_to_name(operation, caller))
    return Denied(rule="scope-gate", challenge=challenge)


@defence(
    "challenge.scopes",
    title="A challenge names the endpoint's scopes, never the caller's",
    cwe=200,
    source="RFC 6750 section 3",
)
def scopes_to_name(operation: Operation, caller: Caller) -> Iterable[str]:
    """The scopes that the challenge lists."""
    return operation.scopes


@scopes_to_name.weakened("held-scopes-named", title="The challenge tells what the caller holds")
def _(operation: Operation, caller: Caller) -> Iterable[str]:
    return operation.scopes | (caller.scopes or frozenset())


@scopes_to_name.weakened("all-scopes-named", title="The challenge asks for every scope there is")
def _(operation: Operation, caller: Caller) -> Iterable[str]:
    return ALL_SCOPES


@defence(
    "challenge.curable",
    title="A denial that no approval cures carries no challenge",
    cwe=451,
    source="getsentry/sentry#118539",
)
def plain_denial(rule: str) -> Denied:
    """The denial by role, organization, reach or method."""
    return Denied(rule=rule)


@plain_denial.weakened("incurable-challenged", title="Approval is asked for where it cannot help")
def _(rule: str) -> Denied:
    return Denied(rule=rule, challenge=dialect.challenge({"org:admin", "org:write"}))
