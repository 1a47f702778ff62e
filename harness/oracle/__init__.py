"""What a call must be answered, from facts alone: an opinion to compare a server with.

Everything is a pure function of who calls, with what, on what. It reads the facts of
`fixtures/roles.yaml` and `fixtures/operations.yaml` for itself and shares no code with
the mock's gate: two that agree have come to the same answer by two ways.

    judge(method, path, caller, place, target) -> Verdict
    mintable(caller, role, granted, requested), grantable(role, requested) -> scopes

The order is that of the design: who is it (401), may this credential try the operation
(403, with a challenge where other scopes would help), is it there (404), is it the
caller's (403), and last what an operation asks beyond its scopes.
"""

from harness.oracle.facts import operations, read_only, role_scopes
from harness.oracle.judgement import grantable, judge, mintable
from harness.oracle.parties import (
    AGENT_EXCEPTIONS,
    ALLOWED,
    DENIED,
    HIDDEN,
    UNAUTHENTICATED,
    Caller,
    Kind,
    Outcome,
    Place,
    Target,
    Verdict,
)

__all__ = [
    "AGENT_EXCEPTIONS",
    "ALLOWED",
    "DENIED",
    "HIDDEN",
    "UNAUTHENTICATED",
    "Caller",
    "Kind",
    "Outcome",
    "Place",
    "Target",
    "Verdict",
    "grantable",
    "judge",
    "mintable",
    "operations",
    "read_only",
    "role_scopes",
]
