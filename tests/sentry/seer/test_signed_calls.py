"""What Sentry sends to Seer: signed over its bytes, on behalf of the user."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any

import pytest
from faker import Faker

from harness.sentry.seer.client import Viewer, sign_call, sign_viewer
from harness.signing import sign, verify
from tests.sentry.callers import Sentry
from tests.sentry.conftest import Make
from tests.sentry.seer.chats import UNREACHABLE, Chats, chat_of, listen, settle

BODY = b'{"b": 12, "thing": "thing"}'
BODY_SIGNATURE = "d2e6070dfab955db6fc9f3bc0518f75f27ca93ae2e393072929e5f6cba26ff07"
CONTEXT = '{"organization_id":42,"user_id":7}'
CONTEXT_SIGNATURE = "453176d1b292b33295cd535c88cb333d08ad625b1e603c46093f1ac7a4ddcf07"


def test_the_vector_of_a_body() -> None:
    assert sign("secret-one", BODY) == BODY_SIGNATURE
    assert verify("secret-one", BODY, BODY_SIGNATURE)
    assert sign_call("secret-one", BODY) == (
        ("Authorization", f"Rpcsignature rpc0:{BODY_SIGNATURE}"),
    )


def test_the_vector_of_a_viewer_context() -> None:
    assert sign("test-secret", CONTEXT.encode()) == CONTEXT_SIGNATURE
    assert sign_viewer("test-secret", Viewer(organization_id=42, user_id=7)) == (
        ("X-Viewer-Context", CONTEXT),
        ("X-Viewer-Context-Signature", CONTEXT_SIGNATURE),
    )


@pytest.mark.parametrize("body", [BODY.replace(b" ", b""), BODY + b"\n", b"", BODY.upper()])
def test_other_bytes_have_another_signature(body: bytes) -> None:
    assert not verify("secret-one", body, BODY_SIGNATURE)


def test_nothing_is_signed_and_nothing_verifies_without_a_secret() -> None:
    with pytest.raises(ValueError, match="without a secret"):
        sign("", BODY)
    assert not verify("", BODY, hmac.new(b"", BODY, "sha256").hexdigest())


def test_what_is_really_sent_is_signed_over_its_bytes(sentry: Sentry, fake: Faker) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start(f"{fake.sentence()} \u00fc\u4e2d\U0001f600")
    chats.go_on(run_id)
    chats.read(run_id)
    chats.update(run_id, {"type": "interrupt"})
    key, ids = sentry.secret.encode(), set()
    assert len(app.seen) == 4
    for seen in app.seen:
        expected = hmac.new(key, seen.body, hashlib.sha256).hexdigest()
        assert seen.headers["authorization"] == f"Rpcsignature rpc0:{expected}"
        context = seen.headers["x-viewer-context"]
        signed = hmac.new(key, context.encode(), hashlib.sha256).hexdigest()
        assert seen.headers["x-viewer-context-signature"] == signed
        named = {
            "organization_id": sentry.organization_id("acme"),
            "user_id": sentry.user_id("olivia"),
        }
        assert context == json.dumps(named, separators=(",", ":"))
        assert seen.headers["content-type"] == "application/json"
        assert named.items() <= seen.json.items()
        assert seen.json["run_id"] == run_id
        assert re.fullmatch("[0-9a-f]{32}", seen.json["request_id"])
        ids.add(seen.json["request_id"])
        assert "cookie" not in seen.headers
        assert sentry.secret not in str(seen)
    assert len(ids) == 4


def test_a_chat_tells_who_asks_from_where(sentry: Sentry, fake: Faker) -> None:
    app, query = listen(sentry), fake.sentence()
    Chats(sentry, "mia").start(query)
    sent = chat_of(app.seen[0])
    assert sent["query"] == query
    assert sent["user_org_context"] == {
        "organization_slug": "acme",
        "organization_name": "Acme",
        "user_email": "mia@example.com",
        "user_role": "member",
    }


def test_without_a_secret_the_call_goes_out_bare_with_a_warning(make_sentry: Make) -> None:
    sentry = make_sentry(secret="")
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    assert chats.read(run_id).status_code == 200
    for seen in app.seen:
        assert not {"authorization", "x-viewer-context", "x-viewer-context-signature"} & {
            *seen.headers
        }
    warned = [line for line in lines(sentry) if line["level"] == "WARNING"]
    assert [line["text"] for line in warned] == [
        "seer.unsigned: no secret is shared with Seer",
    ] * 2


def test_without_a_secret_seer_refuses_and_the_run_is_kept(make_sentry: Make) -> None:
    sentry = make_sentry(secret="")
    chats = Chats(sentry)
    answer = chats.ask("Is anybody there?")
    assert answer.status_code == 502
    assert answer.json == {"detail": "Seer refused the request."}
    settle(sentry)
    (run,) = chats.runs()
    assert run["title"] == "Is anybody there?"
    assert chats.read(run["run_id"]).status_code == 502
    assert chats.go_on(run["run_id"]).status_code == 502


def test_a_secret_that_seer_does_not_share_is_refused(sentry: Sentry) -> None:
    other = listen(sentry, (401, {}, {"detail": "Unauthorized: " + sentry.secret}))
    answer = Chats(sentry).ask()
    assert (answer.status_code, answer.json) == (502, {"detail": "Seer refused the request."})
    assert len(other.seen) == 1
    assert sentry.secret not in str(lines(sentry))


def test_no_seer_anywhere(sentry: Sentry) -> None:
    sentry.deployment.network.join("seer", "http://127.0.0.1:1")
    answer = Chats(sentry).ask()
    assert (answer.status_code, answer.json) == (502, UNREACHABLE)
    assert "127.0.0.1" not in str(lines(sentry))


def lines(sentry: Sentry) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sentry.control("GET", "/log/")["lines"]
    return found
