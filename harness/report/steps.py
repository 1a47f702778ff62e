"""The events of a transcript, by the steps they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.events import describe_route
from harness.scenario.result import Result

Event = Mapping[str, Any]


@dataclass
class StepView:
    """One step and what belongs to it; `step` is None for what belongs to none.

    `afterwards`: it puts things right, when the steps that are the scenario's own are over.
    """

    step: Event | None
    events: list[Event] = field(default_factory=list)
    afterwards: bool = False

    def of(self, kind: str) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if event["kind"] == kind]

    @property
    def failed(self) -> list[Event]:
        """The checks that did not hold."""
        return [event for event in self.of("check") if not event["passed"]]

    @property
    def action(self) -> str:
        """`<actor> <verb>`."""
        return f"{self.step['actor']} {self.step['verb']}" if self.step else ""


def read_steps(result: Result) -> list[StepView]:
    """The steps of a result in order, before them what belongs to none."""
    views: dict[int | None, StepView] = {None: StepView(None)}
    before = (0, 0)
    for event in result.events:
        if event["kind"] == "step":
            place = (event["index"], event["line"] or 0)
            # Numbers begin again where the steps end that are the scenario's own.
            afterwards = place[0] <= before[0] and place[1] > before[1]
            before = place
            views[event["number"]] = StepView(event, afterwards=afterwards)
        elif event["kind"] not in ("started", "ended"):
            views[event["step"]].events.append(event)
    return [view for view in views.values() if view.step or view.events]


def find_event(result: Result, kind: str) -> Event:
    """The first event of a kind, or an empty mapping."""
    return next((event for event in result.events if event["kind"] == kind), {})


def one_line(value: Any) -> str:
    """A value of an event in one line of JSON; a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def describe_exchange(exchange: Event) -> Iterator[str]:
    """The lines of an exchange, as it would look on the wire, after who spoke to whom."""
    if route := describe_route(exchange):
        yield route
    yield f"{exchange['method']} {exchange['url']}"
    yield from (f"{name}: {value}" for name, value in exchange["request_headers"])
    yield from _body(exchange["request_body"])
    yield ""
    if exchange["status"] is None:
        yield f"no answer: {exchange['error']}"
        return
    yield f"HTTP {exchange['status']}"
    yield from (f"{name}: {value}" for name, value in exchange["response_headers"])
    yield from _body(exchange["response_body"])


def describe_check(check: Event) -> Sequence[tuple[str, str]]:
    """What a check expected, what came, and what is wrong with it, each with its heading."""
    rows = [("expected", one_line(check["expected"]))]
    if check["came"] is not None or not check["message"]:
        rows.append(("came", one_line(check["came"])))
    return [*rows, ("that is", check["message"])] if check["message"] else rows


def _body(body: str) -> Iterator[str]:
    if body:
        yield ""
        yield from body.splitlines()
