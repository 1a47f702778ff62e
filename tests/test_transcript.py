"""The events of a transcript: in order, linked to their steps, redacted as they are written."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest

from harness.events import describe_route, read_events
from harness.redact import Redactor
from harness.transcript import Received, Sent, Transcript

CANARY = "canary-0123456789"
TOKEN = "sntryag_" + jwt.encode({"sub": "7"}, "k" * 32, algorithm="HS256")


def write_everything(transcript: Transcript) -> None:
    transcript.start(
        scenario="one", title="One", note=f"note {CANARY}", target=CANARY, cast={"alice": CANARY}
    )
    transcript.step(
        index=1,
        actor="alice",
        verb="calls",
        arguments={"get": f"/?a={CANARY}", "json": {"password": CANARY}},
        note=CANARY,
        line=3,
    )
    transcript.exchange(
        actor="alice",
        purpose="step",
        sent=Sent(
            "POST",
            f"http://sentry.test/?q={CANARY}",
            (("Authorization", f"Bearer {TOKEN}"), ("X-Any", CANARY)),
            f"body {CANARY}".encode(),
        ),
        received=Received(
            200,
            (("Set-Cookie", f"a={CANARY}"), ("Date", "now"), ("Server", "it"), ("X-More", CANARY)),
            json.dumps({"detail": CANARY}).encode(),
        ),
        error=None,
    )
    transcript.decision({"rule": CANARY})
    transcript.check(
        "json", expected={"a": CANARY}, came=CANARY, passed=False, message=f"came {CANARY}"
    )
    transcript.leave_step()
    transcript.remark(CANARY)
    transcript.end("failed", CANARY)


@pytest.fixture
def transcript() -> Transcript:
    redactor = Redactor()
    redactor.register(CANARY, "canary")
    return Transcript(redactor)


def test_no_part_of_any_event_holds_a_secret(transcript: Transcript) -> None:
    write_everything(transcript)
    text = json.dumps(transcript.as_json())
    assert CANARY not in text
    assert TOKEN.rpartition(".")[2] not in text
    assert text.count("<canary 1>") >= 15


def test_events_are_numbered_and_belong_to_their_step(transcript: Transcript) -> None:
    write_everything(transcript)
    events = transcript.as_json()
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert [(event["kind"], event["step"]) for event in events] == [
        ("started", None),
        ("step", None),
        ("exchange", 2),
        ("token", 2),
        ("decision", 2),
        ("check", 2),
        ("remark", None),
        ("ended", None),
    ]


def test_a_token_follows_the_event_in_which_it_was_first_seen(transcript: Transcript) -> None:
    write_everything(transcript)
    token = next(event for event in transcript.as_json() if event["kind"] == "token")
    assert token["label"] == "<agent token 1>"
    assert token["claims"] == {"sub": "7"}
    transcript.remark(f"again {TOKEN}")
    assert transcript.as_json()[-1]["text"] == "again <agent token 1>"


def test_a_subscriber_gets_what_is_kept(transcript: Transcript) -> None:
    seen: list[dict[str, Any]] = []
    transcript.subscribe(seen.append)
    write_everything(transcript)
    assert seen == transcript.as_json()


def test_events_can_be_read_back(transcript: Transcript) -> None:
    write_everything(transcript)
    plain = json.loads(json.dumps(transcript.as_json()))
    assert read_events(plain) == transcript.events


def test_reports_of_the_time_of_one_server_can_be_read(transcript: Transcript) -> None:
    write_everything(transcript)
    old = transcript.as_json()
    for event in old:
        event.pop("server", None)
    assert read_events(old) == transcript.events


def test_an_exchange_says_who_answered(transcript: Transcript) -> None:
    sent = Sent("GET", "http://seer.test/", (), b"")
    transcript.exchange(actor="sentry", server="seer", purpose="step", sent=sent, received=None)
    transcript.exchange(actor="olivia", purpose="step", sent=sent, received=None)
    told = [(event["server"], describe_route(event)) for event in transcript.as_json()]
    assert told == [("seer", "sentry → seer"), ("sentry", "")]


@pytest.mark.parametrize("event", [{"kind": "dance"}, {"kind": "remark", "number": 1}, {}])
def test_what_is_no_event_cannot_be_read(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="kind"):
        read_events([event])


def test_what_tells_the_time_is_left_out(transcript: Transcript) -> None:
    write_everything(transcript)
    exchange = next(event for event in transcript.as_json() if event["kind"] == "exchange")
    assert [name for name, _ in exchange["response_headers"]] == ["Set-Cookie", "X-More"]


def test_a_long_body_is_cut_after_it_was_redacted(transcript: Transcript) -> None:
    # The secret stands across the place of the cut.
    body = "x" * (64 * 1024 - 5) + CANARY + "y" * 100
    transcript.exchange(
        actor="a",
        purpose="step",
        sent=Sent("GET", "http://h/", (), b""),
        received=Received(200, (), body.encode()),
    )
    shown = transcript.as_json()[0]["response_body"]
    assert "canary-" not in shown
    assert shown.endswith("characters)")


def test_bytes_that_are_no_text_are_shown_by_escapes(transcript: Transcript) -> None:
    transcript.exchange(
        actor="a",
        purpose="step",
        sent=Sent("POST", "http://h/", (), b"\xff\x00"),
        received=None,
        error=f"refused {CANARY}",
    )
    event = transcript.as_json()[0]
    assert event["request_body"] == "\\xff\x00"
    assert event["status"] is None
    assert event["error"] == "refused <canary 1>"


def test_the_address_in_a_picture_shows_no_token() -> None:
    transcript = Transcript(Redactor())
    secret = "sntryu_" + "ab12" * 16
    transcript.picture("olivia", f"http://sentry.test/?token={secret}", b"a picture")
    (event,) = transcript.as_json()
    assert secret not in event["url"]
    assert event["png"] == "YSBwaWN0dXJl"
