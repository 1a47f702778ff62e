"""The kinds of events in a transcript.

started   the scenario: id, title, who was cast for whom, the target
step      somebody does something; what follows up to the next step belongs to it
exchange  one request and its answer, or why there was none
token     a token was seen for the first time: its label, decoded header and claims
decision  a decision record of the server's audit log
check     one expectation: what was expected, what came, whether it held
remark    a sentence for the reader
picture   what a user's browser showed when the scenario had failed
ended     the outcome and its reason
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Literal

#: The purpose of an exchange that no actor of the scenario had.
BETWEEN_SERVICES = "between services"

Outcome = Literal["passed", "failed", "inconclusive", "planned"]

SERVICES = frozenset({"sentry", "seer", "mcp"})
"""Who answers, and calls others by itself."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened; `number` counts from 1 within the transcript.

    `step` is the number of the step's event to which it belongs, or None.
    """

    kind: ClassVar[str]
    number: int
    step: int | None

    def as_json(self) -> dict[str, Any]:
        """The event as plain data, which shares its lists and mappings with the event."""
        return {"kind": self.kind} | vars(self)


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """The scenario begins. `cast` maps each of its names to who or what plays it.

    `attack` is the section of that name, with the defences aimed at; None for no attack.
    """

    kind = "started"
    scenario: str
    title: str
    note: str
    target: str
    cast: dict[str, str]
    attack: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Step(Event):
    """Somebody does something. `line` is where the file says so.

    `role`: in an attack `control`, `attack`, or None for set-up.
    """

    kind = "step"
    index: int
    actor: str
    verb: str
    arguments: Any
    note: str
    line: int | None
    role: str | None


@dataclass(frozen=True, kw_only=True)
class Exchange(Event):
    """One request and its answer.

    `server` is who answered: `sentry`, `seer`, `mcp`, or `outside` for any other host. Where
    a service calls another, `actor` is that service. `purpose` tells why it was sent:
    `step` for the step itself, else a word such as `sign in`, `read before`, `read after` or
    `control`. `status` is None and `error` says why where no answer came, or where the
    request was only planned.
    """

    kind = "exchange"
    actor: str
    # Reports of the time when there was one server do not name it.
    server: str = "sentry"
    purpose: str
    method: str
    url: str
    request_headers: list[list[str]]
    request_body: str
    status: int | None
    response_headers: list[list[str]]
    response_body: str
    error: str | None


@dataclass(frozen=True, kw_only=True)
class Token(Event):
    """A JWT was seen for the first time; header and claims as its holder could read them."""

    kind = "token"
    label: str
    prefix: str
    header: Any
    claims: Any


@dataclass(frozen=True, kw_only=True)
class Decision(Event):
    """A decision record of the server, as its audit log has it."""

    kind = "decision"
    record: Any


@dataclass(frozen=True, kw_only=True)
class Check(Event):
    """One expectation. `name` is its key in the file, and says which part where it has parts."""

    kind = "check"
    name: str
    expected: Any
    came: Any
    passed: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class Remark(Event):
    """A sentence for the reader."""

    kind = "remark"
    text: str


@dataclass(frozen=True, kw_only=True)
class Picture(Event):
    """What a tab of a user's browser showed: a PNG in base64, passwords covered."""

    kind = "picture"
    actor: str
    url: str
    png: str


@dataclass(frozen=True, kw_only=True)
class Ended(Event):
    """The scenario is over; `reason` is empty when it passed.

    `verdict`: of an attack `held`, `broken` or `inconclusive`.
    """

    kind = "ended"
    outcome: Outcome
    reason: str
    verdict: str | None


_KINDS: dict[str, type[Event]] = {
    kind.kind: kind
    for kind in (Started, Step, Exchange, Token, Decision, Check, Remark, Picture, Ended)
}


def read_events(events: Iterable[dict[str, Any]]) -> list[Event]:
    """The events that `Transcript.as_json` wrote.

    Raises ValueError for what is no event.
    """
    return [_read_event(event) for event in events]


def _read_event(data: dict[str, Any]) -> Event:
    kind = _KINDS.get(str(data.get("kind")))
    if kind is None:
        raise ValueError(f"no event has the kind {data.get('kind')!r}")
    names = {field.name for field in fields(kind)}
    required = {field.name for field in fields(kind) if field.default is MISSING}
    given = data.keys() - {"kind"}
    if not required <= given <= names:
        raise ValueError(f"an event of kind {kind.kind!r} has the keys {sorted(names)}")
    return kind(**{name: data[name] for name in given})


def describe_route(exchange: Mapping[str, Any]) -> str:
    """`sentry → seer`, for the plain data of an exchange.

    Empty where somebody who is no service calls Sentry, which goes without saying.
    """
    actor, server = exchange["actor"], exchange["server"]
    if server == "sentry" and actor not in SERVICES:
        return ""
    return f"{actor} → {server}"
