"""What an agent does, and what comes back: the words between an agent and its driver.

    Say      a message for the user                        → None
    Search   looks in the catalogue of API operations      → Found
    Mint     a new agent token                             → Reply, as `agent/token/` answers
    Execute  calls the Sentry API                          → Reply
    Ask      asks the user to approve scopes, and waits    → Answer

An agent is untrusted: it may yield any of them with any values. Fences and caps are the
driver's.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Request:
    """A call of the Sentry API as the tool `sentry_api_execute` takes it.

    `path` begins at the root (`/api/0/…`); an agent that means harm may put anything there.
    `body` goes as JSON; None: there is none.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call. `headers` have names in lower case.

    `body` is what the JSON says, or the text of an answer that is none. `status` 0: nothing
    was sent, and `refusal` says why, in a sentence.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    refusal: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the API: the path with its parameters' names, scopes of which one will do."""

    method: str
    path: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first."""

    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user answered to an `Ask`; `reason` is a fixed word where there is one."""

    approved: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """A message for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """The tool `sentry_api_search`."""

    query: str


@dataclass(frozen=True, slots=True)
class Mint:
    """A new token for this run's session. `requested`: only these scopes; None: all there are."""

    requested: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Execute:
    """The tool `sentry_api_execute`, with a token; None: with whatever the run was handed."""

    request: Request
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """A pending input: may I have these scopes, for this request?"""

    scopes: tuple[str, ...]
    request: Request


Action: TypeAlias = Say | Search | Mint | Execute | Ask
Result: TypeAlias = Reply | Found | Answer | None
#: An agent at work. It returns when it is done.
Agent: TypeAlias = Generator[Action, Any, None]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an agent knows of its run.

    `organization` is the slug; ids are texts. `authority`: `agent token` (it mints and asks)
    or `session` (it acts with the user's whole authority, as no agent should). `credential`:
    the text of what the run was handed, which an agent that runs code can read; empty for
    nothing.
    """

    query: str
    organization: str
    organization_id: str
    user_id: str
    session: str
    authority: str = "agent token"
    credential: str = field(default="", repr=False)
