"""One step while it is played, and the checks of what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.scenario.answer import Answer
from harness.scenario.matching import MISSING, Difference
from harness.scenario.names import Actor
from harness.scenario.registry import Verb
from harness.scenario.stage import Stage


@dataclass
class Scene:
    """What a check may look at.

    `acts_for`: the user whom the step is about, if that is plain. `before`: what the
    expectations saw before the step. `decisions`: the records that the step caused.
    """

    stage: Stage
    actor: Actor
    verb: Verb
    arguments: Any
    acts_for: str | None
    before: dict[str, Any] = field(default_factory=dict)
    answer: Answer = field(default_factory=lambda: Answer(None))
    decisions: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def check(
        self, name: str, *, expected: Any, came: Any, passed: bool, message: str = ""
    ) -> None:
        """Writes a check into the transcript; `came` and `expected` are for people to read.

        `message` must not be cut from longer text: what is cut is no longer known for a secret.
        """
        self.stage.transcript.check(
            name,
            expected=expected,
            came=None if came is MISSING else came,
            passed=passed,
            message=message,
        )
        if not passed:
            self.failures.append(name)

    def compare(
        self, name: str, *, expected: Any, came: Any, differences: list[Difference]
    ) -> None:
        """Writes the check of a pattern: passed when there are no differences."""
        redact = self.stage.transcript.redactor.data
        message = "; ".join(difference.explain(redact) for difference in differences)
        self.check(name, expected=expected, came=came, passed=not differences, message=message)
