"""A proof on the terminal: progress, the table by weakness, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from harness.report.steps import StepView, describe_check
from harness.report.text import visible
from harness.scenario.proof import AttackInfo, Cell, Mark, Proof
from harness.scenario.prover import Progress as OnProgress
from harness.scenario.result import FAILED

_STYLES: dict[Mark, str] = {
    "held": "green",
    "broken": "bold red",
    "inconclusive": "yellow",
    "unreached": "dim",
    "unplayed": "dim",
}
_MOST_CHARACTERS = 300


@contextmanager
def show_progress(console: Console) -> Iterator[OnProgress]:
    """What to give `prove` as `on_progress`: a bar, on a terminal only."""
    if not console.is_terminal:
        yield lambda _done, _all, _label: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("playing", total=None)

        def note(done: int, whole: int, label: str) -> None:
            progress.update(task, completed=done, total=whole, description=visible(label))

        yield note


def print_proof(proof: Proof, console: Console, *, verbose: bool = False) -> None:
    """The table and the conclusions; `verbose` tells the evidence of each break."""
    if verbose:
        for attack in proof.attacks:
            _tell_attack(proof, attack, console)
    if proof.attacks:
        console.print(_table(proof))
        console.print(_summary(proof))
    for problem in proof.problems:
        style = "yellow" if problem.kind == "inconclusive when sound" else "bold red"
        console.print(_text(f"✗ {problem.message}", style))
    style = {0: "bold green", FAILED: "bold red"}.get(proof.exit_code, "yellow")
    console.print(_text(proof.conclusion, style))
    if proof.left_out:
        count = len(proof.left_out)
        needs = f"{count} attack{'s need' if count != 1 else ' needs'} a browser"
        console.print(_text(f"{needs}: prove --browser", "yellow"))


def _table(proof: Proof) -> Table:
    """A row for each weakness: the attacks that list it, and others that break on it too."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("weakness", overflow="fold")
    table.add_column("by attacks that list it", overflow="fold")
    table.add_column("others", justify="right")
    for weakness in proof.weaknesses:
        listing = [attack.id for attack in proof.attacks if weakness.id in attack.breaks_on]
        breaking = proof.breakers(weakness.id)
        others = [name for name in breaking if name not in listing]
        found = "" if breaking else "bold red"
        table.add_row(
            _text(weakness.id, found),
            _marks([proof.cells[weakness.id][name] for name in listing]),
            _text(str(len(others)) if others else "", "dim"),
        )
    return table


def _marks(cells: Sequence[Cell]) -> Text:
    """Attacks in the colour of what they should have done."""
    if not cells:
        return _text("none lists it", "dim")
    told = Text()
    for cell in cells:
        told.append(", " if told else "")
        style = "green" if cell.mark == "broken" else "bold red"
        told.append(visible(cell.attack), style)
        if cell.mark != "broken":
            told.append(f" ({cell.mark})", style)
    return told


def _summary(proof: Proof) -> Text:
    text = Text()
    for mark, count in proof.counts.items():
        text.append(f"{count} {mark}", _STYLES[mark]).append("  ")
    held = sum(cell.mark == "held" for cell in proof.sound.values())
    text.append(f"sound server: {held} of {len(proof.attacks)} held", "dim")
    return text.append(f", seed {proof.seed}", "dim")


def _tell_attack(proof: Proof, attack: AttackInfo, console: Console) -> None:
    sound = proof.sound[attack.id]
    heading = Text.assemble(
        (f"{sound.mark}  ", _STYLES[sound.mark]),
        (visible(attack.id), "bold"),
        f"  {visible(attack.title)}",
    )
    console.print(heading)
    if sound.reason:
        console.print(_text(f"  on the sound server: {sound.reason}", "bold red"))
        _tell_checks(sound, console)
    for weakness in proof.weaknesses:
        cell = proof.cells[weakness.id][attack.id]
        listed = weakness.id in attack.breaks_on
        if cell.mark in ("broken", "inconclusive") or listed:
            mark = "as listed" if listed and cell.mark == "broken" else cell.mark
            style = "green" if mark == "as listed" else _STYLES[cell.mark]
            told = Text.assemble("  ", (f"{mark}  ", style), visible(weakness.id))
            console.print(told.append(f"  {visible(cell.reason)}", "dim"))
            _tell_checks(cell, console)


def _tell_checks(cell: Cell, console: Console) -> None:
    for check in StepView(None, list(cell.events)).failed:
        console.print(_text(f"      ✗ {check['name']}", "red"))
        for head, text in describe_check(check):
            short = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
            console.print(_text(f"          {head}: {short}"))


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
