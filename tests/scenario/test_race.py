"""`races`: requests that meet inside the server, the same way each time."""

from __future__ import annotations

import pytest

from harness.document import DocumentError
from harness.scenario.runner import Player
from harness.scenario.targets import InProcess, Loopback, Target
from tests.scenario.theatre import checks_of, events_of, play_on_mock, scenario_of

BOTH = """\
  - olivia races:
      at: grant.merge
      together:
        - olivia approves: {session: s1, in: first, scopes: [org:write]}
          expect: {status: 200, json: {scopes: ["org:write"]}}
        - olivia approves: {session: s1, in: first, scopes: [team:admin]}
          expect: {json: {scopes: ["org:write", "team:admin"]}}
    expect:
      grants: [{for: olivia, session: s1, scopes: [org:write, team:admin]}]
"""


def play(steps: str, target: Target) -> dict[str, bool]:
    with Player(target) as player:
        result = player.play(scenario_of(steps))
    return checks_of(result)


@pytest.mark.parametrize("target", [InProcess(), Loopback()], ids=["in process", "loopback"])
def test_what_goes_on_in_order_gives_the_same_each_time(target: Target) -> None:
    assert play(BOTH, target) == {
        "1. olivia approves: status": True,
        "1. olivia approves: json": True,
        "2. olivia approves: status": True,
        "2. olivia approves: json": True,
        "grants": True,
    }


def test_an_overlap_shows_what_is_unlocked() -> None:
    checks = play(BOTH, InProcess(weaknesses=("grant-merged-unlocked",)))
    assert checks["grants"] is False
    assert checks["1. olivia approves: status"] is True


def test_both_have_passed_the_checks_before_either_writes() -> None:
    result = play_on_mock(
        """\
  - operator plants grant: {for: olivia, in: first, session: s1, scopes: [org:write]}
  - agent mints: {for: olivia, in: first, session: s1, as: wide}
  - operator races:
      at: call.allowed
      together:
        - agent calls: {with: wide, put: "/api/0/organizations/{first}/", json: {name: One}}
        - agent calls: {with: wide, put: "/api/0/organizations/{first}/", json: {name: Two}}
  - agent calls: {with: wide, get: "/api/0/organizations/{first}/"}
    expect: {json: {name: Two}}
"""
    )
    assert result.outcome == "passed", result.reason
    remarks = [remark["text"] for remark in events_of(result, "remark")]
    assert remarks == ["2 requests meet at call.allowed, then go on in this order"]


def test_one_that_is_refused_before_keeps_nobody_waiting() -> None:
    result = play_on_mock(
        """\
  - operator races:
      at: grant.merge
      together:
        - anonymous approves: {session: s1, in: first, scopes: [org:write]}
          expect: {status: 403}
        - olivia approves: {session: s1, in: first, scopes: [org:write]}
"""
    )
    assert result.outcome == "passed", result.reason


def test_tokens_of_a_race_can_be_used_afterwards() -> None:
    result = play_on_mock(
        """\
  - olivia signs in: {}
  - olivia races:
      at: grant.read
      together:
        - agent mints: {for: olivia, in: first, session: s1, as: one}
        - agent mints: {for: olivia, in: first, session: s2, as: two}
          expect: {scopes: {excludes: [org:write]}}
  - agent calls: {with: two, get: "/api/0/organizations/{first}/"}
"""
    )
    assert result.outcome == "passed", result.reason


def test_the_failed_check_says_which_of_them_it_was() -> None:
    result = play_on_mock(BOTH.replace('["org:write", "team:admin"]}}', "[]}}"))
    assert result.outcome == "failed"
    assert result.reason.endswith("2. olivia approves: json")


def test_a_plan_has_each_request() -> None:
    with Player(InProcess()) as player:
        result = player.play(scenario_of(BOTH), planned=True)
    sent = [event for event in events_of(result, "exchange") if event["purpose"] == "step"]
    assert len(sent) == 2


def test_no_such_point() -> None:
    result = play_on_mock(BOTH.replace("grant.merge", "grant.nowhere"))
    (check,) = (check for check in events_of(result, "check") if not check["passed"])
    assert check["message"] == "no requests can meet at 'grant.nowhere': status 400"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("- olivia approves: {session: s1, in: first, scopes: [org:write]}", "- expect: {}", "one"),
        (
            "olivia approves: {session: s1, in: first, s",
            "olvia approves: {session: s1, s",
            "olivia",
        ),
        (
            "olivia approves: {session: s1, in: first, scopes: [org:write]}",
            "olivia signs in: {}",
            "",
        ),
        ("scopes: [org:write]}\n", "scopes: 5}\n", "scopes"),
        (
            "session: s1, in: first, scopes: [org:w",
            "session: s1, in: frist, scopes: [org:w",
            "'first'",
        ),
        ("{status: 200, json", "{status: 20, json", "status"),
        ("{status: 200,", "{unchanged: /api/0/, status: 200,", "of the race as a whole"),
    ],
)
def test_mistakes(old: str, new: str, told: str) -> None:
    assert old in BOTH
    with pytest.raises(DocumentError) as raised:
        scenario_of(BOTH.replace(old, new, 1))
    assert any(told in str(mistake) for mistake in raised.value.mistakes)
    assert all(mistake.line for mistake in raised.value.mistakes)


def test_it_needs_the_control_api() -> None:
    assert "'races'" in scenario_of(BOTH).control
