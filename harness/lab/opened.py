"""Reports and proofs that were saved, opened again: `run --json`, `run --html`, `prove --json`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.events import read_events
from harness.lab.story import complete_all, tell_result
from harness.report.text import visible_data
from harness.scenario.result import Result

_EVIDENCE = re.compile(r'<script type="application/json" id="evidence">(.*?)</script>', re.DOTALL)
_ENTRY = re.compile(r'<details class="scenario" id="[^"]*" data-outcome="(\w+)">')
_FORMAT = 1


class UnreadableError(ValueError):
    """The file is none of these; the message says what is wrong."""


@dataclass(frozen=True)
class Opened:
    """What was in a file: `scenarios` as the page shows them, or a `proof` as its JSON."""

    scenarios: list[dict[str, Any]] = field(default_factory=list)
    proof: dict[str, Any] | None = None

    def list_scenarios(self) -> list[dict[str, str]]:
        """What there is to choose from."""
        return [
            {key: one[key] for key in ("id", "title", "outcome", "reason")}
            for one in self.scenarios
        ]


def open_text(text: str) -> Opened:
    """What a file holds. Raises UnreadableError."""
    try:
        if text.lstrip().startswith("{"):
            return _open_json(json.loads(text))
        if found := _EVIDENCE.search(text):
            return Opened(scenarios=_open_page(json.loads(found[1]), _ENTRY.findall(text)))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UnreadableError(f"it cannot be read: {error}") from None
    except RecursionError:
        raise UnreadableError("it cannot be read: it is nested too deep") from None
    raise UnreadableError("it is neither a report of run (JSON or HTML) nor the JSON of prove")


def _open_json(data: Mapping[str, Any]) -> Opened:
    if data.get("format") != _FORMAT:
        raise UnreadableError("it is of another version, or no report of this program")
    if "table" in data:
        return Opened(proof=slim_proof(data))
    if "results" not in data:
        raise UnreadableError("it has neither results of run nor a table of prove")
    return Opened(scenarios=[tell_result(_read_result(one)) for one in data["results"]])


def _read_result(data: Mapping[str, Any]) -> Result:
    """A result as it was before it was written; its events are checked."""
    events = [event.as_json() for event in read_events(data["events"])]
    result = Result(
        data["scenario"],
        data["title"],
        data["file"],
        data["outcome"],
        data["reason"],
        events,
        data["verdict"],
    )
    if not isinstance(result.word, str):
        raise UnreadableError("it has an outcome that is no word")
    return result


def _open_page(data: Mapping[str, Any], outcomes: list[str]) -> list[dict[str, Any]]:
    """The data of an HTML report: every number in it stands for a text."""
    texts = data["texts"]

    def resolve(value: Any) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return texts[value]
        if isinstance(value, list):
            return [resolve(one) for one in value]
        return {key: resolve(one) for key, one in value.items()}

    return [
        complete_all(resolve(scenario)) | {"outcome": outcome}
        for scenario, outcome in zip(data["scenarios"], outcomes, strict=True)
    ]


def slim_proof(data: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a proof without the evidence, made safe to show. Raises KeyError."""
    listed = ("id", "title", "category", "severity", "breaks on")
    told = ("id", "title", "defence", "rule")
    slim: dict[str, Any] = visible_data(
        {
            "seed": data["seed"],
            "stands": data["stands"],
            "conclusion": data["conclusion"],
            "counts": data["counts"],
            "attacks": [{key: one[key] for key in listed} for one in data["attacks"]],
            "weaknesses": [{key: one[key] for key in told} for one in data["weaknesses"]],
            "sound": {name: cell["mark"] for name, cell in data["sound"].items()},
            "table": data["table"],
        }
    )
    return slim
