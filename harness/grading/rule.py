"""What a rule is, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from harness.grading.case import Case, Ref
from harness.grading.task import Task

Outcome = Literal["passed", "failed", "not seen", "not judged"]
"""`not seen`: the situation that the rule is about never came up. `not judged`: something is
needed for it that nobody gave."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: where it is written, what was expected, and what came."""

    refs: tuple[Ref, ...]
    expected: str
    came: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one rule; `told` says in a few words what it rests on."""

    rule: str
    outcome: Outcome
    told: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule makes of a case: breaches, and how often its situation came up.

    `unjudged`: why the rule could not be judged at all.
    """

    seen: int
    findings: tuple[Finding, ...] = ()
    unjudged: str = ""


Judge = Callable[[Case, Task | None], Judged]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of good conduct. `situation`: what has to come up so that it can be broken."""

    id: str
    title: str
    why: str
    situation: str
    judge: Judge


def collect(seen: int, findings: Iterable[Finding]) -> Judged:
    """The judgement; a breach is also a time that the situation came up."""
    found = tuple(findings)
    return Judged(max(seen, len(found)), found)
