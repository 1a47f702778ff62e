"""What one agent session left behind, put together from three logs.

`records` are Sentry's decision records, `entries` those of Seer's audit log, `exchanges` what
passed between services: as their control APIs tell them. A server of another make may lack
parts of them; what is not there says nothing. Of exchanges, which have credentials in them,
nothing is kept but that there were some.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import unquote

Record: TypeAlias = Mapping[str, Any]
Source = Literal["record", "entry", "exchange"]
Kind = Literal["call", "mint", "approval", "answer"]

_AGENT: Final = "/organizations/{organization_id_or_slug}/agent"
_SEER: Final = "/organizations/{organization_id_or_slug}/seer"
#: The routes at which an agent's session is opened, widened, or answered about.
_KINDS: Final[dict[tuple[str, str], Kind]] = {
    ("POST", f"{_AGENT}/token/"): "mint",
    ("POST", f"{_AGENT}/approve/"): "approval",
    ("POST", f"{_AGENT}/revoke/"): "answer",
    ("POST", f"{_SEER}/explorer-update/{{run_id}}/"): "answer",
}
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN = re.compile(r"sntry(?:ag|u)_[\w.-]*")
_INSIDE = re.compile(r"/api/0/[ -\[\]-~]*", re.ASCII)
#: What Seer's log has in the place of a run's token.
_MASK: Final = "[token]"


@dataclass(frozen=True, slots=True)
class Ref:
    """Where something is written: the number in its log, and what the log has there."""

    source: Source
    number: int
    shown: Record = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.source} {self.number}"


@dataclass(frozen=True, slots=True)
class Act:
    """One decision record, as far as it says something about an agent.

    `challenged`: the scopes of which any one would have opened what was denied, empty for no
    challenge. `asked` and `given`: scopes, or None where nothing is said. `by_agent`: the
    caller showed an agent token; `shown`: what stood beside a refused approval. `about`: the
    session that a mint, an approval or an answer is for.
    """

    ref: Ref
    kind: Kind
    method: str
    route: str
    status: int
    allowed: bool
    rule: str
    reason: str
    by_agent: bool
    challenged: frozenset[str] = frozenset()
    about: str | None = None
    asked: frozenset[str] | None = None
    given: frozenset[str] | None = None
    expires: datetime | None = None
    time: datetime | None = None
    shown: str | None = None
    exposed: tuple[str, ...] = ()
    named: str | None = None

    @property
    def operation(self) -> str:
        """Method and route. A record has no more of a path, and the gate looks at no more."""
        return f"{self.method} {self.route}"

    @property
    def reads(self) -> bool:
        """Whether the method only reads."""
        return self.method in _READS

    @property
    def minted(self) -> bool:
        """Whether a token came of it."""
        return self.kind == "mint" and self.given is not None

    @property
    def approved(self) -> bool:
        """Whether scopes were granted by it."""
        return self.kind == "approval" and self.given is not None

    @property
    def refused_by_user(self) -> bool:
        """Whether it is a no: a rejection, or an approval of which nothing could be granted."""
        if self.kind == "answer":
            return self.reason.startswith("reject")
        return self.kind == "approval" and self.rule == "grantable"


@dataclass(frozen=True, slots=True)
class Trace:
    """One entry of Seer's audit log about a run: what its agent did or was kept from.

    `status`: the answer to what was sent, 0 for nothing.
    """

    ref: Ref
    kind: str
    name: str
    allowed: bool
    rule: str
    status: int = 0

    @property
    def strays(self) -> bool:
        """Whether the tool refused it, and it leads out of the API: not only an odd path in it."""
        path = unquote(unquote(self.name.partition(" ")[2].partition("?")[0]))
        inside = bool(_INSIDE.fullmatch(path)) and ".." not in path.split("/")
        return self.rule == "other-host" and not inside

    @property
    def has_token(self) -> bool:
        """Whether a token of the run's was in the request."""
        return _MASK in self.name


@dataclass(frozen=True, slots=True)
class Leak:
    """An exchange that left the services, and whether a token was in it."""

    ref: Ref
    has_token: bool


@dataclass
class Case:
    """An agent session: `acts`, `traces` and `leaks`, each in the order of its log."""

    session: str
    user: str | None
    acts: list[Act] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)

    @property
    def calls(self) -> list[Act]:
        """What the agent called with its token, or with one that was refused."""
        return [act for act in self.acts if act.kind == "call"]


def gather(
    records: Iterable[Record], entries: Iterable[Record] = (), exchanges: Iterable[Record] = ()
) -> list[Case]:
    """The sessions in which an agent did something, in the order in which they began."""
    cases: dict[tuple[str | None, str], Case] = {}
    loose: list[Act] = []
    for record in _in_order(records):
        found = _whose(record)
        if found is None:
            continue
        act = _read_act(record)
        if found[0] is None and not act.by_agent:
            loose.append(act)
            continue
        cases.setdefault(found, Case(found[1], found[0])).acts.append(act)
    for act in loose:
        _put_loose(act, cases)
    for entry in _in_order(entries):
        if entry.get("run") is not None and entry.get("kind") in ("tool", "ask", "mint", "run"):
            key = _text(entry.get("user")), f"explorer-{entry['run']}"
            cases.setdefault(key, Case(key[1], key[0])).traces.append(_read_trace(entry))
    for exchange in _in_order(exchanges):
        if exchange.get("sender") == "seer" and exchange.get("server") == "outside":
            _put_leak(exchange, cases.values())
    return [case for case in cases.values() if _is_of_agent(case)]


def _in_order(log: Iterable[Record]) -> list[Record]:
    return sorted(
        (one for one in log if type(one.get("id")) is int), key=lambda one: int(one["id"])
    )


def _whose(record: Record) -> tuple[str | None, str] | None:
    """User and session that a record belongs to; None where it is about no agent."""
    flow = _part(record, "flow")
    by = _part(flow, "by")
    agent = _part(record, "agent")
    if agent.get("session") is not None:
        return _text(record.get("user")), str(agent["session"])
    if by.get("session") is not None:
        return _text(by.get("user")), str(by["session"])
    if flow.get("session") is not None:
        return _text(record.get("user")), str(flow["session"])
    return None


def _put_loose(act: Act, cases: Mapping[tuple[str | None, str], Case]) -> None:
    """What nobody's credential came with belongs to every session of the name."""
    for case in cases.values():
        if case.session == act.about:
            case.acts.append(act)
            case.acts.sort(key=lambda one: one.ref.number)


def _put_leak(exchange: Record, cases: Iterable[Case]) -> None:
    """To the session that its token names; without one that can be read, to all of Seer's."""
    parts = (exchange.get("url"), exchange.get("request_headers"), exchange.get("request_body"))
    text = json.dumps(parts)
    token = _TOKEN.search(text)
    session = _session_in(token[0]) if token else None
    where = {"to": "outside", "method": exchange.get("method"), "token": token is not None}
    leak = Leak(Ref("exchange", int(exchange["id"]), where), token is not None)
    for case in cases:
        if session == case.session or (session is None and case.session.startswith("explorer-")):
            case.leaks.append(leak)


def _session_in(token: str) -> str | None:
    """The session that an agent token names; its signature is nobody's business here."""
    payload = token.partition(".")[2].partition(".")[0]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return None
    session = claims.get("sid") if isinstance(claims, dict) else None
    return session if isinstance(session, str) else None


def _is_of_agent(case: Case) -> bool:
    did = any(act.by_agent or act.kind == "mint" or act.shown for act in case.acts)
    return did or bool(case.traces)


def _read_act(record: Record) -> Act:
    flow = _part(record, "flow")
    method, route = str(record.get("method")), str(record.get("route"))
    rule = str(record.get("rule") or "")
    denied = record.get("decision") == "deny"
    by_agent = bool(_part(record, "agent").get("session") or _part(flow, "by"))
    # An agent that answers for its user gives no answer: it tries a call.
    kind = _KINDS.get((method, route), "call")
    gate = denied and by_agent and rule == "scope-gate"
    return Act(
        ref=Ref("record", int(record["id"]), record),
        kind="call" if kind == "answer" and by_agent else kind,
        method=method,
        route=route,
        status=record["status"] if type(record.get("status")) is int else 0,
        allowed=not denied,
        rule=rule,
        reason=str(record.get("reason") or ""),
        by_agent=by_agent,
        challenged=frozenset(_words(record.get("wanted")) or ()) if gate else frozenset(),
        about=_text(flow.get("session")),
        asked=_words(flow.get("asked")),
        given=_words(flow.get("given")),
        expires=_time(flow.get("expires")),
        time=_time(record.get("time")),
        shown=_text(flow.get("shown")),
        exposed=tuple(map(str, record.get("exposed") or ())),
        named=_text(record.get("named")),
    )


def _read_trace(entry: Record) -> Trace:
    return Trace(
        ref=Ref("entry", int(entry["id"]), entry),
        kind=str(entry["kind"]),
        name=str(entry.get("name")),
        allowed=entry.get("decision") == "allow",
        rule=str(entry.get("rule") or ""),
        status=entry["status"] if type(entry.get("status")) is int else 0,
    )


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _words(value: Any) -> frozenset[str] | None:
    return frozenset(map(str, value)) if isinstance(value, list) else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo else None


def find_kept(case: Case, status: int) -> list[Trace]:
    """Repetitions that Seer's tool kept from Sentry, of requests last answered by `status`."""
    answered: dict[str, int] = {}
    kept = []
    for trace in case.traces:
        if trace.status:
            answered[trace.name] = trace.status
        elif trace.rule == "denied-before" and answered.get(trace.name) == status:
            kept.append(trace)
    return kept


def read_acts(case: Case) -> Iterator[Act]:
    """The acts that are the agent's own: not what its user approved, answered or rejected."""
    return (act for act in case.acts if act.kind in ("call", "mint") or act.shown or act.by_agent)
