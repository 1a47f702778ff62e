"""Envelopes: who may send, what becomes of an event, and what is refused."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from harness.deployment import START
from harness.sentry.errors import Invalid
from harness.sentry.ingest.envelope import parse_envelope, unpack
from harness.sentry.ingest.event import UNTITLED, NewEvent, read_event
from harness.sentry.schema import issue, project, project_key
from tests.sentry.callers import Answer, Sentry

ID = "0123456789abcdef" * 2
ERROR = {
    "event_id": ID,
    "platform": "python",
    "level": "error",
    "exception": {
        "values": [
            {"type": "KeyError", "value": "'cause'"},
            {
                "type": "ZeroDivisionError",
                "value": "division by zero\nand more",
                "stacktrace": {
                    "frames": [
                        {
                            "filename": "app.py",
                            "module": "app",
                            "function": "main",
                            "lineno": 7,
                            "in_app": True,
                            "pre_context": ["a", "b"],
                            "context_line": "c",
                            "post_context": ["d"],
                        },
                        {"filename": "lib.py", "function": "divide", "in_app": False},
                    ]
                },
            },
        ]
    },
    "tags": {"colour": "red"},
    "environment": "staging",
    "release": "web-app@1.1.0",
    "user": {"id": 7, "ip_address": "{{auto}}"},
    "request": {"url": "http://example.com/", "headers": {"Cookie": "a"}, "cookies": "a"},
    "breadcrumbs": [{"message": "before"}],
    "sdk": {"name": "sentry.python", "version": "2"},
}


def key_of(sentry: Sentry, slug: str = "web-app") -> tuple[int, str]:
    """A project's id and public key."""
    found = sentry.services.store.one(
        select(project.c.id, project_key.c.public_key)
        .select_from(project_key.join(project, project.c.id == project_key.c.project_id))
        .where(project.c.slug == slug)
    )
    assert found is not None
    return found.id, found.public_key


def envelope(event: object, header: Mapping[str, Any] | None = None, kind: str = "event") -> bytes:
    payload = json.dumps(event).encode()
    item = {"type": kind, "length": len(payload)}
    lines = (json.dumps(header or {}).encode(), json.dumps(item).encode(), payload)
    return b"\n".join(lines)


def send(
    sentry: Sentry, data: bytes, headers: Any = None, slug: str = "web-app", query: str = ""
) -> Answer:
    number, key = key_of(sentry, slug)
    if headers is None:
        headers = {"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={key}, sentry_client=t"}
    return sentry.send("POST", f"/api/{number}/envelope/{query}", headers, data=data)


def read(sentry: Sentry, query: str = "is:new lastSeen:-1d") -> list[dict[str, Any]]:
    answer = sentry.api(
        "GET", "/projects/acme/web-app/issues/", sentry.user("mia"), query_string={"query": query}
    )
    shown: list[dict[str, Any]] = answer.json
    return shown


# What becomes of an event


def test_an_error_becomes_an_issue(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    answer = send(sentry, envelope(ERROR, {"event_id": ID}))
    assert (answer.status_code, answer.json) == (200, {"id": ID})
    assert answer.headers["Cache-Control"] == "no-store"
    [shown] = read(sentry)
    assert shown["shortId"] == "WEB-APP-5"
    assert shown["title"] == "ZeroDivisionError: division by zero"
    assert shown["culprit"] == "app in main"
    assert (shown["count"], shown["userCount"]) == ("1", 1)
    event = sentry.api("GET", f"/projects/acme/web-app/events/{ID}/", sentry.user("mia")).json
    assert {tag["key"]: tag["value"] for tag in event["tags"]} == {
        "colour": "red",
        "environment": "staging",
        "level": "error",
        "release": "web-app@1.1.0",
        "user": "id:7",
    }
    assert [entry["type"] for entry in event["entries"]] == ["exception", "breadcrumbs", "request"]
    frame = event["entries"][0]["data"]["values"][1]["stacktrace"]["frames"][0]
    assert frame["context"] == [[5, "a"], [6, "b"], [7, "c"], [8, "d"]]
    assert "Cookie" not in json.dumps(event)
    assert event["user"]["id"] == "7"
    assert event["sdk"] == {"name": "sentry.python", "version": "2"}


def test_events_of_one_title_are_one_issue(sentry: Sentry) -> None:
    for number, user in ((1, "7"), (2, "7"), (3, "8")):
        event = ERROR | {"event_id": f"{number:032x}", "user": {"id": user}}
        assert send(sentry, envelope(event)).status_code == 200
    # Sent twice: kept once.
    send(sentry, envelope(ERROR | {"event_id": f"{3:032x}"}))
    [shown] = read(sentry)
    assert (shown["count"], shown["userCount"]) == ("3", 2)


def test_a_fingerprint_is_stronger_than_a_title(sentry: Sentry) -> None:
    for number, (message, fingerprint) in enumerate(
        (
            ("one", ["a"]),
            ("two", ["a"]),
            ("one", ["{{ default }}"]),
            ("one", ["{{default}}", "b"]),
            ("one", None),
        )
    ):
        event = {"message": message, "event_id": f"{number:032x}", "fingerprint": fingerprint}
        send(sentry, envelope(event))
    counts = sorted((shown["title"], shown["count"]) for shown in read(sentry))
    assert counts == [("one", "1"), ("one", "2"), ("one", "2")]


def test_a_resolved_issue_comes_back(sentry: Sentry) -> None:
    before = sentry.api("GET", "/organizations/acme/issues/WEB-APP-2/", sentry.user("mia")).json
    send(sentry, envelope({"message": before["title"], "timestamp": "2026-01-15T11:59:00Z"}))
    after = sentry.api("GET", "/organizations/acme/issues/WEB-APP-2/", sentry.user("mia")).json
    assert (after["status"], after["substatus"]) == ("unresolved", "regressed")
    assert int(after["count"]) == int(before["count"]) + 1
    assert after["lastSeen"] == "2026-01-15T11:59:00.000000Z"


@pytest.mark.parametrize(
    "timestamp", ["2031-01-01T00:00:00Z", 5, 4e9, "soon", None, True, "9" * 99]
)
def test_a_time_that_cannot_be_is_now(sentry: Sentry, timestamp: object) -> None:
    send(sentry, envelope({"message": "when", "timestamp": timestamp}))
    [shown] = read(sentry)
    assert shown["lastSeen"] == "2026-01-15T12:00:00.000000Z"


def test_what_is_no_event_is_taken_and_dropped(sentry: Sentry) -> None:
    before = sentry.stored()
    for kind in ("transaction", "session", "client_report", "check_in", "unknown"):
        answer = send(sentry, envelope({"a": 1}, {"event_id": ID}, kind))
        assert (answer.status_code, answer.json) == (200, {"id": ID})
    assert send(sentry, b"{}").json == {}
    assert send(sentry, b'{}\n{"type":"session"}\n{}\n\n').status_code == 200
    assert sentry.stored() == before


def test_an_event_without_an_id_is_given_one(sentry: Sentry) -> None:
    answer = send(sentry, envelope({"message": "nameless"}))
    assert len(answer.json["id"]) == 32
    path = f"/projects/acme/web-app/events/{answer.json['id']}/"
    assert sentry.api("GET", path, sentry.user("mia")).json["message"] == "nameless"


# Who may send


def test_the_key_is_read_from_wherever_it_stands(sentry: Sentry) -> None:
    number, key = key_of(sentry)
    data = envelope({"message": "x"})
    assert send(sentry, data, {"Authorization": f"sentry sentry_key={key}"}).status_code == 200
    assert send(sentry, data, {}, query=f"?sentry_key={key}").status_code == 200
    dsn = envelope({"message": "x"}, {"dsn": f"http://{key}@sentry.test/{number}"})
    assert send(sentry, dsn, {}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Sentry-Auth": "Sentry sentry_version=7"},
        {"X-Sentry-Auth": "Sentry sentry_key=short"},
        {"X-Sentry-Auth": "Bearer x"},
        {"Authorization": "Bearer x"},
        {"X-Sentry-Auth": "Sentry xsentry_key=" + "a" * 32},
    ],
)
def test_without_a_key_nobody_sends(sentry: Sentry, headers: Mapping[str, str]) -> None:
    before = sentry.stored()
    answer = send(sentry, envelope({"message": "x", "dsn": 3}, {"dsn": "http://[x"}), headers)
    assert answer.status_code == 401
    assert list(answer.json) == ["detail"]
    assert sentry.stored() == before


def test_a_key_opens_its_own_project_while_it_is_active(sentry: Sentry) -> None:
    before = sentry.stored()
    number, key = key_of(sentry)
    headers = {"X-Sentry-Auth": f"Sentry sentry_key={key}"}
    assert send(sentry, envelope(ERROR), headers, slug="api").status_code == 403
    for path in ("/api/99999/envelope/", "/api/x/envelope/", f"/api/{'9' * 30}/envelope/"):
        answer = sentry.send("POST", path, headers, data=envelope(ERROR))
        assert (answer.status_code, list(answer.json)) == (403, ["detail"])
    assert sentry.stored() == before
    with sentry.services.store.transaction() as connection:
        connection.execute(project_key.update().values(is_active=False))
    assert send(sentry, envelope(ERROR), headers).status_code == 403
    assert sentry.send("GET", f"/api/{number}/envelope/").status_code == 405


# What is refused


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"[]",
        b"{",
        b"\xff",
        b'{}\n{"type":"event"}\n[]',
        b'{}\n{"type":"event"}\nnull',
        b'{}\n{"type":"event","length":99}\n{}',
        b'{}\n{"type":"event","length":-1}\n{}',
        b'{}\n{"type":"event","length":true}\n{}',
        b'{}\n{"type":"event","length":"2"}\n{}',
        b"{}\nevent\n{}",
        b"{}" + b'\n{"type":"a"}\n{}' * 101,
        b'{"a":' * 5000,
    ],
)
def test_what_is_no_envelope_is_400(sentry: Sentry, data: bytes) -> None:
    before = sentry.stored()
    answer = send(sentry, data)
    assert (answer.status_code, list(answer.json)) == (400, ["detail"])
    assert sentry.stored() == before


def test_a_body_may_be_compressed_and_is_bounded(sentry: Sentry) -> None:
    _, key = key_of(sentry)
    auth = {"X-Sentry-Auth": f"Sentry sentry_key={key}"}
    data = envelope({"message": "small"})
    for encoding, packed in (("gzip", gzip.compress(data)), ("deflate", zlib.compress(data))):
        answer = send(sentry, packed, auth | {"Content-Encoding": encoding})
        assert answer.status_code == 200, answer.text
    bomb = gzip.compress(b" " * 50_000_000)
    assert send(sentry, bomb, auth | {"Content-Encoding": "gzip"}).status_code == 413
    assert send(sentry, b"x" * 2_000_000, auth).status_code == 413
    assert send(sentry, b"nothing", auth | {"Content-Encoding": "gzip"}).status_code == 400
    assert send(sentry, data, auth | {"Content-Encoding": "br"}).status_code == 415


# Events of any form

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = [*ERROR, "message", "logentry", "fingerprint", "timestamp", "contexts", "extra", "culprit"]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8))
def test_no_event_is_too_odd_to_be_read(payload: dict[str, Any]) -> None:
    event = read_event(payload, ID, START)
    assert 0 < len(event.title) <= 256
    assert len(event.culprit) <= 200
    assert len(event.hash) == 32
    stored = json.dumps(
        [event.title, event.message, event.metadata, event.tags, event.entries, event.data],
        allow_nan=False,
    )
    assert "\\u0000" not in stored
    assert "\\ud800" not in stored


@pytest.mark.parametrize(
    ("payload", "title"),
    [
        ({}, UNTITLED),
        ({"message": "  first\nsecond"}, "first"),
        ({"logentry": {"message": "a %s", "formatted": "a b"}}, "a b"),
        ({"exception": {"type": "E", "value": "v"}}, "E: v"),
        ({"exception": [{"type": "E"}]}, "E"),
        ({"exception": {"values": [{"value": "v"}]}}, "Error: v"),
        ({"exception": {"values": [None, 3, {}]}, "message": "m"}, "m"),
        ({"message": "a\0\ud800b"}, "a��b"),
        ({"message": "x" * 1000}, "x" * 256),
    ],
)
def test_a_title_says_what_happened(payload: dict[str, Any], title: str) -> None:
    event: NewEvent = read_event(payload, ID, START)
    assert event.title == title


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_invalid(data: bytes) -> None:
    for read_bytes in (parse_envelope, lambda data: unpack(data, "gzip", 1000)):
        try:
            read_bytes(data)
        except Invalid as error:
            assert 400 <= error.status < 500  # noqa: PT017 - either outcome is right


def test_events_at_the_same_moment_are_all_counted(stored_sentry: Sentry) -> None:
    data = [envelope(ERROR | {"event_id": f"{n:032x}", "message": str(n)}) for n in range(12)]
    threads = [threading.Thread(target=send, args=(stored_sentry, one)) for one in data]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [shown] = read(stored_sentry)
    assert shown["count"] == "12"
    numbers = [row.short_id for row in stored_sentry.services.store.all(issue.select())]
    assert numbers.count(5) == 1
