"""`cookies` and `log`: what a step leaves in the browser, and in the server's log."""

from __future__ import annotations

import json

import pytest

from harness.document import DocumentError
from harness.scenario.expectations.traces import read_cookies
from tests.scenario.theatre import StandIn, checks_of, events_of, play_on, play_on_mock, scenario_of

MINT = "  - agent mints: {for: olivia, in: first, session: s1, as: honest}\n"


def test_cookies_are_read_with_their_attributes() -> None:
    values = [
        "sentrysid=abc; Secure; HttpOnly; Path=/; SameSite=Lax; Max-Age=60",
        'sc="x y"; Path=/',
    ]
    assert read_cookies(values) == {
        "sentrysid": {
            "value": "abc",
            "httponly": True,
            "secure": True,
            "partitioned": False,
            "path": "/",
            "samesite": "Lax",
            "max-age": "60",
        },
        "sc": {
            "value": "x y",
            "httponly": False,
            "secure": False,
            "partitioned": False,
            "path": "/",
        },
    }


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ("{sentrysid: {httponly: true, samesite: Lax}}", True),
        ("{sentrysid: {httponly: true, secure: true}}", False),
        ("{sentrysid: {max-age: $any}}", False),
        ("{sentrysid: {max-age: $absent}}", True),
        ("{other: $absent}", True),
        ("{other: {httponly: true}}", False),
    ],
)
def test_cookies(expected: str, holds: bool) -> None:
    app = StandIn(
        {"*": (200, [("Set-Cookie", "sentrysid=s3cr3t-value; HttpOnly; SameSite=Lax")], {})}
    )
    steps = f"  - attacker calls: {{get: /api/0/}}\n    expect: {{cookies: {expected}}}\n"
    result = play_on(app, steps)
    assert set(checks_of(result).values()) == {True, holds}
    assert "s3cr3t" not in json.dumps(list(result.events))


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("{contains: decision}", ""),
        ("{contains: [decision, agent_token.refused]}", "lacks 'agent_token.refused'"),
        ("{lacks: nonsense}", ""),
        ("{lacks: decision}", "contains 'decision'"),
        ("{lacks parts of: honest}", ""),
        ("{contains: decision, lacks parts of: [honest]}", ""),
    ],
)
def test_the_log_of_a_step(log: str, message: str) -> None:
    call = '  - agent calls: {with: honest, get: "/api/0/organizations/{first}/"}\n'
    result = play_on_mock(f"{MINT}{call}    expect: {{log: {log}}}\n")
    (check,) = (check for check in events_of(result, "check") if check["name"] == "log")
    assert (check["passed"], check["message"]) == (not message, message)
    assert check["came"] == "1 lines"


@pytest.mark.parametrize(("cut", "found"), [(10, True), (9, False)])
def test_a_part_of_a_token_is_found(cut: int, found: bool) -> None:
    token = "sntryag_aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccc"
    part = token[30 : 30 + cut]
    app = StandIn(
        {
            "GET /control/log/?since=0": (200, {}, {"lines": []}),
            "POST /api/0/organizations/acme/agent/token/": (200, {}, {"token": token}),
            "GET /control/audit/?since=0": (200, {}, {"records": []}),
            "POST /control/reset/": (204, {}, ""),
            "GET /api/0/": (200, {}, {}),
        }
    )
    lines = [{"id": 1, "text": f"token={part}"}]
    app.answers["GET /control/log/?since=0"] = [
        (200, {}, {"lines": []}),
        (200, {}, {"lines": lines}),
    ]
    control = {"url": "http://sentry.test/control", "token": "control-token-of-the-test"}
    call = "  - agent calls: {with: honest, get: /api/0/}\n"
    expect = "    expect: {log: {lacks parts of: honest}}\n"
    result = play_on(app, MINT + call + expect, control=control)
    assert checks_of(result)["log"] is not found


def test_it_needs_the_control_api_and_tokens_that_there_are() -> None:
    call = "  - agent calls: {with: honest, get: /api/0/}\n"
    scenario = scenario_of(f"{MINT}{call}    expect: {{log: {{lacks: x}}}}\n")
    assert "'log'" in scenario.control
    with pytest.raises(DocumentError, match="no token 'nobodys'"):
        scenario_of(
            "  - attacker calls: {get: /api/0/}\n    expect: {log: {lacks parts of: nobodys}}\n"
        )
