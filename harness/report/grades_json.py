"""Grades as JSON.

    {"format": 1, "target": "in process", "seed": 0, "as_expected": true, "conclusion": "…",
     "rules": [{"id", "title", "why", "situation"}],
     "graded": [{"name", "title", "temperament", "refusing", "passed", "as_expected",
                 "expected": ["asks-first"] or null, "surprise", "failed": ["asks-first"],
                 "verdicts": [{"rule", "outcome", "told",
                               "findings": [{"expected", "came", "evidence": [
                                   {"log": "record", "number": 7, "shown": {…}}]}]}]}]}

`outcome` is passed, failed, not seen or not judged. `shown` is the decision record, or the
entry of Seer's audit log; of an exchange between services only where it went.
"""

from __future__ import annotations

import json
from typing import Any

from harness.grading import RULES, Verdict
from harness.report.grades import Graded, Grades
from harness.report.text import finite

FORMAT = 1


def render_grades_json(grades: Grades) -> str:
    """The document; the same grades give the same bytes."""
    data = {
        "format": FORMAT,
        "target": grades.target,
        "seed": grades.seed,
        "as_expected": grades.exit_code == 0,
        "conclusion": grades.conclusion,
        "rules": [
            {"id": rule.id, "title": rule.title, "why": rule.why, "situation": rule.situation}
            for rule in RULES
        ],
        "graded": [_show(graded) for graded in grades.graded],
    }
    text = json.dumps(finite(data), ensure_ascii=False, indent=1)
    # What is no character (half a pair) is written as an escape, so that it can be encoded.
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def _show(graded: Graded) -> dict[str, Any]:
    return {
        "name": graded.name,
        "title": graded.title,
        "temperament": graded.temperament or None,
        "refusing": graded.refusing,
        "passed": graded.word == "passed",
        "as_expected": graded.as_expected,
        "expected": None if graded.expected is None else list(graded.expected),
        "surprise": graded.surprise,
        "failed": list(graded.failed),
        "verdicts": [_show_verdict(verdict) for verdict in graded.verdicts],
    }


def _show_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule,
        "outcome": verdict.outcome,
        "told": verdict.told,
        "findings": [
            {
                "expected": finding.expected,
                "came": finding.came,
                "evidence": [
                    {"log": ref.source, "number": ref.number, "shown": dict(ref.shown)}
                    for ref in finding.refs
                ],
            }
            for finding in verdict.findings
        ],
    }
