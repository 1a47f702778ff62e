"""What the design contains, as JSON.

    {"format": 1, "target": "in process", "seed": "0", "stands": true, "conclusion": "…",
     "numbers": ["Of 40 injections, …"], "problems": ["<id>, <act>: …"],
     "acts": ["full authority", "read only", "narrow approval"],
     "verdicts": {"as told": 40, "otherwise": 0, "inconclusive": 0},
     "counts": {"<act>": {"harm": 12, "contained": 28, "inconclusive": 0,
                          "contained by": {"approval": 17, …}}},
     "injections": [{"id", "title", "note", "place", "form", "harm", "user", "in", "issue",
                     "demands", "narrow", "harmed", "verdict",
                     "acts": {"<act>": {"mark", "contained by", "told", "told contained by",
                                        "as told", "reason", "steps", "events"}}}]}

`mark`: harm, contained or inconclusive; `told`: whether the file says that harm is done.
`contained by` is null where nothing did, or nobody knows what. `steps` tells each step of the
play in short, and `events` are those of its transcript that decided: each try to do the harm,
each approval, and the state afterwards, with the checks of it.
"""

from __future__ import annotations

import json
from typing import Any, get_args

from harness.report.text import finite
from harness.scenario.containment import Containment, Mark, Outcome, Row

FORMAT = 1


def render_containment_json(whole: Containment) -> str:
    """The document; the same containment gives the same bytes."""
    data = {
        "format": FORMAT,
        "target": whole.target,
        "seed": whole.seed,
        "stands": whole.exit_code == 0,
        "conclusion": whole.conclusion,
        "numbers": whole.numbers,
        "problems": whole.problems,
        "acts": list(whole.acts),
        "verdicts": whole.verdicts,
        "counts": {
            act: {mark: whole.count(act, mark) for mark in get_args(Mark)}
            | {"contained by": {name or "unknown": n for name, n in whole.fences(act).items()}}
            for act in whole.acts
        },
        "injections": [_show(row) for row in whole.rows],
    }
    text = json.dumps(finite(data), ensure_ascii=False, indent=1)
    # What is no character (half a pair) is written as an escape, so that it can be encoded.
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def _show(row: Row) -> dict[str, Any]:
    said = row.injection.model_dump(by_alias=True, exclude={"happens", "contained_by"})
    acts = {act: _show_outcome(outcome) for act, outcome in row.outcomes.items()}
    return said | {"verdict": row.verdict, "acts": acts}


def _show_outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "mark": outcome.mark,
        "contained by": outcome.fence or None,
        "told": outcome.told,
        "told contained by": outcome.told_fence or None,
        "as told": outcome.as_told,
        "reason": outcome.reason,
        "steps": list(outcome.steps),
        "events": list(outcome.events),
    }
