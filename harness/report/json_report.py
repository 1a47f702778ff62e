"""A run as JSON: every event of every scenario.

    {"format": 1, "target": "in process", "seed": "0",
     "counts": {"passed": 1, "failed": 0, "inconclusive": 0, "planned": 0},
     "results": [{"scenario", "title", "file", "outcome", "verdict", "reason",
                  "checks": {"held": 15, "all": 15}, "events": [{"kind", "number", …}],
                  "curl": {"3": "curl -i …"}}]}

`verdict` is that of an attack (held, broken, inconclusive), null for other scenarios.
The kinds of events are those of `harness.transcript`. `curl` has for the number of each
exchange what was sent, as a command for a shell.
"""

from __future__ import annotations

import json
from typing import Any

from harness.report.curl import render_curl
from harness.report.text import finite
from harness.scenario.result import Result, Run

FORMAT = 1


def render_json(run: Run) -> str:
    """The document; the same run gives the same bytes."""
    data = {
        "format": FORMAT,
        "target": run.target,
        "seed": run.seed,
        "counts": run.counts,
        "results": [_show(result) for result in run.results],
    }
    # What is no character (half a pair) is written as an escape, so that it can be encoded.
    text = json.dumps(finite(data), ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def _show(result: Result) -> dict[str, Any]:
    held, count = result.checks
    return {
        "scenario": result.scenario,
        "title": result.title,
        "file": result.file,
        "outcome": result.outcome,
        "verdict": result.verdict,
        "reason": result.reason,
        "checks": {"held": held, "all": count},
        "events": list(result.events),
        "curl": {
            str(event["number"]): render_curl(event)
            for event in result.events
            if event["kind"] == "exchange"
        },
    }
