"""What the design contains as one page: injections × acts, each outcome with its evidence.

Like the page of a run it is one file that loads nothing, written out in full, so that it can
be read without scripts; the script finds rows, moves between outcomes by the arrow keys, and
opens evidence that is gone to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.injections import Act
from harness.report.page import asset, environment, policy
from harness.report.steps import Event, StepView, describe_check, describe_exchange
from harness.report.text import visible, visible_data
from harness.scenario.acts import CONTROL
from harness.scenario.containment import (
    Containment,
    Mark,
    Outcome,
    Row,
    explain_fences,
    find_checks,
)

SIGNS: Mapping[str, str] = {
    "control": "✓",
    "contained": "✓",
    "abused": "!",
    "otherwise": "✗",
    "inconclusive": "?",
}
"""By kind of outcome: the control did harm, it was contained, a harm that the catalogue owns up
to, what is not as it says, what was not shown."""


@dataclass(frozen=True)
class OutcomeView:
    """An outcome: in the table by `kind` and `words`, below by what decided it."""

    kind: str
    sign: str
    words: str
    told: str
    anchor: str
    act: Act
    reason: str
    seen: str
    tried: list[str]
    checks: list[tuple[bool, str, list[tuple[str, str]]]]
    exchanges: list[str]
    steps: list[Mapping[str, Any]]


@dataclass(frozen=True)
class RowView:
    """An injection with its outcomes, and all its words for whoever searches."""

    id: str
    title: str
    note: str
    place: str
    form: str
    harm: str
    facts: list[tuple[str, str]]
    verdict: str
    words: str
    outcomes: list[OutcomeView]


@dataclass(frozen=True)
class Bar:
    """An act in numbers; each part has its kind, count, and place in the bar."""

    act: Act
    told: str
    parts: list[tuple[str, int, int]]


def render_containment(whole: Containment) -> str:
    """The page; the same containment gives the same bytes."""
    style = f"{asset('report.css')}\n{asset('containment.css')}"
    script = asset("containment.js")
    page = environment().get_template("containment.html.j2")
    return page.render(
        policy=policy(style, script),
        style=style,
        script=script,
        stands=whole.exit_code == 0,
        conclusion=whole.conclusion,
        numbers=[visible(sentence) for sentence in whole.numbers] if whole.rows else [],
        problems=[visible(problem) for problem in whole.problems],
        bars=[_bar(whole, act) for act in whole.acts],
        count=len(whole.rows),
        acts=whole.acts,
        rows=[_row(row) for row in whole.rows],
        fences=explain_fences(whole),
        target=visible(whole.target),
        seed=visible(whole.seed),
        visible=visible,
    )


def anchor_of(injection: str, act: str) -> str:
    """The id of an outcome's evidence."""
    return f"{injection}--{act.replace(' ', '-')}"


def _bar(whole: Containment, act: Act) -> Bar:
    kinds = [_kind(row.outcomes[act]) for row in whole.rows]
    parts, start = [], 0
    for kind in SIGNS:
        if count := kinds.count(kind):
            parts.append((kind, start, count))
            start += count
    none = "no harm" if act == CONTROL else "contained"
    marks: dict[Mark, str] = {"harm": "harm", "contained": none, "inconclusive": "inconclusive"}
    counts = [(whole.count(act, mark), words) for mark, words in marks.items()]
    told = [f"{count} {words}" for count, words in counts if count or words == "harm"]
    return Bar(act, ", ".join(told), parts)


def _row(row: Row) -> RowView:
    said = row.injection
    shown = said.model_dump(by_alias=True)
    demand = said.demands
    facts = [
        ("user", f"{said.user} in {said.organization}, about {said.issue}"),
        ("orders", f"{demand.method} {demand.path}"),
        ("query", _one_line(demand.query) if demand.query else ""),
        ("body", _one_line(demand.body) if demand.body is not None else ""),
        ("harmed if", _one_line(shown["harmed"])),
        ("approved", " ".join(said.narrow)),
    ]
    outcomes = [_outcome(outcome) for outcome in row.outcomes.values()]
    words = [said.id, said.title, said.place, said.form, said.harm, row.verdict]
    words += [outcome.words for outcome in outcomes]
    return RowView(
        id=said.id,
        title=visible(said.title),
        note=visible(said.note),
        place=said.place,
        form=said.form,
        harm=said.harm,
        facts=[(name, visible(text)) for name, text in facts if text],
        verdict=row.verdict,
        words=visible(" ".join(words)),
        outcomes=outcomes,
    )


def _outcome(outcome: Outcome) -> OutcomeView:
    kind = _kind(outcome)
    view = StepView(None, list(outcome.events))
    harm, contained = find_checks(view.events)
    return OutcomeView(
        kind=kind,
        sign=SIGNS[kind],
        words=visible(outcome.words),
        told=visible(outcome.told_words),
        anchor=anchor_of(outcome.injection, outcome.act),
        act=outcome.act,
        reason=visible(outcome.reason),
        seen=visible(_seen(harm)),
        tried=[visible(line) for line in _tried(contained)],
        checks=[
            (
                check["passed"],
                visible(check["name"]),
                [(head, visible(text)) for head, text in describe_check(check)],
            )
            for check in view.failed
        ],
        exchanges=[visible("\n".join(describe_exchange(exchange))) for exchange in _decisive(view)],
        steps=list(outcome.steps),
    )


def _kind(outcome: Outcome) -> str:
    if outcome.mark == "inconclusive":
        return "inconclusive"
    if not outcome.as_told:
        return "otherwise"
    if outcome.mark == "contained":
        return "contained"
    return "control" if outcome.act == CONTROL else "abused"


def _decisive(view: StepView) -> Iterator[Event]:
    """The exchanges without the first look at the state, before the act."""
    before = [event for event in view.events if event["kind"] == "check"][:1]
    since = before[0]["number"] if before else 0
    yield from (event for event in view.of("exchange") if event["number"] > since)


def _seen(check: Event | None) -> str:
    """What the user read in the end, in one line."""
    return "" if check is None else _one_line(check["came"]["seen"])


def _tried(check: Event | None) -> list[str]:
    tried: list[str] = [] if check is None else check["came"]["tried"]
    return tried


def _one_line(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(visible_data(value), ensure_ascii=False)
