"""Runs to render: one of each outcome, and one whose server says wicked things."""

from __future__ import annotations

from typing import Any

from harness.scenario.result import Result, Run
from harness.scenario.runner import plan_scenarios, run_scenarios
from harness.scenario.targets import InProcess
from tests.scenario.theatre import StandIn, play_on, scenario_of

GOOD = '  - mel calls: {get: "/api/0/organizations/{first}/"}\n    note: Look here.\n'
BAD = GOOD + "    expect: {status: 418, json: {slug: nothing}}\n"
NOBODY = "cast: {organizations: [a], users: {kim: {role: owner, of: a, not in: a}}}\n"
# A terminal's escape, characters that XML has no way to write, reversed text.
WICKED = "\x1b[2J\x00]]>&<b>\u202egpj.exe\ufffe"


def played() -> Run:
    """One passed, one failed, one inconclusive, on the mock."""
    return run_scenarios(
        [
            scenario_of(GOOD, id="good", title="It holds"),
            scenario_of(BAD, id="bad", title="It does not"),
            scenario_of("  - kim signs in:\n", cast=NOBODY, id="nobody", title="Nobody plays"),
        ],
        InProcess(),
    )


def planned() -> Run:
    """One that was only planned."""
    steps = GOOD + "  - mel approves: {in: first, session: s1, scopes: [a]}\n"
    return plan_scenarios([scenario_of(steps, id="plan")], InProcess())


def wicked() -> Run:
    """A failed one, from a server that answers with what should not be shown as it is."""
    answer: Any = (200, {"X-Odd": "\x9b31m"}, WICKED)
    steps = (
        "  - mel calls: {get: /x}\n    expect: {headers: {X-Odd: fine}, text: {contains: fine}}\n"
    )
    result: Result = play_on(StandIn({"*": answer}), steps)
    return Run("a stand-in", "", [result])
