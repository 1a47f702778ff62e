"""`python -m tests.bench`: what the mock Sentry and the harness cost, as ratios.

    python -m tests.bench [--json] [PART …]

Each ratio is of two things measured in turn, in this run: in this process by processor
time, of other processes by the clock on the wall. A goal that is missed is said, and is no
error: the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator

from tests.bench import processes, requests, scenarios, tokens, worlds
from tests.bench.measure import Row

PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "requests": requests.measure,
    "tokens": tokens.measure,
    "worlds": worlds.measure,
    "scenarios": scenarios.measure,
    "help": processes.measure_help,
    "start": processes.measure_start,
    "load": processes.measure_load,
}

_LINE = "{:<44} {:>12} {:>12} {:>7} {:>9}  {}"


def main() -> int:
    """Measures, prints a row as soon as it is known, says how many goals were reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if unknown := sorted(set(options.parts) - PARTS.keys()):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    rows = []
    if not options.json:
        print(_LINE.format("", "measured", "against", "ratio", "goal", ""))
    for name in options.parts or PARTS:
        for row in PARTS[name]():
            rows.append(row)
            if not options.json:
                print(_show(row), flush=True)
    missed = [row.name for row in rows if row.reached is False]
    if options.json:
        document = {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "rows": [row.as_json() for row in rows],
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        goals = [row for row in rows if row.goal is not None]
        print(f"{len(goals) - len(missed)} of {len(goals)} goals reached")
    return 0


def _show(row: Row) -> str:
    goal = "" if row.goal is None else f"{'≤' if row.sense == 'at most' else '≥'} {row.goal:g}"
    return _LINE.format(
        row.name,
        _number(row.value, row.unit),
        "" if row.base is None else _number(row.base, row.unit),
        "" if row.ratio is None else f"{row.ratio:.2f}",
        goal,
        {None: row.against, True: f"reached  {row.against}", False: f"MISSED   {row.against}"}[
            row.reached
        ],
    ).rstrip()


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


if __name__ == "__main__":
    sys.exit(main())
