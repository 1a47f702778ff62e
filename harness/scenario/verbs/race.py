"""`races`: several requests at once, which meet at a point inside the server.

Each step is rehearsed to learn its request; then the point is armed, and the requests are
sent each from a thread of its own. They reach the point and go on from there in the order
of the file, so that the same thing happens every time. At last each step is played with
what came back, and its expectations are checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import httpx
from pydantic import Field, JsonValue, ValidationError

from harness.document import suggest
from harness.scenario import registry
from harness.scenario.answer import Answer
from harness.scenario.book import Book
from harness.scenario.hands import HttpHands
from harness.scenario.model import StepFrame, read_expectations
from harness.scenario.names import BUILT_IN, Actor
from harness.scenario.registry import A_STEP, EXPECTATIONS, Arguments, Verb
from harness.scenario.scene import Scene
from harness.scenario.stage import Stage, StepFailedError
from harness.scenario.wire import Wire
from harness.transcript import Transcript

RACERS = ("mints", "approves", "calls")
"""What can be done at once: each is one request, with credentials that are there before."""

# As the server's rendezvous reads it.
_TURN = "X-Rendezvous-Turn"
_BESIDE = ("expect", "note")


class Race(Arguments):
    """Steps that are done at once, and where they meet."""

    at: str = Field(
        description="Where they meet: call.allowed (all was checked, nothing written yet), "
        "grant.merge (an approval is about to be merged) or grant.read (a mint is about to read).",
        min_length=1,
    )
    together: list[dict[str, JsonValue]] = Field(
        min_length=2,
        max_length=8,
        description="Steps with mints, approves or calls, each with its own expect. From the "
        "point on they go one after another, in this order.",
        json_schema_extra={"items": A_STEP},
    )


@dataclass(frozen=True)
class _Lane:
    """One step of a race, read."""

    actor: Actor
    verb: Verb
    arguments: Any
    expect: Mapping[str, Any]


@dataclass
class _Outcome:
    """What came of a lane."""

    lane: _Lane
    answer: Answer


@dataclass
class _LaneScene(Scene):
    """The checks of one lane; they are the race's."""

    label: str = ""

    def check(
        self, name: str, *, expected: Any, came: Any, passed: bool, message: str = ""
    ) -> None:
        super().check(
            f"{self.label}: {name}", expected=expected, came=came, passed=passed, message=message
        )


class _Rehearsal(httpx.BaseTransport):
    """Keeps the requests, and answers that nobody is there."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(503)


@dataclass
class _Encore(httpx.BaseTransport):
    """Gives what was answered before, or raises why nothing was."""

    came: httpx.Response | httpx.TransportError

    def handle_request(self, _: httpx.Request) -> httpx.Response:
        if isinstance(self.came, httpx.TransportError):
            raise self.came
        return self.came


def _play(stage: Stage, actor: Actor, race: Race) -> Answer:
    lanes = [_read(stage, step) for step in race.together]
    if stage.wire.transport is None:
        for lane in lanes:
            lane.verb.play(stage, lane.actor, lane.arguments)
        return Answer(None)
    requests = [_rehearse(stage, lane) for lane in lanes]
    _arm(stage, actor, race.at, len(lanes))
    came = _send_all(stage.wire.transport, requests)
    stage.transcript.remark(f"{len(lanes)} requests meet at {race.at}, then go on in this order")
    outcomes = []
    for lane, response in zip(lanes, came, strict=True):
        wire = Wire(stage.wire.url, _Encore(response), stage.transcript, server=stage.wire.server)
        answer = lane.verb.play(_with_wire(stage, wire), lane.actor, lane.arguments)
        outcomes.append(_Outcome(lane, answer or Answer(None)))
    stage.wire.sent += len(lanes)
    stage.values[_KEPT] = outcomes
    return outcomes[-1].answer


# Under a name that no file can write.
_KEPT = "races: outcomes"


def _check(scene: Scene) -> None:
    for number, outcome in enumerate(scene.stage.values.pop(_KEPT, []), 1):
        lane: _Lane = outcome.lane
        own = _LaneScene(
            scene.stage,
            lane.actor,
            lane.verb,
            lane.arguments,
            None,
            answer=outcome.answer,
            failures=scene.failures,
            label=f"{number}. {lane.actor} {lane.verb.name}",
        )
        if "status" not in lane.expect:
            status, passed = outcome.answer.status, lane.verb.succeeded(outcome.answer)
            own.check("status", expected=lane.verb.success, came=status, passed=passed)
        for name, value in lane.expect.items():
            EXPECTATIONS[name].check(own, value)


def _read(stage: Stage, step: dict[str, Any]) -> _Lane:
    (action,) = (key for key in step if key not in _BESIDE)
    name, _, word = action.partition(" ")
    verb = registry.VERBS[word]
    try:
        arguments = verb.arguments.model_validate(step[action] or {})
        expect = read_expectations(step.get("expect") or {})
    except ValidationError as error:
        message = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise StepFailedError(f"{action}: {message}") from None
    return _Lane(_actor(stage, name), verb, arguments, expect)


def _actor(stage: Stage, name: str) -> Actor:
    kind = BUILT_IN.get(name)
    return Actor(name, kind or ("user" if name in stage.company.users else "holder"))


def _rehearse(stage: Stage, lane: _Lane) -> httpx.Request:
    """The request of a lane, which is not sent; a session that it shows begins now."""
    rehearsal = _Rehearsal()
    wire = Wire(stage.wire.url, rehearsal, Transcript(), server=stage.wire.server)
    lane.verb.play(_with_wire(stage, wire), lane.actor, lane.arguments)
    (request,) = rehearsal.requests
    return request


def _with_wire(stage: Stage, wire: Wire) -> Stage:
    """The stage behind another wire; whoever needs a session there has signed in here."""

    def borrow(wire: Wire, name: str) -> HttpHands:
        hands = HttpHands(wire, name)
        hands.jar = stage.signed_in(name).jar
        return hands

    return replace(stage, wire=wire, make_hands=borrow, _hands={})


def _arm(stage: Stage, actor: Actor, point: str, parties: int) -> None:
    body = {"point": point, "parties": parties}
    answer = stage.need_control().call("POST", "/rendezvous/", body, actor=actor.name)
    if answer.status != 201:
        raise StepFailedError(f"no requests can meet at {point!r}: status {answer.status}")


def _send_all(
    transport: httpx.BaseTransport, requests: Sequence[httpx.Request]
) -> list[httpx.Response | httpx.TransportError]:
    def send(turn: int, request: httpx.Request) -> httpx.Response | httpx.TransportError:
        request.headers[_TURN] = str(turn)
        try:
            response = transport.handle_request(request)
            response.request = request
            response.read()
        except httpx.TransportError as error:
            return error
        except httpx.DecodingError as error:
            return httpx.ReadError(str(error))
        else:
            return response

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, range(1, len(requests) + 1), requests))


def _review(book: Book, _: Actor, race: Race) -> None:
    book.needs_control("'races'")
    for index, step in enumerate(race.together):
        with book.at("together", index):
            for message in _review_lane(book, step):
                book.mistake((), message)


def _review_lane(book: Book, step: dict[str, Any]) -> Iterator[str]:
    actions = [key for key in step if key not in _BESIDE]
    if len(actions) != 1:
        yield "expected one action '<actor> <verb>', and beside it expect and note alone"
        return
    name, _, word = actions[0].partition(" ")
    actor, verb = book.actor(name), registry.VERBS.get(word)
    if actor is None:
        yield f"unknown actor {name!r}{suggest(name, book.actor_names())}"
    elif word not in RACERS or verb is None or actor.kind not in verb.actors:
        yield f"{name} cannot do {word!r} in a race{suggest(word, RACERS)}"
    else:
        yield from _review_words(book, step, actor, verb, actions[0])


def _review_words(
    book: Book, step: dict[str, Any], actor: Actor, verb: Verb, action: str
) -> Iterator[str]:
    try:
        arguments = verb.arguments.model_validate(step[action] or {})
        StepFrame.model_validate({key: step[key] for key in _BESIDE if key in step})
        expect = read_expectations(step.get("expect") or {})
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            yield f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
        return
    with book.at(action):
        verb.review(book, actor, arguments)
    for name, value in expect.items():
        if EXPECTATIONS[name].before is not None:
            yield f"{name!r} is expected of the race as a whole, not of one of its steps"
        with book.at("expect", name):
            EXPECTATIONS[name].review(book, actor, verb.acts_for(book, actor, arguments), value)


VERBS = [
    Verb(
        name="races",
        arguments=Race,
        actors=frozenset({"user", "agent", "service", "attacker", "operator"}),
        play=_play,
        review=_review,
        check=_check,
    )
]
