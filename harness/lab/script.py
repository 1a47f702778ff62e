"""What was done, as a scenario: the steps so far, and the file that plays them again."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from harness.document import DocumentError
from harness.scenario.loader import parse_scenario
from harness.scenario.model import BESIDE, Scenario

#: Stands for the file in mistakes.
NAME = "lab.yaml"

RawStep = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """A step that was played.

    `raw` is the step of a file, `stop` the stop of the tour that it belongs to. `status` and
    `run` are what came: the status of the answer, the state of the run of Seer that it was
    about. `began` and `ended` are times of the mock's clock.
    """

    raw: RawStep
    stop: int | None
    began: datetime
    ended: datetime
    status: int | None = None
    run: str | None = None
    failures: tuple[str, ...] = ()
    by_hand: bool = False

    @property
    def action(self) -> str:
        """`<actor> <verb>`."""
        return next(key for key in self.raw if key not in BESIDE)

    @property
    def arguments(self) -> dict[str, Any]:
        """What the verb was given."""
        return dict(self.raw[self.action] or {})


class Script:
    """A scenario that grows; `frame` is all of it but the steps."""

    def __init__(self, frame: Mapping[str, Any]) -> None:
        self.frame = dict(frame)
        self.done: list[Done] = []

    def read_with(self, raw: RawStep) -> Scenario:
        """The scenario of the steps so far and one more, which is its last.

        Raises DocumentError with what is wrong with the step.
        """
        return self._parse([*(done.raw for done in self.done), raw])

    def _parse(self, steps: Sequence[RawStep]) -> Scenario:
        text = yaml.safe_dump(self.frame | {"steps": list(steps)}, sort_keys=False)
        return parse_scenario(text, name=NAME)

    def write(self, *, least: float) -> str:
        """The file: what came is what is expected, and time that passed is moved on.

        `least`: seconds between two steps from which on they are made a step of their own.
        """
        frame = self.frame | {
            "id": "saved-from-the-lab",
            "title": "What was done in the lab",
            "note": "Saved from the lab; what came then is what is expected now.",
            "tags": ["lab"],
        }
        lines = ["# Saved from the lab. Play it: seer-harness run FILE", _block(frame).rstrip()]
        lines.append("steps:")
        lines += (_line(raw) for raw in self._with_time(least))
        return "\n".join(lines) + "\n"

    def _with_time(self, least: float) -> Iterator[RawStep]:
        passed, before = 0.0, None
        for done in self.done:
            if before is not None:
                passed += (done.began - before).total_seconds()
            before = done.ended
            if passed >= least:
                yield {"operator moves clock": {"by": f"{int(passed)}s"}}
                passed -= int(passed)
            yield _expecting(done)


def _expecting(done: Done) -> RawStep:
    """The step with what came of it as what is expected."""
    raw = copy.deepcopy(done.raw)
    if "expect" in raw and not done.failures:
        return raw
    raw.pop("expect", None)
    expect: dict[str, Any] = {}
    if done.status is not None:
        expect["status"] = done.status
    if done.run is not None:
        expect["run"] = {"status": done.run}
    return raw | ({"expect": expect} if expect else {})


def explain(error: DocumentError) -> list[str]:
    """What is wrong with a step, without the places in a file that nobody has seen."""
    return [mistake.message for mistake in error.mistakes]


def _block(data: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=96))


def _line(raw: RawStep) -> str:
    """A step with its action in one line, and what stands beside it below."""
    lines = []
    for key, value in raw.items():
        lines.append(f"{_flow(key)}: {_flow(value)}")
    return "  - " + "\n    ".join(lines)


def _flow(value: Any) -> str:
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
    )
    return str(text).removesuffix("\n").removesuffix("\n...")
