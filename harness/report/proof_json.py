"""A proof as JSON.

    {"format": 1, "seed": "0", "stands": true, "complete": true, "conclusion": "…",
     "left out": ["<attack that needs a browser>"],
     "counts": {"broken": 5, "held": 90, "unreached": 40, "inconclusive": 0},
     "problems": [{"kind", "attack", "weakness", "message"}],
     "attacks": [{"id", "title", "note", "file", "severity", "breaks on", …}],
     "weaknesses": [{"id", "title", "defence", "rule", "cwe", "source"}],
     "sound": {"<attack>": {"mark", "reason", "steps", "events"}},
     "table": {"<weakness>": {"<attack>": "broken", …}},
     "evidence": {"<weakness>": {"<attack>": {"mark", "reason", "steps", "events"}}}}

`table` has a mark for each pair: broken, held, inconclusive, or unreached: held, for the
attack never came to that defence; in a browser also unplayed: what the attack does not
list. `evidence` has what was broken or inconclusive:
each step in short, and the events of the one that decided, as in the report of a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from harness.report.text import finite
from harness.scenario.proof import SOUND, Cell, Proof

FORMAT = 1


def render_proof_json(proof: Proof) -> str:
    """The document; the same proof gives the same bytes."""
    rows = {name: row for name, row in proof.cells.items() if name != SOUND}
    data = {
        "format": FORMAT,
        "seed": proof.seed,
        "stands": proof.exit_code == 0,
        "complete": proof.complete,
        "conclusion": proof.conclusion,
        "left out": list(proof.left_out),
        "counts": proof.counts,
        "problems": [asdict(problem) for problem in proof.problems],
        "attacks": [
            {"id": a.id, "title": a.title, "note": a.note, "file": a.file, **a.section}
            for a in proof.attacks
        ],
        "weaknesses": [asdict(weakness) for weakness in proof.weaknesses],
        "sound": {name: _show(cell) for name, cell in proof.sound.items()},
        "table": {
            name: {cell.attack: cell.mark for cell in row.values()} for name, row in rows.items()
        },
        "evidence": {name: shown for name, row in rows.items() if (shown := _show_row(row))},
    }
    text = json.dumps(finite(data), ensure_ascii=False, indent=1)
    # What is no character (half a pair) is written as an escape, so that it can be encoded.
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def _show_row(row: Mapping[str, Cell]) -> dict[str, Any]:
    told = ("broken", "inconclusive")
    return {cell.attack: _show(cell) for cell in row.values() if cell.mark in told}


def _show(cell: Cell) -> dict[str, Any]:
    return {
        "mark": cell.mark,
        "reason": cell.reason,
        "steps": list(cell.steps),
        "events": list(cell.events),
    }
