"""What is particular to this dialect of the agent flow.

Others exist, with a typed JWT that has no prefix and another challenge; what
tells them apart stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.defence import defence

#: How an agent token is recognised among bearers, before anything of it is parsed.
PREFIX = "sntryag_"
#: The one audience; a string, never a list.
AUDIENCE = "sentry-agent-api"
ALGORITHM = "HS256"
#: The feature that an organization must have on.
FEATURE = "organizations:seer-agent-token-flow"
#: Characters of an agent session id, after white space around it is trimmed.
SESSION_ID_LENGTH = 128


@defence(
    "agent-token.recognition",
    title="The prefix alone says that a bearer is an agent token",
    cwe=843,
    source="RFC 8725 section 3.11",
)
def recognise(bearer: str) -> str | None:
    """The JWT inside an agent token; None for any other bearer."""
    return bearer.removeprefix(PREFIX) if bearer.startswith(PREFIX) else None


@recognise.weakened("prefix-ignored", title="Any JWT is tried as an agent token, prefix or not")
def _(bearer: str) -> str | None:
    return bearer.removeprefix(PREFIX) if bearer.count(".") == 2 else None


@recognise.weakened("prefix-in-any-case", title="The prefix is known in capitals too")
def _(bearer: str) -> str | None:
    return bearer[len(PREFIX) :] if bearer.lower().startswith(PREFIX) else None


def wrap(jwt: str) -> str:
    """The agent token that carries `jwt`."""
    return PREFIX + jwt


def challenge(scopes: Iterable[str]) -> str:
    """The `WWW-Authenticate` value of a denied call (RFC 6750 section 3)."""
    return f'Bearer error="insufficient_scope", scope="{" ".join(sorted(scopes))}"'
