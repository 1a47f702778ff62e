"""How a scenario is played: outcomes and reasons, resets, records, plans, many at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.deployment import Deployment, deploy, serving
from harness.scenario.answer import Answer
from harness.scenario.description import Description
from harness.scenario.hands import Jar, Said, Way
from harness.scenario.loader import load_scenarios
from harness.scenario.model import Scenario
from harness.scenario.play import play
from harness.scenario.result import Result
from harness.scenario.runner import Player, plan_scenarios, run_scenarios
from harness.scenario.targets import InProcess, Loopback, Running, Seed, Venue, read_description
from harness.scenario.windows import Window
from harness.scenario.wire import Wire
from harness.wsgi import WsgiTransport
from tests.scenario.theatre import (
    DESCRIPTION,
    Reply,
    StandIn,
    checks_of,
    described,
    events_of,
    play_on,
    play_on_mock,
    scenario_of,
)

ACCESS = {"url": "http://sentry.test/control", "token": "control-token-of-the-test"}
CONTROL: dict[str, Any] = {
    "POST /control/reset/": (204, {}, ""),
    "GET /control/audit/?since=0": (200, {}, {"records": []}),
}


@contextmanager
def running(**changes: Any) -> Iterator[tuple[Running, Deployment]]:
    """A mock Sentry on a port, as somebody else's server; keys of its description changed."""
    deployed = deploy("two-organizations", 1)
    with serving(deployed) as url:
        yield Running(read_description(deployed.describe(url) | changes)), deployed


def play_running(target: Running, scenario: Scenario) -> Result:
    with Player(target) as player:
        return player.play(scenario)


def test_what_is_missing_is_told_all_at_once_and_nothing_is_sent() -> None:
    app = StandIn()
    result = play_on(
        app,
        "  - service mints: {for: mel, in: first, session: s1}\n    expect: {audit: []}\n"
        "  - operator moves clock: {by: 1}\n",
        sentry={"url": "http://sentry.test"},
        organizations=DESCRIPTION["organizations"][:1],
    )
    assert result.outcome == "inconclusive"
    assert result.reason == (
        "2 organizations are needed; there are 1; "
        "this target has no control API for 'audit', 'operator moves clock'; "
        "this target tells no secret for a signed viewer context"
    )
    assert app.seen == []


def test_a_server_that_goes_away_makes_it_inconclusive() -> None:
    target = Running(described(sentry={"url": "http://127.0.0.1:9"}, control=None))
    result = play_running(target, scenario_of("  - mel calls: {get: /x}\n"))
    assert result.outcome == "inconclusive"
    assert result.reason.startswith("GET http://127.0.0.1:9/x: ConnectError")
    assert events_of(result, "exchange")[0]["status"] is None


def test_so_does_a_request_that_cannot_be_sent() -> None:
    steps = '  - mel calls: {get: "/x", headers: {X-A: "a\\nb"}}\n'
    with running(control=None) as (target, _):
        result = play_running(target, scenario_of(steps))
    assert result.outcome == "inconclusive"


def test_so_does_a_control_api_that_does_not_reset() -> None:
    app = StandIn({"*": (403, {}, {})})
    result = play_on(app, "  - mel calls: {get: /x}\n", control=ACCESS)
    assert result.outcome == "inconclusive"
    assert result.reason == "the control API did not reset: status 403"
    assert app.calls == []


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("audit/?since=0", (200, {}, {"records": [{"rule": "no number"}]})),
        ("audit/?since=0", (200, {}, {"records": 1})),
        ("audit/?since=0", (200, {}, {})),
        ("clock/", (200, {}, {"now": "yesterday"})),
        ("clock/", (500, {}, {})),
        ("grants/", (200, {}, {"grants": ["none"]})),
    ],
)
def test_so_does_a_control_api_that_answers_otherwise(path: str, answer: Any) -> None:
    body: Reply = (200, {}, {"expiresAt": "2026-01-01T00:00:00Z"})
    clock: dict[str, Reply] = {"GET /control/clock/": (200, {}, {"now": "2026-01-01T00:00:00Z"})}
    app = StandIn(CONTROL | clock | {f"GET /control/{path}": answer, "*": body})
    steps = "  - mel calls: {get: /x}\n    expect: {expires in: 1, grants: []}\n"
    result = play_on(app, steps, control=ACCESS)
    assert result.outcome == "inconclusive"
    assert "control API" in result.reason


def test_what_comes_afterwards_is_done_whatever_happened() -> None:
    app = StandIn({"*": (200, {}, {}), "GET /bad": (500, {}, {})})
    tail = "afterwards:\n  - mel calls: {get: /put-right}\n  - mel calls: {get: /last}\n"
    failed = play_on(app, "  - mel calls: {get: /bad}\n  - mel calls: {get: /never}\n" + tail)
    assert failed.reason.startswith("step 1, mel calls")
    assert app.calls == ["GET /bad", "GET /put-right", "GET /last"]


def test_what_goes_wrong_afterwards_is_told() -> None:
    app = StandIn({"*": (200, {}, {}), "GET /bad": (500, {}, {})})
    tail = "afterwards:\n  - mel calls: {get: /bad}\n"
    result = play_on(app, "  - mel calls: {get: /x}\n" + tail)
    assert result.outcome == "failed"
    assert result.reason.startswith("afterwards: step 1, mel calls")


def test_a_world_with_control_is_put_back_first() -> None:
    app = StandIn(CONTROL | {"*": (200, {}, {})})
    play_on(app, "  - mel calls: {get: /x}\n", control=ACCESS)
    assert f"{app.seen[0].method} {app.seen[0].path}" == "POST /control/reset/"


def test_records_belong_to_the_step_that_caused_them() -> None:
    result = play_on_mock(
        "  - agent mints: {for: olivia, in: first, session: s1, as: t}\n"
        '  - agent calls: {with: t, put: "/api/0/organizations/{first}/", json: {name: X}}\n'
        '    expect: {status: 403, unchanged: "/api/0/organizations/{first}/"}\n'
        "  - operator reads grants:\n"
        "  - mel signs in:\n"
        '  - mel calls: {using: session, get: "/api/0/organizations/{first}/"}\n'
    )
    steps = [step["number"] for step in events_of(result, "step")]
    decided = [
        (steps.index(event["step"]) + 1, event["record"]["method"], event["record"]["status"])
        for event in events_of(result, "decision")
    ]
    # The reads before and after the write are ours, and the operator's calls are no decisions.
    assert decided == [(1, "POST", 200), (2, "PUT", 403), (5, "GET", 200)]


def test_only_its_own_answers_are_in_the_transcript_of_a_step() -> None:
    result = play_on_mock(
        '  - mel calls: {get: "/api/0/organizations/{first}/"}\n'
        '    expect: {unchanged: "/api/0/organizations/{first}/"}\n'
    )
    purposes = [event["purpose"] for event in events_of(result, "exchange")]
    assert purposes == ["read before", "step", "read after"]


@pytest.mark.parametrize("target", [InProcess(), Loopback()])
def test_the_worlds_start_is_there_again_for_each_scenario(target: Any) -> None:
    steps = (
        "  - mel approves: {in: first, session: s1, scopes: [event:write]}\n"
        "    expect: {grants: [{for: mel, in: first, session: s1}], expires in: 4h}\n"
        "  - operator moves clock: {by: 1d}\n"
    )
    with Player(target) as player:
        for _ in range(3):
            assert player.play(scenario_of(steps)).outcome == "passed"


def test_without_control_sessions_have_names_of_their_own() -> None:
    steps = (
        "  - agent mints: {for: mel, in: first, session: s1}\n"
        '    expect: {claims: {sid: "{session.s1}"}, scopes: {excludes: [event:write]}}\n'
        "  - mel approves: {session: s1, scopes: [event:write]}\n"
    )
    with running(control=None) as (target, _):
        results = [play_running(target, scenario_of(steps)) for _ in range(2)]
    assert [result.outcome for result in results] == ["passed", "passed"]
    sids = {event["claims"]["sid"] for result in results for event in events_of(result, "token")}
    assert len(sids) == 2


def test_another_pair_of_hands_does_what_the_user_does() -> None:
    done: list[str] = []

    class Puppet:
        signed_in = False

        def __init__(self, _: Wire, name: str) -> None:
            self.name = name
            self.jar = Jar()
            self.window: Window | None = None

        def sign_in(self, email: str, password: str, *, by: Way = "form", to: str = "") -> Answer:
            done.append(f"{email} signs in with {password} by {by}{to}")
            self.signed_in = True
            return Answer(None)

        def sign_out(self) -> Answer:
            return Answer(None)

        def approve(self, organization: str, session: str, scopes: list[str]) -> Answer:
            done.append(f"{self.name} approves {scopes} in {organization} for {session}")
            return Answer(None)

        def ask(self, organization: str, query: str) -> Answer:
            done.append(f"{self.name} asks {organization} {query}")
            return Answer(None)

        def go_on(self, organization: str, run_id: int | str, query: str) -> Answer:
            done.append(f"{self.name} goes on with {run_id} of {organization}: {query}")
            return Answer(None)

        def respond(self, organization: str, run_id: int | str, said: Said) -> Answer:
            done.append(f"{self.name} answers {said} in {run_id} of {organization}")
            return Answer(None)

        def interrupt(self, organization: str, run_id: int | str) -> Answer:
            done.append(f"{self.name} ends {run_id} of {organization}")
            return Answer(None)

    transport = WsgiTransport(StandIn())
    venue = Venue(described(control=None), transport, transport, lambda: None)
    scenario = scenario_of("  - mel approves: {in: first, session: s1, scopes: [a]}\n")
    play(scenario, venue, target="a puppet", make_hands=Puppet)
    assert done == [
        "mel@example.com signs in with password-of-mel by form",
        "mel approves ['a'] in acme for s1",
    ]


def test_a_plan_sends_nothing() -> None:
    app = StandIn()
    result = play_on(
        app,
        "  - agent mints: {for: mel, in: first, session: s1, as: t}\n"
        '  - agent calls: {with: t, get: "/x"}\n    expect: {unchanged: /r, json: {a: 1}}\n'
        "  - agent saves: {id: /id}\n"
        '  - agent calls: {with: t, put: "/x/{id}", json: {}}\n'
        "  - mel approves: {session: s1, scopes: [a]}\n  - mel signs out:\n"
        "  - service calls: {using: viewer context of mel, get: /y}\n"
        "  - operator moves clock: {by: 1}\n  - operator plants grant: "
        "{for: mel, session: s1, scopes: [a], expires in: 1h}\n",
        planned=True,
        control=ACCESS,
    )
    assert app.seen == []
    assert result.outcome == "planned"
    assert events_of(result, "check") == []
    planned = [
        (event["method"], event["url"].removeprefix("http://sentry.test"))
        for event in events_of(result, "exchange")
    ]
    assert planned == [
        ("POST", "/control/reset/"),
        ("POST", "/api/0/organizations/acme/agent/token/"),
        ("GET", "/r"),
        ("GET", "/x"),
        ("GET", "/r"),
        ("PUT", "/x/%3Cid%3E"),
        ("GET", "/auth/login/"),
        ("POST", "/auth/login/"),
        ("POST", "/api/0/organizations/acme/agent/approve/"),
        ("POST", "/auth/logout/"),
        ("GET", "/y"),
        ("PUT", "/control/clock/"),
        ("POST", "/control/grants/"),
    ]
    shown = json.dumps(list(result.events))
    assert "<agent token 1>" in shown
    for secret in ("token-of-mel", "password-of-mel", "shared-secret-of-the-test"):
        assert secret not in shown


def test_a_plan_tells_what_could_not_be_played() -> None:
    steps = scenario_of("  - operator resets:\n")
    target = Running(described(sentry={"url": "http://127.0.0.1:9"}, control=None))
    run = plan_scenarios([steps], target)
    assert run.results[0].outcome == "inconclusive"


def some_scenarios() -> list[Scenario]:
    return load_scenarios(["mint-read-only", "approve", "denied-write", "grant-expiry"])


def test_the_same_seed_gives_the_same_events_however_many_work_at_it() -> None:
    scenarios = some_scenarios()
    one = run_scenarios(scenarios, InProcess(), seed=5)
    many = run_scenarios(scenarios, InProcess(), seed=5, jobs=2)
    other_order = run_scenarios(scenarios, InProcess(), seed=5, order="shuffled")
    assert one.exit_code == 0
    assert one == many == other_order


def test_another_seed_gives_another_world() -> None:
    scenarios = some_scenarios()[:1]
    assert run_scenarios(scenarios, InProcess(), seed=5) != run_scenarios(
        scenarios, InProcess(), seed=6
    )


def test_progress_is_told() -> None:
    told: list[tuple[int, int, str]] = []
    scenarios = some_scenarios()[:2]
    run_scenarios(
        scenarios,
        InProcess(),
        on_progress=lambda done, total, result: told.append((done, total, result.scenario)),
    )
    assert told == [(1, 2, "mint-read-only"), (2, 2, "approve")]


def test_exit_codes() -> None:
    good = scenario_of("  - mel signs in:\n")
    bad = scenario_of("  - mel signs in: {password: wrong-password}\n")
    nobody = scenario_of(
        "  - kim signs in:\n",
        cast=("cast: {organizations: [a], users: {kim: {role: owner, of: a, not in: a}}}\n"),
    )
    assert run_scenarios([good], InProcess()).exit_code == 0
    assert run_scenarios([good, bad, nobody], InProcess()).exit_code == 1
    assert run_scenarios([good, nobody], InProcess()).exit_code == 3
    assert run_scenarios([], InProcess()).exit_code == 3


def test_a_seed_reaches_the_world() -> None:
    asked: list[tuple[str, Seed]] = []

    def deploy_noting(world: str, seed: Seed) -> Deployment:
        asked.append((world, seed))
        return deploy(world, seed, frozen=True)

    run = run_scenarios(some_scenarios(), InProcess(deploy=deploy_noting), seed="abc")
    assert asked == [("two-organizations", "abc")]
    assert run.seed == "abc"


def test_a_description_of_ones_own_mock_can_be_read() -> None:
    assert isinstance(read_description(deploy("small", 1).description), Description)


def test_a_loopback_server_and_one_in_process_behave_alike() -> None:
    scenarios = some_scenarios()
    here = run_scenarios(scenarios, InProcess(), seed=5)
    there = run_scenarios(scenarios, Loopback(), seed=5)
    assert [checks_of(result) for result in here.results] == [
        checks_of(result) for result in there.results
    ]


@pytest.mark.parametrize("expected", [200, 404])
def test_the_agent_of_a_running_server_is_not_left_as_it_was_directed(expected: int) -> None:
    directed = scenario_of(
        "  - operator directs agent: {script: approve-itself, as: olivia}\n"
        f"    expect: {{status: {expected}}}\n"
    )
    # Without the control API of Sentry nothing puts it back before the next scenario begins.
    asked = scenario_of(
        "  - mel asks: {in: first, query: Rename this organization to Initech, as: run}\n"
        "    expect: {run: {status: awaiting_user_input}}\n"
    )
    with running() as (target, _):
        assert play_running(target, directed).outcome == ("passed" if expected == 200 else "failed")
        uncontrolled = target.description.model_copy(update={"control": None})
        result = play_running(Running(uncontrolled), asked)
        assert result.outcome == "passed", result.reason
