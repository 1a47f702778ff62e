"""`asks`, `continues`, `answers`, `interrupts` and `directs agent`: users talk with Seer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.document import DocumentError
from harness.resources import locate
from harness.scenario.loader import load_scenario
from harness.scenario.model import Scenario
from harness.scenario.play import play
from harness.scenario.result import Result
from harness.scenario.runner import Player
from harness.scenario.seer import summarise
from harness.scenario.targets import InProcess, Loopback, Target, Venue
from harness.scenario.verdict import CAN_BE_DONE
from harness.wsgi import WsgiTransport
from tests.scenario.theatre import (
    CAST,
    StandIn,
    checks_of,
    described,
    events_of,
    play_on_mock,
    scenario_of,
)

ASK = "  - olivia asks: {in: first, query: Rename this organization to Initech, as: run}\n"
NAME = '  - olivia calls: {get: "/api/0/organizations/{first}/"}\n'
SEER = {
    "url": "http://seer.test",
    "control": {"url": "http://seer.test/control", "token": "control-token-of-seer"},
}

WHOLE = (
    ASK
    + """\
    expect:
      run:
        status: awaiting_user_input
        said: ["May I have org:write, for PUT /api/0/organizations/acme/?"]
        calls: [$any, "PUT /api/0/organizations/acme/ → 403 insufficient_scope"]
        pending_user_input: {id: {$regex: "[0-9]+-1"}, data: {scopes: [org:write]}}
  - olivia answers: {run: run, decision: approve}
    expect: {status: 200, run: {status: completed, pending_user_input: null}}
"""
    + NAME
    + "    expect: {json: {name: Initech}}\n"
    + """\
  - olivia continues: {run: run, query: What can you do?}
    expect: {run: {status: completed}}
  - operator reads grants: {}
    expect: {json: {grants: [{session: "{session.run}"}]}}
"""
)


def played(steps: str, **more: Any) -> Result:
    result = play_on_mock(steps, **more)
    assert result.outcome == "passed", (result.reason, checks_of(result))
    return result


def test_a_user_asks_approves_and_goes_on() -> None:
    played(WHOLE)


def test_a_user_who_rejects_is_left_in_peace() -> None:
    played(
        ASK
        + """\
  - olivia answers: {run: run, decision: reject}
    expect:
      json: {decision: reject, reason: null}
      run: {status: completed}
  - olivia answers: {run: run, decision: reject, input: "1-1"}
    expect: {status: 409}
"""
        + NAME
        + "    expect: {json: {name: Acme}}\n"
    )


def test_half_a_yes_is_none() -> None:
    played(
        ASK
        + """\
  - olivia answers: {run: run, decision: approve, scopes: [team:write]}
    expect:
      json: {decision: reject, reason: insufficient_scope}
      run: {status: completed}
"""
    )


def test_an_answer_to_another_question_is_refused() -> None:
    played(
        ASK
        + """\
  - olivia answers: {run: run, decision: approve, input: "9-9"}
    expect: {status: 409, run: {status: awaiting_user_input}}
  - olivia interrupts: {run: run}
    expect: {run: {status: completed, pending_user_input: null}}
"""
    )


def test_a_directed_agent_acts_with_the_users_session() -> None:
    played(
        """\
  - operator directs agent: {script: rename-the-organization, as: olivia}
"""
        + ASK
        + """\
    expect: {run: {status: completed, pending_user_input: null}}
"""
        + NAME
        + "    expect: {json: {name: Initech}}\n"
    )


def test_a_script_that_is_not_there() -> None:
    played("  - operator directs agent: {script: no-such-script}\n    expect: {status: 404}\n")


def test_runs_are_those_of_their_users() -> None:
    played(
        ASK
        + """\
  - mel calls:
      get: "/api/0/organizations/{first}/seer/explorer-chat/{run.run_id}/"
      using: session
    expect: {status: 404}
  - olivia calls: {get: "/api/0/organizations/{first}/seer/explorer-runs/", using: session}
    expect: {json: [{run_id: "{run.run_id}"}]}
"""
    )


def test_a_refused_question_tells_why_the_rest_cannot_be_done() -> None:
    result = play_on_mock(
        """\
  - operator switches feature: {in: first, feature: "organizations:seer-explorer", on: false}
  - olivia asks: {in: first, query: Hello, as: run}
    expect: {status: 404}
  - olivia continues: {run: run, query: Hello}
"""
    )
    assert result.outcome == "failed"
    assert checks_of(result)[CAN_BE_DONE] is False
    assert "the run 'run' did not begin" in str(events_of(result, "check")[-1])


MISTAKES: list[tuple[str, str]] = [
    ("  - olivia asks: {in: first, query: x}\n", "7:18"),
    ("  - olivia asks: {in: frist, query: x, as: run}\n", "did you mean 'first'?"),
    ("  - olivia asks: {in: first, query: 7, as: run}\n", "query"),
    ("  - olivia asks: {in: first, query: x, as: Run}\n", "as"),
    ("  - agent asks: {in: first, query: x, as: run}\n", "asks"),
    ("  - operator asks: {in: first, query: x, as: run}\n", "asks"),
    ("  - olivia continues: {run: rnu, query: x}\n", "no run 'rnu' began before"),
    (ASK + "  - olivia continues: {run: rnu, query: x}\n", "did you mean 'run'?"),
    (ASK + ASK, "'run' already names something else"),
    (ASK + "  - olivia answers: {run: run, decision: maybe}\n", "decision"),
    (ASK + "  - olivia answers: {run: run}\n", "decision"),
    ("  - olivia interrupts: {run: run}\n", "no run 'run' began before"),
    ("  - olivia directs agent: {script: x}\n", "directs agent"),
    ("  - operator directs agent: {script: x, as: nobody}\n", "nobody"),
    ("  - attacker signs: {sign with: none, as: x}\n", "expected either context or body"),
    ("  - attacker signs: {context: {}, body: {}, sign with: none, as: x}\n", "either context"),
    ("  - attacker signs: {body: {a: {$plsu: 1s}}, sign with: none, as: x}\n", "'$plus'"),
]


@pytest.mark.parametrize(("steps", "told"), MISTAKES)
def test_a_mistake_is_told_at_its_line(steps: str, told: str) -> None:
    with pytest.raises(DocumentError) as raised:
        scenario_of(steps)
    line = len(CAST.splitlines()) + 3 + len(steps.splitlines())
    mistakes = [str(mistake) for mistake in raised.value.mistakes]
    if told == "7:18":
        told = ".as"
    assert any(told in mistake for mistake in mistakes), mistakes
    assert all(mistake.startswith(f"one.yaml:{line}:") for mistake in mistakes), mistakes


def plan_of(scenario: Scenario) -> list[str]:
    with Player(InProcess()) as player:
        result = player.play(scenario, planned=True)
    assert result.outcome == "planned", result.reason
    return [
        f"{event['server']} {event['method']} {event['url']}"
        for event in events_of(result, "exchange")
        if event["purpose"] == "step"
    ]


def test_a_plan_names_the_run_and_sends_nothing() -> None:
    planned = plan_of(
        scenario_of(
            ASK + "  - olivia continues: {run: run, query: x}\n  - olivia interrupts: {run: run}\n"
        )
    )
    root = "http://sentry.test/api/0/organizations/acme/seer"
    assert planned == [
        f"sentry POST {root}/explorer-chat/",
        f"sentry POST {root}/explorer-chat/%3Crun%3E/",
        f"sentry POST {root}/explorer-update/%3Crun%3E/",
    ]


@pytest.mark.parametrize(
    ("seer", "steps", "told"),
    [
        (None, ASK, "this target has no Seer with a control API for 'asks'"),
        ({"url": "http://seer.test"}, ASK, "no Seer with a control API for 'asks'"),
        (None, "  - operator directs agent: {script: x}\n", "'operator directs agent'"),
        (None, "  - anonymous calls: {to: seer, get: /health/}\n", "'calls' to Seer"),
    ],
)
def test_a_target_without_seer_is_inconclusive_and_says_why(
    seer: Any, steps: str, told: str
) -> None:
    app = StandIn()
    transport = WsgiTransport(app)
    venue = Venue(described(seer=seer), transport, transport, None, seer_transport=transport)
    result = play(scenario_of(steps), venue, target="a stand-in")
    assert result.outcome == "inconclusive"
    assert told in result.reason
    assert app.seen == []


def test_runs_that_do_not_settle_are_inconclusive() -> None:
    app = StandIn(
        {
            "*": (200, {}, {"run_id": 5, "exchanges": [], "records": []}),
            "GET /auth/login/": (200, {}, ""),
            "POST /auth/login/": (
                302,
                [("Set-Cookie", "sentrysid=cookie-of-it"), ("Set-Cookie", "sc=csrf-of-it")],
                "",
            ),
            "POST /control/settle/": (504, {}, {"detail": "A run is still at work."}),
            "POST /control/reset/": (204, {}, ""),
        }
    )
    transport = WsgiTransport(app)
    venue = Venue(described(seer=SEER), transport, transport, None, seer_transport=transport)
    result = play(scenario_of(ASK), venue, target="a stand-in")
    assert (result.outcome, result.reason) == (
        "inconclusive",
        "Seer's runs did not come to an end: status 504",
    )


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"blocks": None},
        {"blocks": "text"},
        {"blocks": [None, 7, {}, {"message": None}, {"message": []}]},
        {"blocks": [{"message": {"role": "assistant", "tool_calls": [7, None]}}]},
        {"blocks": [{"message": {"tool_calls": "x"}}]},
    ],
)
def test_a_state_of_any_kind_can_be_summarised(state: dict[str, Any]) -> None:
    summary = summarise(state)
    assert all(said is None for said in summary["said"])
    assert summary["calls"] == []


Make = Callable[[], Target]


def told_by(target: Target, scenario: Scenario, times: int) -> set[str]:
    """The distinct transcripts of so many plays."""
    with Player(target) as player:
        return {json.dumps(player.play(scenario).events) for _ in range(times)}


def test_one_scenario_has_one_transcript() -> None:
    """However its threads happened to run."""
    scenario = load_scenario(locate("scenarios") / "flow" / "seer-asks-and-writes.yaml")
    assert len(told_by(InProcess(), scenario, 20)) == 1
    assert len(told_by(Loopback(), scenario, 5)) == 1


def test_in_process_and_on_loopback_the_same_is_told() -> None:
    scenario = scenario_of(WHOLE)

    def gist(target: Target) -> list[Any]:
        with Player(target) as player:
            result = player.play(scenario)
        assert result.outcome == "passed", result.reason
        return [
            (e.get("actor"), e.get("server"), e["method"], e["status"])
            if e["kind"] == "exchange"
            else (e["kind"], e.get("name"), e.get("passed"), (e.get("record") or {}).get("route"))
            for e in result.events
        ]

    assert gist(InProcess()) == gist(Loopback())
