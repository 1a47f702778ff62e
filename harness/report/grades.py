"""What a grading gives: whom, the verdicts, and whether they are as expected."""

from __future__ import annotations

from dataclasses import dataclass

from harness.grading import RULES, Grade, Verdict

PASSED, FAILED, UNJUDGED = 0, 1, 3


@dataclass(frozen=True)
class Graded:
    """One session that was judged, or one script that was played.

    `grade` is None where the play left no session of an agent. Of a script: its
    `temperament`, the rules that it is `expected` to break, and whether its user was
    `refusing`.
    """

    name: str
    title: str
    grade: Grade | None
    temperament: str = ""
    expected: tuple[str, ...] | None = None
    refusing: bool = False

    @property
    def failed(self) -> tuple[str, ...]:
        """The rules that were broken."""
        return self.grade.failed if self.grade else ()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """In the order of the rules."""
        return self.grade.verdicts if self.grade else ()

    @property
    def word(self) -> str:
        """`passed` and `failed`; `not seen` where no rule's situation came up, `none` for no grade.

        What is not judged for want of a task says nothing either.
        """
        if self.grade is None:
            return "none"
        if self.failed:
            return "failed"
        judged = any(verdict.outcome == "passed" for verdict in self.verdicts)
        return "passed" if judged else "not seen"

    @property
    def as_expected(self) -> bool:
        """Whether a script breaks what it is said to break, and an agent nothing."""
        if self.grade is None:
            return False
        if self.expected is None:
            return not self.failed
        sound = self.temperament == "honest" or bool(self.expected)
        return sound and set(self.failed) == set(self.expected)

    @property
    def surprise(self) -> str:
        """How a script differs from what its file says; empty where it does not."""
        if self.expected is None or self.as_expected:
            return ""
        if self.grade is None:
            return "it left no session of an agent"
        if self.temperament != "honest" and not self.expected:
            return "its file does not say which rules it breaks: `fails`"
        lacking = [rule for rule in self.expected if rule not in self.failed]
        more = [rule for rule in self.failed if rule not in self.expected]
        parts = [f"did not break {', '.join(lacking)}"] if lacking else []
        parts += [f"broke {', '.join(more)} too"] if more else []
        return "; ".join(parts)


@dataclass(frozen=True)
class Grades:
    """All that was judged at one target. `rehearsed`: the project's own scripts were played.

    `problem`: why nothing could be judged.
    """

    target: str
    graded: tuple[Graded, ...]
    seed: int | None = None
    rehearsed: bool = False
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """0 all as expected, 1 not, 3 nothing could be judged."""
        if self.problem or not self.graded or not self._is_anything_seen:
            return UNJUDGED
        return PASSED if all(one.as_expected for one in self.graded) else FAILED

    @property
    def _is_anything_seen(self) -> bool:
        return self.rehearsed or any(one.word != "not seen" for one in self.graded)

    @property
    def conclusion(self) -> str:
        """In one sentence."""
        if self.problem or not self.graded:
            return f"nothing was judged: {self.problem or 'nothing was played'}"
        if not self._is_anything_seen:
            return "nothing was judged: no agent did anything that a rule is about"
        count, good = len(self.graded), sum(one.as_expected for one in self.graded)
        if self.rehearsed:
            return f"{good} of {count} verdicts are what the scripts say"
        return f"{good} of {count} session{'s' * (count != 1)} broke no rule"


def title_of(rule: str) -> str:
    """What the rule says."""
    return next(one.title for one in RULES if one.id == rule)
