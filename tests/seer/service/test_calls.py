"""Whom Seer answers: Sentry alone, by its signatures, for the user whom it names."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from harness.signing import sign
from tests.seer.service.conftest import MakeHouse
from tests.seer.service.house import ORGANIZATION, SECRET, USER, House, at_once

REFUSED = {"detail": "Unauthorized"}


def prepared(house: House) -> tuple[bytes, dict[str, str]]:
    """A good call that was not sent yet."""
    body = json.dumps(house.payload(1)).encode()
    return body, house.headers(body)


def assert_refused(house: House, answer: Any, rule: str) -> None:
    assert (answer.status_code, answer.get_json()) == (401, REFUSED)
    entry = house.audit()[-1]
    assert (entry["kind"], entry["decision"], entry["rule"]) == ("call", "deny", rule)
    assert (entry["user"], entry["organization"], entry["run"]) == (None, None, None)


def spellings(body: bytes) -> dict[str, str | None]:
    """Authorization headers that are not the one."""
    good = sign(SECRET, body)
    return {
        "none": None,
        "empty": "",
        "bare": good,
        "no scheme": f"rpc0:{good}",
        "no version": f"Rpcsignature {good}",
        "other version": f"Rpcsignature rpc1:{good}",
        "scheme in small": f"rpcsignature rpc0:{good}",
        "scheme in capitals": f"RPCSIGNATURE rpc0:{good}",
        "version in capitals": f"Rpcsignature RPC0:{good}",
        "capitals": f"Rpcsignature rpc0:{good.upper()}",
        "two spaces": f"Rpcsignature  rpc0:{good}",
        "tab": f"Rpcsignature\trpc0:{good}",
        "space inside": f"Rpcsignature rpc0: {good}",
        "cut short": f"Rpcsignature rpc0:{good[:-1]}",
        "empty signature": "Rpcsignature rpc0:",
        "longer": f"Rpcsignature rpc0:{good}0",
        "twice": f"Rpcsignature rpc0:{good}, Rpcsignature rpc0:{good}",
        "zeroes": f"Rpcsignature rpc0:{'0' * 64}",
        "full-width": f"Rpcsignature rpc0:{good[:-1]}\xb9",
        "bearer": f"Bearer {SECRET}",
        "other secret": f"Rpcsignature rpc0:{sign('x' * 40, body)}",
        "empty secret": f"Rpcsignature rpc0:{hmac.new(b'', body, 'sha256').hexdigest()}",
        "sha1": f"Rpcsignature rpc0:{hmac.new(SECRET.encode(), body, 'sha1').hexdigest()}",
        "of the context": f"Rpcsignature rpc0:{sign(SECRET, b'{}')}",
    }


@pytest.mark.parametrize("spelling", spellings(b""))
def test_a_call_that_is_not_signed_rightly_is_refused(house: House, spelling: str) -> None:
    body, headers = prepared(house)
    shown = spellings(body)[spelling]
    headers |= {} if shown is None else {"Authorization": shown}
    if shown is None:
        del headers["Authorization"]
    assert_refused(house, house.send("state", body, headers), "signature")
    assert house.send("state", *prepared(house)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + b" ",
        lambda body: b"\n" + body,
        lambda body: body.replace(b": ", b":"),
        lambda body: body.replace(b'"run_id": 1', b'"run_id": 2'),
        lambda body: body[:0],
        lambda body: json.dumps(json.loads(body), sort_keys=True).encode(),
    ],
)
def test_a_body_of_other_bytes_is_refused(house: House, change: Any) -> None:
    body, headers = prepared(house)
    assert_refused(house, house.send("state", change(body), headers), "signature")


def test_a_signed_body_is_read_as_it_came(house: House) -> None:
    """However its author spelled it."""
    body = json.dumps(house.payload(1), indent=3, sort_keys=True).encode() + b"\n\n"
    assert house.send("state", body, house.headers(body)).status_code == 200


CONTEXTS: dict[str, Any] = {
    "user alone": {"user_id": USER},
    "organization alone": {"organization_id": ORGANIZATION},
    "nothing": {},
    "list": [ORGANIZATION, USER],
    "null": None,
    "text": "7",
    "bool": {"organization_id": ORGANIZATION, "user_id": True},
    "texts": {"organization_id": str(ORGANIZATION), "user_id": str(USER)},
    "float": {"organization_id": ORGANIZATION, "user_id": 7.0},
    "negative": {"organization_id": ORGANIZATION, "user_id": -7},
    "zero": {"organization_id": 0, "user_id": USER},
    "nested": {"organization_id": [ORGANIZATION], "user_id": {"id": USER}},
}


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_context_that_names_no_owner_is_refused(house: House, name: str) -> None:
    body, headers = prepared(house)
    context = json.dumps(CONTEXTS[name])
    signed = {
        "X-Viewer-Context": context,
        "X-Viewer-Context-Signature": sign(SECRET, context.encode()),
    }
    assert_refused(house, house.send("state", body, headers | signed), "viewer-context")


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, "NaN", '{"user_id": ' + "9" * 5000 + "}"])
def test_a_context_that_is_no_json_is_refused(house: House, text: str) -> None:
    body, headers = prepared(house)
    signed = {"X-Viewer-Context": text, "X-Viewer-Context-Signature": sign(SECRET, text.encode())}
    assert_refused(house, house.send("state", body, headers | signed), "viewer-context")


def test_half_a_pair_is_refused(house: House) -> None:
    for half in ("X-Viewer-Context", "X-Viewer-Context-Signature"):
        body, headers = prepared(house)
        del headers[half]
        assert_refused(house, house.send("state", body, headers), "viewer-context-missing")


def test_a_context_is_verified_over_the_bytes_of_its_header(house: House) -> None:
    body, headers = prepared(house)
    context, signature = headers["X-Viewer-Context"], headers["X-Viewer-Context-Signature"]
    assert context == '{"organization_id":42,"user_id":7}'
    for changed in (
        {"X-Viewer-Context": context.replace(",", ", ")},
        {"X-Viewer-Context": '{"user_id":7,"organization_id":42}'},
        {"X-Viewer-Context": context.replace("7", "8")},
        {"X-Viewer-Context-Signature": signature.upper()},
        {"X-Viewer-Context-Signature": signature[:-1]},
        {"X-Viewer-Context-Signature": ""},
        {"X-Viewer-Context-Signature": "\xe9" * 64},
        {"X-Viewer-Context-Signature": f"rpc0:{signature}"},
        {"X-Viewer-Context-Signature": sign("x" * 40, context.encode())},
        {"X-Viewer-Context-Signature": sign(SECRET, body)},
    ):
        answer = house.send("state", body, headers | changed)
        assert_refused(house, answer, "viewer-context-signature")
    spaced = '{ "user_id": 7,  "organization_id": 42, "more": "\xfc" }'
    signed = sign(SECRET, spaced.encode("latin-1"))
    again = headers | {"X-Viewer-Context": spaced, "X-Viewer-Context-Signature": signed}
    assert house.send("state", body, again).status_code == 200


def test_without_a_secret_nobody_is_answered(make_house: MakeHouse) -> None:
    house = make_house(secret="")
    for secret in (SECRET, "", "x" * 40):
        body = json.dumps(house.payload(1)).encode()
        context = '{"organization_id":42,"user_id":7}'
        signed = [
            hmac.new(secret.encode(), part, "sha256").hexdigest()
            for part in (body, context.encode())
        ]
        headers = {
            "Authorization": f"Rpcsignature rpc0:{signed[0]}",
            "X-Viewer-Context": context,
            "X-Viewer-Context-Signature": signed[1],
        }
        assert_refused(house, house.send("state", body, headers), "signature")


@pytest.mark.parametrize("named", [(ORGANIZATION, 8), (43, USER), (USER, ORGANIZATION)])
def test_a_body_that_names_others_than_the_context_is_refused(house: House, named: Any) -> None:
    body = json.dumps(house.payload(1, named)).encode()
    answer = house.send("state", body, house.headers(body))
    assert (answer.status_code, answer.get_json()) == (403, {"detail": "Refused"})
    assert house.audit()[-1]["rule"] == "viewer-contradicts-body"


@pytest.mark.parametrize("other", [(ORGANIZATION, 8), (43, USER), (43, 8)])
def test_a_run_of_another_is_not_heard_of(house: House, other: Any) -> None:
    house.chat(1)
    house.settle()
    payload = {"type": "interrupt"}
    told = {"query": "Mine", "user_org_context": {"organization_slug": "acme"}}
    before = house.state(1)
    for answer in (
        house.call("state", 1, other),
        house.call("chat", 1, other, **told),
        house.call("update", 1, other, payload=payload),
    ):
        assert (answer.status_code, answer.get_json()) == (404, {"detail": "Not found"})
        assert house.audit()[-1]["rule"] == "run-of-another"
    assert house.state(1) == before


def test_a_call_is_taken_once(house: House) -> None:
    body, headers = prepared(house)
    statuses = [
        answer.status_code for answer in at_once(*[lambda: house.send("state", body, headers)] * 6)
    ]
    assert sorted(statuses) == [200, 409, 409, 409, 409, 409]
    assert house.send("chat", body, headers).status_code == 400
    answer = house.send("state", body, headers)
    assert answer.get_json() == {"detail": "This request was taken before."}
    assert [entry["rule"] for entry in house.audit()].count("replay") == 6


def test_calls_are_remembered_up_to_a_number(make_house: MakeHouse) -> None:
    house = make_house(remembered=3)
    first = prepared(house)
    assert house.send("state", *first).status_code == 200
    for _ in range(2):
        house.call("state", 1)
    assert house.send("state", *first).status_code == 409
    house.call("state", 1)
    assert house.send("state", *first).status_code == 200


def test_a_run_that_is_not_there(house: House) -> None:
    assert house.state(99) is None
    answer = house.interrupt(99)
    assert (answer.status_code, answer.get_json()) == (404, {"detail": "Not found"})
    assert house.call("other", 1).status_code == 404
    assert house.audit()[-1]["name"] == "other"


WRONG: dict[str, list[Any]] = {
    "run_id": [None, "1", 1.5, True, 0, -1, 2**31, [1]],
    "request_id": [None, 7, "short", "x" * 129],
    "query": [None, 7, "", "x" * 20_001, ["x"]],
    "user_org_context": [None, [], {}, {"organization_slug": 1}, "acme"],
    "enable_code_mode_tools": [None, 1, "yes"],
    "user_auth_token": [7, "", ["x"]],
}
BAD: list[dict[str, Any]] = [{name: one} for name, values in WRONG.items() for one in values]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: json.dumps(bad)[:40])
def test_a_message_of_the_wrong_kind_is_told_by_its_place(house: House, bad: Any) -> None:
    answer = house.chat(**{"run_id": 1} | bad)
    assert answer.status_code == 400
    assert answer.get_json()["detail"].startswith(next(iter(bad)))
    assert house.audit()[-1]["rule"] == "message"
    house.settle()
    assert house.state(1) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 9000, b'"canary"'])
def test_a_signed_body_that_is_no_object_is_refused(house: House, body: bytes) -> None:
    answer = house.send("chat", body, house.headers(body))
    assert answer.status_code == 400
    assert "canary" not in answer.text


def test_a_body_too_large_is_refused_unread(make_house: MakeHouse) -> None:
    house = make_house(max_body=2000)
    assert house.chat(query="x" * 3000).status_code == 413
    assert house.client.get("/health/").get_json() == {"status": "ok"}
    assert house.client.get("/nowhere/").status_code == 404
