"""`exchanges` and `run`, `calls` to Seer and `signs` a body: what passes between services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.document import DocumentError
from harness.scenario.play import play
from harness.scenario.result import Result
from harness.scenario.targets import Venue
from harness.signing import sign
from harness.wsgi import WsgiTransport
from tests.scenario.theatre import (
    StandIn,
    checks_of,
    described,
    events_of,
    play_on_mock,
    scenario_of,
)

ASK = "  - olivia asks: {in: first, query: Hello, as: run}\n"
CHAT = "from: sentry, to: seer, path: /v1/automation/explorer/chat"
SECRET = "shared-secret-of-the-test"
BODY = '{"query": "hello"}'


def expecting(*patterns: str, steps: str = ASK) -> Result:
    lines = "".join(f"        - {{{pattern}}}\n" for pattern in patterns)
    return play_on_mock(f"{steps}    expect:\n      exchanges:\n{lines}")


@pytest.mark.parametrize(
    "pattern",
    [
        CHAT,
        f"{CHAT}, count: 1, method: POST, status: 200, signed: true",
        f"{CHAT}, json: {{query: Hello, user_org_context: {{organization_slug: acme}}}}",
        f"{CHAT}, headers: {{authorization: {{$regex: 'Rpcsignature rpc0:.+'}}}}",
        f"{CHAT}, headers: {{Content-Type: application/json}}",
        f"{CHAT}, lacks: [sntryag_, 'no such text']",
        "from: seer, to: outside, count: 0",
        "from: seer, to: sentry, count: 0",
        "from: sentry, to: seer, method: GET, count: 0",
    ],
)
def test_what_is_so_of_exchanges_holds(pattern: str) -> None:
    result = expecting(pattern)
    assert result.outcome == "passed", (result.reason, checks_of(result))


@pytest.mark.parametrize(
    ("pattern", "failed"),
    [
        ("from: seer, to: outside", "exchanges: seer → outside"),
        (f"{CHAT}, count: 2", "chat"),
        (f"{CHAT}, status: 500", "chat: status"),
        (f"{CHAT}, signed: false", "chat: signed"),
        (f"{CHAT}, json: {{query: Bye}}", "chat: json"),
        (f"{CHAT}, headers: {{X-None: there}}", "chat: X-None"),
        (f"{CHAT}, lacks: Hello", "chat: lacks"),
        (f"{CHAT}, lacks: [Rpcsignature]", "chat: lacks"),
        (f"{CHAT}, lacks: '/v1/automation/'", "chat: lacks"),
    ],
)
def test_what_is_not_so_of_exchanges_fails(pattern: str, failed: str) -> None:
    result = expecting(pattern)
    assert result.outcome == "failed"
    (name,) = [name for name, held in checks_of(result).items() if not held]
    assert name.endswith(failed)


def test_only_exchanges_of_the_step_are_looked_at() -> None:
    more = f"    expect: {{exchanges: [{{{CHAT}, count: 1}}]}}\n"
    again = "  - olivia continues: {run: run, query: Again}\n"
    result = play_on_mock(ASK + more + again + more)
    assert result.outcome == "passed", result.reason


def test_a_text_that_must_be_lacking_is_not_told_with_its_secret() -> None:
    result = expecting(f"{CHAT}, lacks: 'sntryu_'", steps=ASK)
    assert result.outcome == "failed"
    told = json.dumps(result.events) + result.reason
    sent = [e for e in events_of(result, "exchange") if e["server"] == "seer"]
    assert sent
    assert "user_auth_token" in told
    assert not any(len(word) > 40 for word in told.split("sntryu_")[1:] if word[:64].isalnum())


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("to: seer", "from"),
        ("from: sentry", "to"),
        ("from: sentry, to: seer, count: -1", "count"),
        ("from: sentry, to: seer, singed: true", "did you mean 'signed'?"),
        ("from: sentry, to: seer, json: {query: {$mtches: x}}", "$mtches"),
    ],
)
def test_a_mistake_in_a_pattern_is_told_at_its_line(pattern: str, told: str) -> None:
    steps = f"{ASK}    expect:\n      exchanges:\n        - {{{pattern}}}\n"
    with pytest.raises(DocumentError) as raised:
        scenario_of(steps)
    (mistake,) = [str(mistake) for mistake in raised.value.mistakes]
    assert told in mistake
    assert mistake.startswith("one.yaml:12:")


def test_exchanges_need_a_control_api() -> None:
    steps = f"  - anonymous calls: {{get: /x}}\n    expect: {{exchanges: [{{{CHAT}}}]}}\n"
    transport = WsgiTransport(StandIn())
    venue = Venue(described(control=None), transport, transport, None)
    result = play(scenario_of(steps), venue, target="a stand-in")
    assert result.outcome == "inconclusive"
    assert "'exchanges'" in result.reason


def on_seer(steps: str, *, secret: str | None = SECRET) -> tuple[StandIn, StandIn, Result]:
    """Plays steps on a stand-in for each service."""
    sentry, seer = StandIn({"*": (200, {}, {})}), StandIn({"*": (200, {}, {"status": "ok"})})
    described_seer: dict[str, Any] = {
        "url": "http://seer.test",
        "control": {"url": "http://seer.test/control", "token": "control-token-of-seer"},
    }
    description = described(
        seer=described_seer, control=None, sentry={"url": "http://sentry.test", "secret": secret}
    )
    transport = WsgiTransport(sentry)
    venue = Venue(description, transport, transport, None, seer_transport=WsgiTransport(seer))
    return sentry, seer, play(scenario_of(steps), venue, target="stand-ins")


def test_a_call_to_seer_goes_there_and_nowhere_else() -> None:
    sentry, seer, result = on_seer(
        "  - anonymous calls: {to: seer, get: /health/}\n    expect: {json: {status: ok}}\n"
    )
    assert result.outcome == "passed", result.reason
    assert (seer.calls, sentry.calls) == (["GET /health/"], [])
    (exchange,) = events_of(result, "exchange")
    assert exchange["server"] == "seer"


SIGNED = f"""\
  - attacker signs: {{body: '{BODY}', sign with: KEY, as: call}}
  - attacker calls:
      to: seer
      post: /v1/x
      body: "{{call.text}}"
      headers: {{Authorization: "Rpcsignature rpc0:{{call.signature}}"}}
"""


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        ("secret", sign(SECRET, BODY.encode())),
        ("{key: mine}", sign("mine", BODY.encode())),
        ("none", ""),
    ],
)
def test_a_signed_body_is_sent_as_it_was_signed(key: str, signature: str) -> None:
    _, seer, result = on_seer(SIGNED.replace("KEY", key))
    assert result.outcome == "passed", result.reason
    # After a call of Seer the scenario waits until Seer is done.
    (seen,) = (one for one in seer.seen if not one.path.startswith("/control/"))
    assert seen.body.decode() == BODY
    assert seen.headers["authorization"].strip() == f"Rpcsignature rpc0:{signature}"
    if signature:
        assert signature not in json.dumps(result.events)


def test_other_and_empty_keys_are_not_the_secret() -> None:
    signatures = set()
    for key in ("secret", "other", "empty"):
        _, seer, _ = on_seer(SIGNED.replace("KEY", key))
        signatures.add(seer.seen[0].headers["authorization"])
    assert len(signatures) == 3


def test_to_sign_with_the_secret_it_must_be_told() -> None:
    _, seer, result = on_seer(SIGNED.replace("KEY", "secret"), secret=None)
    assert result.outcome == "inconclusive"
    assert "this target tells no secret" in result.reason
    assert seer.seen == []


def test_a_call_that_is_signed_rightly_is_taken_by_the_mock() -> None:
    body = (
        "{organization_id: '{first.number}', user_id: '{olivia.number}', run_id: 1,"
        " request_id: 0123456789abcdef}"
    )
    context = "{organization_id: '{first.number}', user_id: '{olivia.number}'}"
    result = play_on_mock(
        f"""\
  - service signs: {{body: {body}, sign with: secret, as: call}}
  - service signs: {{context: {context}, sign with: secret, as: viewer}}
  - service calls: &call
      to: seer
      using: none
      post: /v1/automation/explorer/state
      body: "{{call.text}}"
      headers:
        Authorization: "Rpcsignature rpc0:{{call.signature}}"
        X-Viewer-Context: "{{viewer.text}}"
        X-Viewer-Context-Signature: "{{viewer.signature}}"
    expect: {{json: {{session: null}}}}
  - service calls: *call
    expect: {{status: 409}}
"""
    )
    assert result.outcome == "passed", (result.reason, events_of(result, "check"))
