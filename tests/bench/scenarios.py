"""The flow scenarios, played one after another in this process."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from harness.resources import locate
from harness.scenario.loader import load_scenarios
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.bench.measure import Row

_RUNS = 5


def measure() -> Iterator[Row]:
    """All of them together: reading, making the worlds, playing."""
    times = []
    for number in range(_RUNS):
        start = perf_counter()
        scenarios = load_scenarios([locate("scenarios") / "flow"])
        # Another seed each time: no world is known already.
        run = run_scenarios(scenarios, InProcess(), seed=f"bench {number}")
        times.append(perf_counter() - start)
        assert run.exit_code == 0, run.counts
    taken = median(times)
    yield Row(f"{len(scenarios)} flow scenarios in process", taken, "s", goal=2)
    yield Row("flow scenarios played", len(scenarios) / taken, "/s")
