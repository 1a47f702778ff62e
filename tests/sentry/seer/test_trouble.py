"""What users hear when Seer is not well: a clear answer, and their conversation is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from harness.network import Incoming, Network, Outgoing, UnansweredError
from harness.sentry.seer.client import SeerClient, SeerError, Viewer
from tests.sentry.callers import MISSING, Sentry
from tests.sentry.seer.chats import REFUSED, UNREACHABLE, Chats, listen

UNREADABLE = {"detail": "Seer's answer cannot be read."}
INTERRUPT = {"type": "interrupt"}


def assert_all_say(sentry: Sentry, status: int, body: Any) -> None:
    """Each operation that calls Seer answers so, and no conversation is lost."""
    chats = Chats(sentry)
    before = len(chats.runs())
    asked = chats.ask("Kept")
    assert (asked.status_code, asked.json) == (status, body)
    run_id = chats.runs()[0]["run_id"]
    for answer in (chats.go_on(run_id), chats.read(run_id), chats.update(run_id, INTERRUPT)):
        assert (answer.status_code, answer.json) == (status, body)
        assert answer.headers["Cache-Control"] == "no-store"
    assert [run["title"] for run in chats.runs()] == ["Kept"] * (before + 1)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 400, 401, 403, 418, 500, 503])
def test_what_is_no_200_is_a_refusal(sentry: Sentry, status: int) -> None:
    where = {"Location": "http://outside.test/elsewhere"}
    app = listen(sentry, (status, where, {"detail": "words for Sentry alone", "run_id": 1}))
    assert_all_say(sentry, 502, REFUSED)
    assert len(app.seen) == 4
    servers = [e["server"] for e in sentry.control("GET", "/exchanges/")["exchanges"]]
    assert servers == ["seer"] * 4
    log = str(sentry.control("GET", "/log/"))
    assert f"seer.refused path=/v1/automation/explorer/chat status={status}" in log
    assert "words for Sentry alone" not in log


@pytest.mark.parametrize(
    "garbage",
    [
        *("", "{", "null", "[]", "[{}]", "7", '"text"', "<html>", "\ufffd", "NaN", "{]"),
        *('{"session": NaN}', '{"session": Infinity}', '{"n": ' + "9" * 5000 + "}", "[" * 100_000),
    ],
)
def test_what_is_no_object_is_no_answer(sentry: Sentry, garbage: str) -> None:
    listen(sentry, (200, {}, garbage))
    assert_all_say(sentry, 502, UNREACHABLE)
    log = str(sentry.control("GET", "/log/"))
    assert "seer.unreadable path=/v1/automation/explorer/state" in log


@pytest.mark.parametrize("session", [[], [1], "text", 7, True, 0.5, ""])
def test_a_state_that_is_no_object_cannot_be_read(sentry: Sentry, session: Any) -> None:
    listen(sentry, (200, {}, {"session": session}))
    chats = Chats(sentry)
    answer = chats.read(chats.start())
    assert (answer.status_code, answer.json) == (502, UNREADABLE)


def test_a_state_shows_what_is_for_the_user_and_nothing_beside_it(sentry: Sentry) -> None:
    shown = {"run_id": 5, "status": "completed", "updated_at": None, "blocks": [{"a": 1}]}
    kept = {"secret": "of Seer", "user_auth_token": "sntryu_0"}
    listen(sentry, (200, {}, {"session": shown | kept, "more": 1}))
    chats = Chats(sentry)
    run_id = chats.start()
    assert chats.read(run_id).json == {"session": shown | {"pending_user_input": None}}


@pytest.mark.parametrize("answer", [{"session": None}, {}])
def test_a_run_that_seer_was_never_told_of_has_no_state(sentry: Sentry, answer: Any) -> None:
    listen(sentry, (200, {}, answer))
    chats = Chats(sentry)
    told = chats.read(chats.start())
    assert (told.status_code, told.json) == (200, {"session": None})


@pytest.mark.parametrize("status", [404, 409])
@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ({"detail": "The run is at work."}, {"detail": "The run is at work."}),
        ({"detail": "x" * 5000}, {"detail": "x" * 200}),
        ({"detail": ["no", "text"]}, REFUSED),
        (["detail"], REFUSED),
        ("garbage", REFUSED),
        ("[" * 100_000, REFUSED),
    ],
)
def test_not_there_and_busy_are_passed_on(
    sentry: Sentry, status: int, said: Any, heard: Any
) -> None:
    listen(sentry, (status, {}, said))
    assert_all_say(sentry, status, heard)


class Broken(Network):
    """A network in which Seer does not answer."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.join("seer", "http://seer.test")
        self.sent: list[tuple[Outgoing, float]] = []
        self._reason = reason

    def send(self, _: str, request: Outgoing, *, timeout: float) -> Incoming:
        self.sent.append((request, timeout))
        raise UnansweredError(self._reason)


def test_no_answer_in_time_is_an_error_that_tells_no_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = Broken("ReadTimeout of a URL with a canary")
    client = SeerClient(network, "s" * 32, timeout=3.5)
    with pytest.raises(SeerError) as told:
        client.call("/v1/x", {"query": "canary"}, Viewer(1, 2))
    assert (told.value.status, told.value.body) == (502, UNREACHABLE)
    assert network.sent[0][1] == 3.5
    assert "canary" not in caplog.text
    assert "s" * 32 not in repr(client)


def test_seer_down_and_up_again(sentry: Sentry) -> None:
    """What was asked meanwhile goes on once Seer is there."""
    network = sentry.deployment.network
    network.join("seer", "http://127.0.0.1:1")
    assert_all_say(sentry, 502, UNREACHABLE)
    app = listen(sentry)
    chats = Chats(sentry)
    (run,) = chats.runs()
    assert chats.go_on(run["run_id"]).json == {"run_id": run["run_id"]}
    assert app.seen[0].json["run_id"] == run["run_id"]


def test_a_huge_answer_is_no_answer(sentry: Sentry) -> None:
    def flood(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b'{"session": {"blocks": "', b"x" * (8 * 1024 * 1024), b'"}}']

    sentry.deployment.network.join("seer", "http://seer.test", flood)
    chats = Chats(sentry)
    answer = chats.ask()
    assert (answer.status_code, answer.json) == (502, UNREACHABLE)


@pytest.mark.parametrize("depth", range(850, 1000, 25))
def test_a_deep_answer_is_passed_on_or_refused(sentry: Sentry, depth: int) -> None:
    app = listen(sentry)
    chats = Chats(sentry)
    run_id = chats.start()
    app.answers["*"] = (200, {}, '{"session": {"blocks": ' + "[" * depth + "]" * depth + "}}")
    assert chats.read(run_id).status_code in (200, 502)


BAD_QUERIES: list[Any] = [
    "",
    " \t\n",
    "a\0b",
    "\ud800",
    None,
    7,
    True,
    ["x"],
    {"x": 1},
    "x" * 10_001,
]
BAD_PAYLOADS: list[Any] = [
    None,
    [],
    "interrupt",
    {},
    {"type": None},
    {"type": "resume"},
    {"type": ["interrupt"]},
    {"type": "user_input_response"},
    {"type": "user_input_response", "input_id": "1-1"},
    {"type": "user_input_response", "response_data": {"decision": "approve"}},
    {"type": "user_input_response", "input_id": 1, "response_data": {"decision": "approve"}},
    {"type": "user_input_response", "input_id": "", "response_data": {"decision": "approve"}},
    {"type": "user_input_response", "input_id": "a\0", "response_data": {"decision": "approve"}},
    {"type": "user_input_response", "input_id": "1-1", "response_data": []},
    {"type": "user_input_response", "input_id": "1-1", "response_data": {"decision": "maybe"}},
    {"type": "user_input_response", "input_id": "1-1", "response_data": {"decision": True}},
    *(
        {
            "type": "user_input_response",
            "input_id": "1-1",
            "response_data": {"decision": "reject", "scopes": scopes},
        }
        for scopes in ("org:write", [1], [None], {"org:write": 1}, 7)
    ),
]


def test_a_query_of_the_wrong_kind_starts_nothing(stored_sentry: Sentry) -> None:
    app, chats = listen(stored_sentry), Chats(stored_sentry)
    run_id = chats.start()
    for query in BAD_QUERIES:
        for answer in (chats.ask(query), chats.go_on(run_id, query)):
            assert answer.status_code == 400
            assert list(answer.json) == ["query"]
    assert len(chats.runs()) == 1
    assert len(app.seen) == 1


def test_a_query_that_is_too_long_is_told_in_characters(sentry: Sentry) -> None:
    answer = Chats(sentry).ask("x" * 10_001)
    assert answer.json == {"query": ["Ensure this field has no more than 10000 characters."]}


@pytest.mark.parametrize("payload", BAD_PAYLOADS, ids=lambda payload: json.dumps(payload)[:70])
def test_an_update_of_the_wrong_kind_changes_nothing(sentry: Sentry, payload: Any) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    sentry.plant("olivia", ["org:write"], session=f"explorer-{run_id}")
    answer = chats.update(run_id, payload)
    assert answer.status_code == 400
    assert list(answer.json) == ["payload"]
    assert sentry.grants()[0]["scopes"] == ["org:write"]
    assert len(app.seen) == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "[]", "content_type": "application/json"}, 400),
        ({"data": "null", "content_type": "application/json"}, 400),
        ({"data": b"\xff", "content_type": "application/json"}, 400),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400),
        ({"data": "query=x", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": '{"query": "x"}'}, 415),
        ({"data": b"x" * (8 * 1024 * 1024), "content_type": "application/json"}, 413),
        ({}, 400),
    ],
)
def test_a_body_that_is_no_json_object_is_told_so(
    sentry: Sentry, sent: dict[str, Any], status: int
) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    for method, path, _ in chats.every(run_id):
        if method == "POST":
            assert chats.call(method, path, **sent).status_code == status
    assert len(app.seen) == 1


def test_unserved_methods_are_told_so(sentry: Sentry) -> None:
    listen(sentry)
    chats = Chats(sentry)
    run_id = chats.start()
    for path in ("explorer-runs/", f"explorer-chat/{run_id}/", f"explorer-update/{run_id}/"):
        assert chats.call("DELETE", path).status_code == 405
    missing = chats.call("GET", f"explorer-other/{run_id}/")
    assert (missing.status_code, missing.json) == (404, MISSING)
