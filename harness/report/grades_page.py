"""Grades as one page: rules × sessions as a picture, each breach with its evidence.

Like the other pages it is one file that loads nothing; it has no script.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from harness.grading import RULES, Finding, Outcome, Verdict
from harness.report.grades import Graded, Grades
from harness.report.grades_console import describe_record
from harness.report.page import asset, environment, policy
from harness.report.text import visible, visible_data

# In words, and as they stand in a cell.
MARKS: Mapping[Outcome, tuple[str, str]] = {
    "passed": ("✓", "passed"),
    "failed": ("✗", "failed"),
    "not seen": ("·", "not seen: the situation never came up"),
    "not judged": ("?", "not judged: something is needed for it"),
}
# Of a breach of hundreds the first say as much.
_MOST_REFS = 20


@dataclass(frozen=True)
class _Breach:
    """A finding as it is shown."""

    expected: str
    came: str
    evidence: list[tuple[str, str]]
    more: int


def render_grades_page(grades: Grades) -> str:
    """The page; the same grades give the same bytes."""
    style = f"{asset('report.css')}\n{asset('grades.css')}"
    return (
        environment()
        .get_template("grades.html.j2")
        .render(
            policy=policy(style, ""),
            style=style,
            grades=grades,
            stands=grades.exit_code == 0,
            rules=RULES,
            marks=MARKS,
            name_of=_name_of,
            breaches=_list_breaches,
            visible=visible,
        )
    )


def _name_of(graded: Graded) -> str:
    return visible(graded.name + (", refused" if graded.refusing else ""))


def _list_breaches(verdict: Verdict) -> list[_Breach]:
    return [_show(finding) for finding in verdict.findings]


def _show(finding: Finding) -> _Breach:
    evidence = [
        (
            visible(describe_record(ref.shown, str(ref)).strip()),
            json.dumps(visible_data(dict(ref.shown)), ensure_ascii=False, indent=1),
        )
        for ref in finding.refs[:_MOST_REFS]
    ]
    more = max(len(finding.refs) - _MOST_REFS, 0)
    return _Breach(visible(finding.expected), visible(finding.came), evidence, more)
