"""What the design contains, on the terminal: a row for each injection, and the numbers."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.steps import StepView, describe_check
from harness.report.text import visible
from harness.scenario.acts import CONTROL
from harness.scenario.containment import Containment, Outcome, Row, explain_fences
from harness.scenario.result import FAILED

_MOST_CHARACTERS = 300
_WIDE = 120


def print_containment(whole: Containment, console: Console, *, verbose: bool = False) -> None:
    """The table, the numbers, what is otherwise; `verbose` tells what decided each act."""
    if verbose:
        for row in whole.rows:
            _tell_row(row, console)
    if whole.rows:
        console.print(_table(whole, console.width))
        console.print(_summary(whole))
    for sentence in whole.numbers if whole.rows else ():
        console.print(_text(sentence))
    for name, words in explain_fences(whole):
        console.print(_text(f"  {name}: {words}", "dim"))
    for problem in whole.problems:
        console.print(_text(f"✗ {problem}", "bold red"))
    style = {0: "bold green", FAILED: "bold red"}.get(whole.exit_code, "yellow")
    console.print(_text(whole.conclusion, style))


def _table(whole: Containment, width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    # On a narrow terminal ids are folded like all else: nothing is cut.
    table.add_column("injection", overflow="fold", no_wrap=width >= _WIDE)
    for heading in ("place", "form", "harm", *whole.acts):
        table.add_column(heading, overflow="fold")
    for row in whole.rows:
        said = row.injection
        outcomes = [_mark(row.outcomes[act]) for act in whole.acts]
        words = [_text(word) for word in (said.id, said.place, said.form, said.harm)]
        table.add_row(*words, *outcomes)
    return table


def _mark(outcome: Outcome) -> Text:
    """What came of it: ✓ as the file says, ✗ otherwise, ? not shown; by its own colour."""
    if outcome.mark == "inconclusive":
        return _text("? inconclusive", "yellow")
    sign = "✓" if outcome.as_told else "✗"
    return _text(f"{sign} {outcome.words}", _style(outcome))


def _style(outcome: Outcome) -> str:
    if not outcome.as_told:
        return "bold red"
    if outcome.mark == "contained":
        return "green"
    # That harm is done is good news of the control alone.
    return "dim" if outcome.act == CONTROL else "red"


def _summary(whole: Containment) -> Text:
    told = "  ".join(f"{count} {verdict}" for verdict, count in whole.verdicts.items())
    seed = f", seed {whole.seed}" if whole.seed else ""
    return _text(f"{told}  target: {whole.target}{seed}", "dim")


def _tell_row(row: Row, console: Console) -> None:
    said = row.injection
    console.print(Text.assemble((visible(said.id), "bold"), f"  {visible(said.title)}"))
    for outcome in row.outcomes.values():
        console.print(Text.assemble(f"  {outcome.act}: ", _mark(outcome)))
        if outcome.reason:
            console.print(_text(f"      {outcome.reason}", "bold red"))
        # The first check of the harm is of the start.
        checks = StepView(None, list(outcome.events)).of("check")[1:]
        for check in checks:
            console.print(_text(f"      {'✓' if check['passed'] else '✗'} {check['name']}"))
            for head, text in describe_check(check):
                short = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
                console.print(_text(f"          {head}: {short}", "dim"))


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
