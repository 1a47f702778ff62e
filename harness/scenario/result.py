"""What came of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.events import Outcome
from harness.resources import locate
from harness.scenario.attack import Verdict

FAILED, INCONCLUSIVE = 1, 3

_WORDS: tuple[Outcome | Verdict, ...] = (
    "passed",
    "held",
    "failed",
    "broken",
    "inconclusive",
    "planned",
)


@dataclass(frozen=True)
class Result:
    """What came of one scenario; `events` is its transcript as plain data.

    `verdict`: of an attack; an attack that is broken has failed.
    """

    scenario: str
    title: str
    file: str
    outcome: Outcome
    reason: str
    events: Sequence[Mapping[str, Any]]
    verdict: Verdict | None = None

    @property
    def word(self) -> Outcome | Verdict:
        """What reports call it: an attack by its verdict, others by their outcome."""
        return self.verdict or self.outcome

    @property
    def checks(self) -> tuple[int, int]:
        """How many checks held, of how many."""
        held = [event["passed"] for event in self.events if event["kind"] == "check"]
        return sum(held), len(held)


@dataclass(frozen=True)
class Run:
    """The results of a run, in the order in which the scenarios were given.

    `seed` is empty for a target whose world is not made from one.
    """

    target: str
    seed: str
    results: Sequence[Result]

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many scenarios passed, failed, were inconclusive, were only planned."""
        counts = Counter(result.outcome for result in self.results)
        return {
            "passed": counts["passed"],
            "failed": counts["failed"],
            "inconclusive": counts["inconclusive"],
            "planned": counts["planned"],
        }

    @property
    def words(self) -> dict[Outcome | Verdict, int]:
        """How many scenarios reports call what; only what there is."""
        counts = Counter(result.word for result in self.results)
        return {word: counts[word] for word in _WORDS if counts[word]}

    @property
    def exit_code(self) -> int:
        """0 if everything passed, 1 if something failed, 3 if something was inconclusive.

        Nothing played is inconclusive too.
        """
        if self.counts["failed"]:
            return FAILED
        return INCONCLUSIVE if self.counts["inconclusive"] or not self.results else 0


def shown_path(file: str) -> str:
    """A file as reports show it: from the working folder, or from the scenarios' own.

    So that reports do not depend on where the harness was installed.
    """
    path = Path(file)
    if not path.is_absolute():
        return path.as_posix()
    own = locate("scenarios")
    for base in (own.parent, Path.cwd()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.name
