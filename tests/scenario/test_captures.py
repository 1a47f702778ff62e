"""`captures`, and what of the services' exchanges and logs can be expected."""

from __future__ import annotations

import pytest

from harness.scenario.runner import Player
from harness.scenario.targets import InProcess
from tests.scenario.theatre import checks_of, events_of, play_on_mock, scenario_of

ASKS = "  - olivia asks: {in: first, query: Hello, as: run}\n"
CAPTURES = (
    "  - attacker captures: {from: sentry, to: seer, path: /v1/automation/explorer/chat, as: got}\n"
)
READS = (
    '  - attacker calls: {get: "/api/0/organizations/{first}/",'
    ' headers: {Authorization: "Bearer {got.json.user_auth_token}"}}\n'
)


def test_what_was_captured_can_be_sent_again() -> None:
    replayed = """\
  - attacker calls:
      to: seer
      post: "{got.path}"
      body: "{got.body}"
      headers:
        Authorization: "{got.headers.authorization}"
        X-Viewer-Context: "{got.headers.x-viewer-context}"
        X-Viewer-Context-Signature: "{got.headers.x-viewer-context-signature}"
    expect: {status: 409}
"""
    result = play_on_mock(ASKS + CAPTURES + READS + replayed)
    assert result.outcome == "passed"


def test_the_last_of_several_is_captured() -> None:
    again = '  - olivia continues: {run: run, query: "{got.json.query} again"}\n'
    said = (
        "  - attacker calls: {to: seer, post: /v1/automation/explorer/state,"
        ' json: "{got.json.query}"}\n    expect: {status: 401}\n'
    )
    result = play_on_mock(ASKS + CAPTURES + again + CAPTURES + said)
    step = events_of(result, "step")[-1]
    assert step["arguments"]["json"] == "Hello again"


def test_what_never_passed_is_not_captured() -> None:
    result = play_on_mock("  - attacker captures: {from: seer, to: outside, as: got}\n")
    (check,) = events_of(result, "check")
    assert not check["passed"]
    assert check["message"] == "nothing that is meant passed from seer to outside"


def test_a_plan_names_the_parts_of_what_would_be_captured() -> None:
    with Player(InProcess()) as player:
        result = player.play(scenario_of(ASKS + CAPTURES + READS), planned=True)
    headers = events_of(result, "step")[-1]["arguments"]["headers"]
    assert headers == {"Authorization": "Bearer <user_auth_token>"}


@pytest.mark.parametrize(
    ("log", "holds"),
    [
        ("{of: seer, contains: seer.tool}", True),
        ("{of: seer, contains: seer_explorer}", False),
        ("{of: seer, lacks: seer.tool}", False),
        ("[{contains: seer_explorer}, {of: seer, contains: seer.tool, lacks: sntry}]", True),
    ],
)
def test_the_log_of_seer(log: str, holds: bool) -> None:
    asks = "  - olivia asks: {in: first, query: How many unresolved issues are there?, as: run}\n"
    result = play_on_mock(f"{asks}    expect: {{log: {log}}}\n")
    assert checks_of(result)["log of seer"] is holds


@pytest.mark.parametrize(("weakness", "holds"), [((), True), (("seer-call-shows-secret",), False)])
def test_an_exchange_lacks_the_secret(weakness: tuple[str, ...], holds: bool) -> None:
    expect = "    expect: {exchanges: [{from: sentry, to: seer, lacks secret: true}]}\n"
    with Player(InProcess(weaknesses=weakness)) as player:
        result = player.play(scenario_of(ASKS + expect))
    assert checks_of(result)["exchanges: sentry → seer: lacks secret"] is holds
