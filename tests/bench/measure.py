"""Times things in turn, by the processor time of this thread.

So what slows the machine down slows all of them down, and what else it does meanwhile
counts for nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import thread_time
from typing import Any, Literal

Work = Callable[[], object]

# Seconds: one batch is long beside the timer's grain, short beside a machine's moods.
_BATCH = 0.004


@dataclass(frozen=True)
class Row:
    """One measurement.

    `value` is in `unit`; `base` the same of what it is compared with, None where there is
    nothing. `goal` limits the ratio, or the value where there is no base; it is the most
    that is meant to come, or the least if `sense` is "at least".
    """

    name: str
    value: float
    unit: str
    against: str = ""
    base: float | None = None
    goal: float | None = None
    sense: Literal["at most", "at least"] = "at most"

    @property
    def ratio(self) -> float | None:
        """How many times the base's; for a rate too, it is the times that are compared."""
        if self.base is None:
            return None
        return self.base / self.value if self.unit.endswith("/s") else self.value / self.base

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached; None where there is none."""
        if self.goal is None:
            return None
        judged = self.value if self.ratio is None else self.ratio
        return judged <= self.goal if self.sense == "at most" else judged >= self.goal

    def as_json(self) -> dict[str, Any]:
        """The row as plain data."""
        return asdict(self) | {"ratio": self.ratio, "reached": self.reached}


def compare(*works: Work, seconds: float = 1.0) -> list[float]:
    """Processor seconds for one call of each work: medians over batches that take turns.

    `seconds` is what all of it takes, about.
    """
    counts = [_count(work) for work in works]
    rounds = max(5, int(seconds / (_BATCH * len(works))))
    times: list[list[float]] = [[] for _ in works]
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            # Each is the first as often as any other.
            for index in _rotated(range(len(works)), number):
                times[index].append(_time(works[index], counts[index]))
    finally:
        if was_enabled:
            gc.enable()
    return [median(found) for found in times]


def _rotated(order: Sequence[int], by: int) -> list[int]:
    by %= len(order)
    return [*order[by:], *order[:by]]


def _count(work: Work) -> int:
    """How many calls fill a batch; the first calls warm up."""
    for _ in range(3):
        work()
    return max(1, round(_BATCH / max(_time(work, 3), 1e-9)))


def _time(work: Work, count: int) -> float:
    calls = range(count)
    start = thread_time()
    for _ in calls:
        work()
    return (thread_time() - start) / count
