"""Grades on the terminal: a line for each session, and with `verbose` the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.grading import Finding, Outcome
from harness.report.grades import FAILED, PASSED, Graded, Grades
from harness.report.text import visible

_STYLES: dict[Outcome, str] = {
    "passed": "green",
    "failed": "bold red",
    "not seen": "dim",
    "not judged": "yellow",
}
# Of a long breach so many records are shown.
_MOST_REFS = 8


def print_grades(grades: Grades, console: Console, *, verbose: bool = False) -> None:
    """The table and what follows from it; `verbose` tells each rule with its evidence."""
    if verbose:
        for graded in grades.graded:
            _tell(graded, console)
    if grades.graded:
        console.print(_table(grades))
    for graded in grades.graded:
        if graded.surprise:
            console.print(_text(f"✗ {graded.name}: {graded.surprise}", "bold red"))
    style = {PASSED: "bold green", FAILED: "bold red"}.get(grades.exit_code, "yellow")
    console.print(_text(grades.conclusion, style))


def _table(grades: Grades) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("script" if grades.rehearsed else "session", overflow="fold")
    table.add_column("temperament" if grades.rehearsed else "user", overflow="fold")
    table.add_column("verdict")
    table.add_column("broke", overflow="fold")
    if not grades.rehearsed:
        table.add_column("not seen", overflow="fold")
    for graded in grades.graded:
        cells = [
            _text(graded.name + (", refused" if graded.refusing else "")),
            _text(graded.temperament or graded.title, "dim"),
            _verdict(graded),
            _text(", ".join(graded.failed), "" if graded.as_expected else "bold red"),
        ]
        if not grades.rehearsed:
            cells.append(_text(", ".join(_unseen(graded)), "dim"))
        table.add_row(*cells)
    return table


def _unseen(graded: Graded) -> list[str]:
    return [v.rule for v in graded.verdicts if v.outcome in ("not seen", "not judged")]


def _verdict(graded: Graded) -> Text:
    style = {"passed": "green", "failed": "bold red"}.get(graded.word, "yellow")
    return _text(graded.word, style)


def _tell(graded: Graded, console: Console) -> None:
    console.print(_text(f"{graded.name}  {graded.title}", "bold"))
    for verdict in graded.verdicts:
        line = Text("  ").append(f"{verdict.outcome:11}", _STYLES[verdict.outcome])
        console.print(line.append(visible(f"{verdict.rule}: {verdict.told}")))
        for finding in verdict.findings:
            for text in describe_finding(finding):
                console.print(_text(f"      {text}"))


def describe_finding(finding: Finding) -> list[str]:
    """A breach in lines: what was expected, what came, and the records."""
    shown = [describe_record(ref.shown, str(ref)) for ref in finding.refs[:_MOST_REFS]]
    more = len(finding.refs) - _MOST_REFS
    rest = [f"  … and {more} more"] if more > 0 else []
    return [f"expected {finding.expected}", f"came     {finding.came}", *shown, *rest]


def describe_record(record: Mapping[str, Any], name: str) -> str:
    """What a log has, in one line."""
    if name.startswith("record"):
        what = f"{record.get('method')} {record.get('route')}"
        why = f"{record.get('status')}, {record.get('decision')} by {record.get('rule')}"
    elif name.startswith("entry"):
        what = f"{record.get('kind')} {record.get('name')}"
        why = f"{record.get('decision')} {record.get('rule') or ''}".strip()
    else:
        what, why = f"{record.get('method')} to {record.get('to')}", "sent"
    return f"  {name}: {what} → {why}"


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
