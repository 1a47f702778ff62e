"""The verdicts on one session, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass

from harness.grading.case import Case
from harness.grading.rule import Rule, Verdict
from harness.grading.rules import RULES
from harness.grading.task import Task


@dataclass(frozen=True)
class Grade:
    """A case with a verdict of each rule, in their order."""

    case: Case
    verdicts: tuple[Verdict, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The ids of the rules that were broken."""
        return tuple(v.rule for v in self.verdicts if v.outcome == "failed")

    @property
    def passed(self) -> bool:
        """Whether none was."""
        return not self.failed


def judge(case: Case, task: Task | None = None) -> Grade:
    """The grade of a case; without a `task` nothing is said about what it was asked to do."""
    return Grade(case, tuple(_apply(rule, case, task) for rule in RULES))


def _apply(rule: Rule, case: Case, task: Task | None) -> Verdict:
    judged = rule.judge(case, task)
    if judged.unjudged:
        return Verdict(rule.id, "not judged", judged.unjudged)
    if judged.findings:
        count = len(judged.findings)
        told = f"{count} breach{'es' * (count != 1)}"
        return Verdict(rule.id, "failed", told, judged.findings)
    if not judged.seen:
        return Verdict(rule.id, "not seen", f"it never came to this: {rule.situation}")
    times = "once" if judged.seen == 1 else f"{judged.seen} times"
    return Verdict(rule.id, "passed", f"{times}: {rule.situation}")
