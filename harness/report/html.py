"""A run as one page: what came of it, and for each scenario who did what, with the evidence.

The page is one file. It loads nothing and runs one script, its own, which its content
security policy names by hash; whatever a server sent reaches the page as data in JSON,
and from there as text. Without scripts the outcomes and reasons can still be read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.evidence import describe_run
from harness.report.page import asset, environment, policy
from harness.report.parties import Parties
from harness.report.text import visible
from harness.scenario.result import Result, Run

# The worst first, in summaries.
_ORDER = ("broken", "failed", "inconclusive", "held", "passed", "planned")
_FAULTS = frozenset(_ORDER[:3])
# What could end a script element, begin markup in it, or end a line of a script.
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


@dataclass(frozen=True)
class Entry:
    """A scenario in the list of the page; `anchor` is its id there."""

    anchor: str
    id: str
    title: str
    verdict: str
    reason: str
    held: int
    checks: int


def render_html(run: Run) -> str:
    """The page; the same run gives the same bytes."""
    entries = list_entries(run.results)
    verdicts = Counter(entry.verdict for entry in entries)
    counts = [(verdict, verdicts[verdict]) for verdict in _ORDER if verdicts[verdict]]
    style = f"{asset('report.css')}\n{asset('sequence.css')}"
    script = f"{asset('sequence.js')}\n{asset('report.js')}"
    page = environment().get_template("report.html.j2")
    return page.render(
        policy=policy(style, script),
        style=style,
        script=script,
        evidence=embed(describe_run(run)),
        summary=", ".join(f"{count} {verdict}" for verdict, count in counts) or "nothing played",
        counts=counts,
        bar=_bar(counts),
        entries=entries,
        faults=[entry for entry in entries if entry.verdict in _FAULTS],
        actors=_actors(run.results),
        held=sum(entry.held for entry in entries),
        checks=sum(entry.checks for entry in entries),
        target=visible(run.target),
        seed=visible(run.seed),
    )


def list_entries(results: Sequence[Result]) -> list[Entry]:
    """The scenarios in their order, each with an anchor of its own."""
    taken: Counter[str] = Counter()
    entries = []
    for result in results:
        name = re.sub(r"[^\w-]+", "-", result.scenario, flags=re.ASCII) or "scenario"
        taken[name] += 1
        held, checks = result.checks
        entries.append(
            Entry(
                # A step has its number behind a dot; a tilde is in no other name.
                anchor=name if taken[name] == 1 else f"{name}~{taken[name]}",
                id=visible(result.scenario),
                title=visible(result.title),
                verdict=result.word,
                reason=visible(result.reason),
                held=held,
                checks=checks,
            )
        )
    return entries


def embed(data: Mapping[str, Any]) -> str:
    """`data` as JSON that can stand in a script element of any page."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED)


def _bar(counts: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
    """Verdict, start and length of each part of the bar, in scenarios."""
    start = 0
    for verdict, count in counts:
        yield verdict, start, count
        start += count


def _actors(results: Sequence[Result]) -> list[str]:
    names = {party.name for result in results for party in Parties(result).acting()}
    return sorted(map(visible, names))
