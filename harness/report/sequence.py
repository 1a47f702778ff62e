"""A scenario as a sequence: who sent what to whom in which order, and what came of it.

Only scenarios in which there is something to see have one: a request that is not simply a
person's to Sentry. People have a lane each, up to a number; the agent and the service whose
agent it is share one, unless Seer itself takes part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal
from urllib.parse import urlsplit

from harness.events import BETWEEN_SERVICES
from harness.report.parties import Parties, Party
from harness.report.steps import Event, StepView, read_steps
from harness.report.text import visible
from harness.report.wording import word_status
from harness.scenario.expectations.challenge import ChallengeError, parse_challenges
from harness.scenario.result import Result

Outcome = Literal["answered", "refused", "failed", "unanswered", "planned"]

# More people share the last lane.
_MOST_PEOPLE = 5
_PEOPLE = frozenset({"operator", "user", "attacker", "anonymous", "holder"})
# Columns of a label, a note, a name and the full text.
_LABEL, _NOTE, _NAME, _TITLE = 56, 48, 20, 400


@dataclass(frozen=True)
class Lane:
    """Where arrows begin and end; `kind` is that of a `Party`, `about` a few words or nothing."""

    name: str
    kind: str
    about: str
    title: str


@dataclass(frozen=True)
class Arrow:
    """An exchange, or several alike in a row; `sender` and `receiver` are numbers of lanes.

    `title` says in full what `label` and `notes` shorten. `place` is where the details are: the
    number of the step, counted from 1 whatever the file says, and that of the exchange in it.
    """

    place: str
    sender: int
    receiver: int
    outcome: Outcome
    label: str
    notes: tuple[str, ...]
    title: str
    aside: bool
    times: int = 1


@dataclass(frozen=True)
class Band:
    """The exchanges of one step.

    `index` is its number in the file, or empty; `role` its part in an attack, or `after`.
    """

    index: str
    action: str
    role: str
    failed: bool
    arrows: list[Arrow]


@dataclass(frozen=True)
class SequenceView:
    """The lanes from left to right, and the steps that sent something."""

    lanes: list[Lane]
    bands: list[Band]


def read_sequence(result: Result) -> SequenceView | None:
    """The sequence of a scenario; None if it needs none."""
    parties = Parties(result)
    exchanges = [event for event in result.events if event["kind"] == "exchange"]
    senders = [parties.actor(event["actor"]) for event in exchanges]
    receivers = [parties.server(event["server"]) for event in exchanges]
    if len(set(receivers)) < 2 and not any(party.stands_for_seer for party in senders):
        return None
    return _Reader(parties, [*senders, *receivers]).read(result)


class _Reader:
    def __init__(self, parties: Parties, present: Sequence[Party]) -> None:
        self._parties = parties
        self._lanes: list[Lane] = []
        self._places: dict[Party, int] = {}
        ordered = sorted(dict.fromkeys(present), key=lambda party: party.rank)
        people = [party for party in ordered if party.kind in _PEOPLE]
        alone = people if len(people) <= _MOST_PEOPLE else people[: _MOST_PEOPLE - 1]
        for party in alone:
            self._add([party], party.name, self._parties.cast.get(party.name, ""))
        self._add(people[len(alone) :], "others", f"{len(people) - len(alone)} more")
        agents = [party for party in ordered if party.stands_for_seer]
        with_seer = any(party.kind == "seer" for party in ordered)
        self._add(agents, "agent", "played by a scenario" if with_seer else "in place of Seer")
        for party in ordered[len(people) + len(agents) :]:
            self._add([party], party.name, "under test" if party.kind == "server" else "")

    def _add(self, parties: Sequence[Party], name: str, about: str) -> None:
        if not parties:
            return
        title = "; ".join(f"{party.name}: {party.about}" for party in parties)
        self._places |= dict.fromkeys(parties, len(self._lanes))
        self._lanes.append(
            Lane(
                shorten(_plain(name), _NAME),
                parties[0].kind,
                shorten(_plain(about), _NAME + 4),
                shorten(_plain(title), _TITLE),
            )
        )

    def read(self, result: Result) -> SequenceView:
        bands = []
        for position, view in enumerate(read_steps(result), 1):
            arrows = _join(self._arrows(view, position))
            if arrows:
                step = view.step or {}
                bands.append(
                    Band(
                        index=str(step.get("index", "")),
                        action=_plain(view.action),
                        role=_plain(step.get("role") or ("after" if view.afterwards else "")),
                        failed=bool(view.failed),
                        arrows=arrows,
                    )
                )
        return SequenceView(self._lanes, bands)

    def _arrows(self, view: StepView, position: int) -> Iterator[Arrow]:
        number = 0
        for index, event in enumerate(view.events):
            if event["kind"] == "exchange":
                number += 1
                tokens = _leading_tokens(view.events[index + 1 :])
                yield self._arrow(event, f"{position}.{number}", tokens)

    def _arrow(self, exchange: Event, place: str, tokens: Sequence[str]) -> Arrow:
        sender = self._parties.actor(exchange["actor"])
        receiver = self._parties.server(exchange["server"])
        method, answer = _plain(exchange["method"]), _answer(exchange)
        challenge = word_challenge(exchange)
        # That it is between services the arrow itself says.
        plain = exchange["purpose"] in ("step", BETWEEN_SERVICES)
        aside = "" if plain else _plain(exchange["purpose"])
        notes = [f"◆ {challenge}"] if challenge else []
        notes += [f"● new: {token}" for token in tokens]
        full = f"{sender.name} to {receiver.name}: {method} {_place(exchange)} → {answer}"
        phrase = word_status(exchange["status"])
        told = [f"{full} {phrase}".strip(), aside, challenge, *(f"new: {one}" for one in tokens)]
        method = shorten(method, 10)
        end = shorten(f" → {answer}", 16) + (f" · {shorten(aside, 14)}" if aside else "")
        path = shorten(_place(exchange, query=False), _LABEL - len(method) - len(end) - 1)
        return Arrow(
            place=place,
            sender=self._places[sender],
            receiver=self._places[receiver],
            outcome=_outcome(exchange),
            label=f"{method} {path}{end}",
            notes=tuple(shorten(note, _NOTE) for note in notes),
            title=shorten("; ".join(_plain(part) for part in told if part), _TITLE),
            aside=bool(aside),
        )


def shorten(text: str, most: int) -> str:
    """`text` in at most so many characters; what is left out is from before its end."""
    if len(text) <= most:
        return text
    kept = max(most - 1, 2)
    head = kept // 3
    return f"{text[:head]}…{text[head - kept :]}"


def _join(arrows: Iterator[Arrow]) -> list[Arrow]:
    """Arrows that look alike, one after another, as one."""
    joined: list[Arrow] = []
    for arrow in arrows:
        last = joined[-1] if joined else None
        if last is not None and _look(last) == _look(arrow):
            joined[-1] = replace(last, times=last.times + 1)
        else:
            joined.append(arrow)
    return joined


def _look(arrow: Arrow) -> tuple[object, ...]:
    who = arrow.title.partition(":")[0]
    return who, arrow.receiver, arrow.outcome, arrow.label, arrow.notes


def _leading_tokens(events: Sequence[Event]) -> list[str]:
    """The labels of the tokens that come first: those that the event before them showed."""
    tokens = takewhile(lambda event: event["kind"] == "token", events)
    return [_plain(token["label"]).strip("<>") for token in tokens]


def _outcome(exchange: Event) -> Outcome:
    status = exchange["status"]
    if status is None:
        return "planned" if exchange["error"] == "planned" else "unanswered"
    if status < 400:
        return "answered"
    return "refused" if status < 500 else "failed"


def _answer(exchange: Event) -> str:
    if exchange["status"] is not None:
        return str(exchange["status"])
    return "planned" if exchange["error"] == "planned" else "no answer"


def _place(exchange: Event, *, query: bool = True) -> str:
    """The path, with its query or a sign that there is one; before it a host outside."""
    address = urlsplit(exchange["url"])
    asked = (f"?{address.query}" if query else "?…") if address.query else ""
    host = address.netloc if exchange["server"] == "outside" else ""
    return _plain(f"{host}{address.path or '/'}{asked}")


def word_challenge(exchange: Event) -> str:
    """What the `response_headers` of a refusal ask for, in words; empty where they ask nothing."""
    names = ((name.lower(), value) for name, value in exchange["response_headers"])
    for name, value in names:
        if name == "www-authenticate":
            return _plain(f"challenge {_asked(value)}")
    return ""


def _asked(header: str) -> str:
    try:
        challenges = parse_challenges(header)
    except ChallengeError:
        return "that cannot be read"
    first = challenges[0].parameters if challenges else {}
    if scope := first.get("scope"):
        return scope
    return first.get("error") or (challenges[0].scheme if challenges else "that is empty")


def _plain(text: str) -> str:
    """`text` in one line, as it can be shown."""
    return " ".join(visible(text).split())
