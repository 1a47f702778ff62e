"""Sudo: the most dangerous actions ask for the password again.

Tokens that somebody keeps (of a user, an organization, an integration) were made
for such work and pass. An agent's token does not: what its user approved was the
agent's scopes, and no password was typed for this.
"""

from __future__ import annotations

from harness.defence import defence
from harness.sentry.call import Call
from harness.sentry.credentials.session import is_sudo
from harness.sentry.errors import Unauthenticated
from harness.sentry.principal import Credential

_KEPT = frozenset(
    {Credential.USER_TOKEN, Credential.ORGANIZATION_TOKEN, Credential.INTEGRATION_TOKEN}
)


@defence(
    "sudo.asked",
    title="The most dangerous actions ask an agent's user for the password",
    cwe=306,
    source="getsentry/sentry#118539",
)
def require_sudo(call: Call) -> None:
    """Raises Unauthenticated, with what a client needs to ask for the password."""
    caller = call.caller
    if caller.credential in _KEPT or is_sudo(caller, call.services.clock.now()):
        return
    detail = {
        "code": "sudo-required",
        "message": "Account verification required.",
        "extra": {"username": caller.email},
    }
    raise Unauthenticated(detail, rule="sudo")


@require_sudo.weakened("sudo-not-asked", title="An approved scope is enough to delete a team")
def _(call: Call) -> None:
    return None
