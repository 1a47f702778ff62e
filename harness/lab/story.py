"""A transcript as the page shows it, event by event or all at once.

Texts, lanes and what changed in a token are told as in the reports (`report.evidence`).
Each exchange has also `outcome` and `challenge`, each token `expires`, and its `scopeNames`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.report.decisions import pair_decisions
from harness.report.evidence import ScenarioEvidence
from harness.report.sequence import word_challenge
from harness.report.steps import Event, StepView
from harness.report.text import visible
from harness.scenario.result import Result

Tell = Callable[[str, dict[str, Any]], None]
"""Takes the kind of a message and its data."""


class Teller:
    """Tells the events of one transcript; it subscribes to it.

    The messages: `about` the scenario, `lanes` when somebody new takes part, `step`, `item`
    for what belongs to a step or to none, `ruling` for the decision on an exchange that was
    told before, and `ended`.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._events: list[Event] = []
        self._lanes: list[dict[str, Any]] = []

    @property
    def count(self) -> int:
        """How many events there were."""
        return len(self._events)

    def __call__(self, event: Event) -> None:
        """Tells one event."""
        self._events.append(event)
        result = Result("", "", "", "passed", "", self._events)
        evidence = ScenarioEvidence(result, visible)
        self._tell_lanes(evidence)
        match event["kind"]:
            case "started":
                shown = evidence.describe()
                about = {key: shown[key] for key in ("note", "cast", "attack")}
                names = {key: visible(event[key]) for key in ("scenario", "title", "target")}
                self._tell("about", about | names)
            case "step":
                shown = evidence.step(StepView(event))
                self._tell("step", shown | {"number": event["number"]})
            case "ended":
                self._tell("ended", _tell_end(event, self._events, evidence))
            case "decision":
                self._tell_decision(event, evidence)
            case _:
                item = complete(evidence.item(event, {}))
                self._tell("item", _place(event) | {"item": item})

    def _tell_lanes(self, evidence: ScenarioEvidence) -> None:
        lanes = evidence.lanes()
        if lanes != self._lanes:
            self._lanes = lanes
            self._tell("lanes", {"lanes": lanes})

    def _tell_decision(self, event: Event, evidence: ScenarioEvidence) -> None:
        others = [one for one in self._events if one["step"] == event["step"]]
        for number, decision in pair_decisions(others).items():
            if decision["number"] == event["number"]:
                ruling = evidence.record(event["record"])
                self._tell("ruling", {"exchange": number, "decision": ruling})
                return
        self._tell("item", _place(event) | {"item": evidence.item(event, {})})


def _place(event: Event) -> dict[str, Any]:
    return {"number": event["number"], "step": event["step"]}


def _tell_end(event: Event, events: Sequence[Event], evidence: ScenarioEvidence) -> dict[str, Any]:
    """What came of it; `failed` are the checks that did not hold."""
    failed = [one for one in events if one["kind"] == "check" and not one["passed"]]
    return {
        "outcome": event["outcome"],
        "verdict": event["verdict"],
        "reason": visible(event["reason"]),
        "failed": [evidence.item(check, {})["check"] for check in failed],
    }


def tell_result(result: Result) -> dict[str, Any]:
    """A whole scenario, in the form of `ScenarioEvidence.describe`, and what came of it."""
    return complete_all(ScenarioEvidence(result, visible).describe()) | {
        "outcome": result.word,
    }


def complete_all(scenario: dict[str, Any]) -> dict[str, Any]:
    """A described scenario with what the page wants beside what the reports have."""
    for step in scenario["steps"]:
        for item in step["items"]:
            complete(item)
    return scenario


def complete(item: dict[str, Any]) -> dict[str, Any]:
    """An item with what the page wants beside what the reports have."""
    if exchange := item.get("exchange"):
        exchange |= {"outcome": _outcome(exchange), "challenge": _challenge(exchange)}
    if token := item.get("token"):
        claims = {row[0]: row[1] for row in token["claims"]}
        token |= {
            "expires": _number(claims.get("exp")),
            "issued": _number(claims.get("iat")),
            "scopeNames": _words(claims.get("scopes", "")),
        }
    return item


def _outcome(exchange: Mapping[str, Any]) -> str:
    status = exchange["status"]
    if not status.isdigit():
        return "planned" if exchange["error"] == "planned" else "unanswered"
    return {"4": "refused", "5": "failed"}.get(status[0], "answered")


def _challenge(exchange: Mapping[str, Any]) -> str:
    lines = exchange.get("came", "").split("\n")
    headers = [line.partition(": ")[::2] for line in lines]
    return word_challenge({"response_headers": headers})


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _words(text: str) -> list[str]:
    """The scopes in a claim as it is worded: words in a row, or JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        return text.split()
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
