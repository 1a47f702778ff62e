"""A proof as one page: attacks × weaknesses as a picture, each cell with its evidence.

Like the page of a run it is one file that loads nothing. Rows are weaknesses by defence,
the sound server above them; columns are attacks by category. It is written out in full,
so that it can be read without scripts; the script moves between cells by the arrow keys,
says what a cell means, and finds rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from harness.report.page import asset, environment, policy
from harness.report.steps import StepView, describe_check, describe_exchange
from harness.report.text import visible
from harness.scenario.proof import SOUND, AttackInfo, Cell, Proof, WeaknessInfo

# In words, and as they stand in a cell.
MARKS: Mapping[str, tuple[str, str]] = {
    "listed": ("●", "broke, as the attack lists"),
    "broken": ("○", "broke, though the attack does not list it"),
    "held": ("·", "held"),
    "unreached": ("", "held: the attack never comes to this defence"),
    "unplayed": ("", "not played: a browser is kept for weaknesses that the attack lists"),
    "inconclusive": ("?", "inconclusive: the attack could not be judged there"),
    "missed": ("✗", "did not break, though the attack lists it"),
    "sound": ("✓", "held on the sound server"),
    "fallen": ("✗", "broke the sound server"),
}


@dataclass(frozen=True)
class CellView:
    """A cell of the picture; `anchor` is where its evidence is, or empty."""

    kind: str
    anchor: str
    label: str


@dataclass(frozen=True)
class RowView:
    """A weakness with its cells, in the order of the attacks."""

    weakness: WeaknessInfo
    cells: list[CellView]
    breakers: list[str]


@dataclass(frozen=True)
class EvidenceView:
    """What is shown of a cell that was broken or inconclusive, or of the sound server."""

    anchor: str
    cell: Cell
    kind: str
    steps: list[Mapping[str, Any]]
    checks: list[tuple[str, list[tuple[str, str]]]]
    exchanges: list[str]


def render_table(proof: Proof) -> str:
    """The page; the same proof gives the same bytes."""
    style = f"{asset('report.css')}\n{asset('table.css')}"
    script = asset("table.js")
    rows = [_row(proof, weakness) for weakness in proof.weaknesses]
    page = environment().get_template("table.html.j2")
    return page.render(
        policy=policy(style, script),
        style=style,
        script=script,
        stands=proof.exit_code == 0,
        conclusion=proof.conclusion,
        counts=proof.counts,
        problems=[visible(problem.message) for problem in proof.problems],
        categories=[(name, len(list(group))) for name, group in _by_category(proof)],
        attacks=proof.attacks,
        played={weakness.id for weakness in proof.weaknesses},
        sound=[_sound_cell(cell) for cell in proof.sound.values()],
        groups=[(name, list(group)) for name, group in groupby(rows, lambda r: r.weakness.defence)],
        evidence=list(_list_evidence(proof)),
        marks=MARKS,
        seed=visible(proof.seed),
        anchor_of=anchor_of,
        visible=visible,
    )


def anchor_of(weakness: str, attack: str) -> str:
    """The id of a cell's evidence; `SOUND` is no weakness."""
    return f"{attack}--{weakness or 'sound'}"


def _by_category(proof: Proof) -> Iterator[tuple[str, Iterator[AttackInfo]]]:
    return groupby(proof.attacks, lambda attack: attack.category)


def _row(proof: Proof, weakness: WeaknessInfo) -> RowView:
    row = proof.cells[weakness.id]
    cells = []
    for attack in proof.attacks:
        cell = row[attack.id]
        kind = _kind(cell, listed=weakness.id in attack.breaks_on)
        told = kind in ("listed", "broken", "inconclusive")
        cells.append(
            CellView(
                kind=kind,
                anchor=anchor_of(weakness.id, attack.id) if told else "",
                label=f"{attack.id} on {weakness.id}: {MARKS[kind][1]}",
            )
        )
    return RowView(weakness, cells, proof.breakers(weakness.id))


def _kind(cell: Cell, *, listed: bool) -> str:
    if cell.mark == "broken":
        return "listed" if listed else "broken"
    if cell.mark == "inconclusive":
        return "inconclusive"
    return "missed" if listed else cell.mark


def _sound_cell(cell: Cell) -> CellView:
    kind = {"held": "sound", "broken": "fallen"}.get(cell.mark, "inconclusive")
    label = f"{cell.attack}: {MARKS[kind][1]}"
    return CellView(kind, anchor_of(SOUND, cell.attack), label)


def _list_evidence(proof: Proof) -> Iterator[tuple[AttackInfo, list[EvidenceView]]]:
    """By attack: the sound server first, then each weakness that it broke on."""
    for attack in proof.attacks:
        views = [_evidence(proof.sound[attack.id], _sound_cell(proof.sound[attack.id]).kind)]
        for weakness in proof.weaknesses:
            cell = proof.cells[weakness.id][attack.id]
            if cell.mark in ("broken", "inconclusive"):
                listed = weakness.id in attack.breaks_on
                views.append(_evidence(cell, _kind(cell, listed=listed)))
        yield attack, views


def _evidence(cell: Cell, kind: str) -> EvidenceView:
    last = StepView(None, list(cell.events))
    return EvidenceView(
        anchor=anchor_of(cell.weakness, cell.attack),
        cell=cell,
        kind=kind,
        steps=list(cell.steps),
        checks=[
            (
                visible(check["name"]),
                [(head, visible(text)) for head, text in describe_check(check)],
            )
            for check in last.failed
        ],
        exchanges=[
            visible("\n".join(describe_exchange(exchange))) for exchange in last.of("exchange")
        ],
    )
