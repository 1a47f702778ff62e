"""Every operation of the catalogue, asked by requests that are wrong as HTTP: never a 500.

What stands wrongly inside a well-formed request is in test_bad_input.py. Here the
requests are raw, because no client's library would send them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import run_wsgi_app

from harness.sentry.catalogue import Operation, read_catalogue
from tests.sentry.callers import Headers, Sentry

ENDPOINTS = read_catalogue().endpoints
OPERATIONS = [
    operation for endpoint in ENDPOINTS.values() for operation in endpoint.operations.values()
]
#: So that a call comes as far as its handler.
GOOD = {
    "organization_id_or_slug": "acme",
    "project_id_or_slug": "web-app",
    "team_id_or_slug": "web",
    "issue_id": "WEB-APP-1",
    "event_id": "latest",
    "member_id": "me",
    "user_id": "me",
    "version": "web-app@1.1.0",
    "environment": "production",
    "key": "browser",
    "rule_id": "80001",
    "note_id": "70002",
}
#: More than the application takes.
HUGE = b'{"name":"' + b"x" * 1024 * 1024 + b'"}'


Pairs: TypeAlias = list[tuple[str, bytes]]


class Raw:
    """A request as bytes. `headers`: pairs, joined with a comma where a name comes again."""

    def __init__(self, sentry: Sentry) -> None:
        self.app = sentry.deployment.app

    def send(
        self,
        method: str,
        path: bytes,
        headers: Iterable[tuple[str, bytes]] = (),
        *,
        query: bytes = b"",
        body: bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        whole: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "sentry.test",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers:
            key = f"HTTP_{name.upper().replace('-', '_')}"
            text = value.decode("latin-1")
            whole[key] = f"{whole[key]}, {text}" if key in whole else text
        whole |= environ or {}
        parts, status, answered = run_wsgi_app(self.app, whole, buffered=True)
        return int(status.split()[0]), dict(answered), b"".join(parts)


def path_of(template: str, changes: Mapping[str, bytes] | None = None) -> bytes:
    path = b"/api/0"
    for segment in template.split("/")[1:]:
        name = segment[1:-1] if segment.startswith("{") else None
        good = segment if name is None else GOOD.get(name, "1")
        path += b"/" + (changes or {}).get(name or "", good.encode())
    return path


def pairs(credential: Headers) -> Pairs:
    return [(name, value.encode("latin-1")) for name, value in credential.items()]


def assert_answered(answer: tuple[int, dict[str, str], bytes], what: object) -> None:
    """Well or ill, in the API's form."""
    status, headers, body = answer
    assert status < 500, what
    assert headers["Cache-Control"] == "no-store", what
    if not body:
        return
    assert headers["Content-Type"] == "application/json", what
    shown = json.loads(body)
    if status < 400:
        return
    assert isinstance(shown, dict), what
    assert shown, what
    if "detail" in shown:
        assert list(shown) == ["detail"], what
        shown = shown["detail"] if isinstance(shown["detail"], dict) else {}
    if shown.keys() & {"code", "valid"}:
        # Sudo, and the verdict on a query.
        return
    for messages in shown.values():
        assert isinstance(messages, list), what
        assert all(isinstance(message, str) for message in messages), what


def is_write(operation: Operation) -> bool:
    return operation.method != "GET"


def owner(sentry: Sentry) -> tuple[Pairs, Pairs]:
    """An owner's token, and a new session."""
    return pairs(sentry.user("olivia")), pairs(sentry.session("olivia"))


def each_operation(sentry: Sentry) -> Iterator[tuple[Operation, Pairs, Pairs]]:
    """Every operation with an owner's token and session, in a world that is whole."""
    user, session = owner(sentry)
    for operation in OPERATIONS:
        yield operation, user, session
        if is_write(operation):
            sentry.deployment.reset()
            user, session = owner(sentry)


@pytest.fixture
def raw(sentry: Sentry) -> Raw:
    return Raw(sentry)


METHODS = ["PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "X" * 500, "-"]


def test_a_method_that_an_endpoint_does_not_have(sentry: Sentry, raw: Raw) -> None:
    user, session = owner(sentry)
    for template, endpoint in ENDPOINTS.items():
        for method in METHODS:
            path = path_of(template)
            status, headers, _ = answer = raw.send(method, path, user)
            assert_answered(answer, (method, template))
            assert status in (401, 403), (method, template)
            assert "WWW-Authenticate" not in headers or status == 401
            status, headers, _ = answer = raw.send(method, path, session)
            assert_answered(answer, (method, template))
            assert status == 405, (method, template)
            assert headers["Allow"] == ", ".join(sorted(endpoint.operations))


def test_head_is_get_without_a_body(sentry: Sentry, raw: Raw) -> None:
    user, _ = owner(sentry)
    for template, endpoint in ENDPOINTS.items():
        if "GET" in endpoint.operations:
            head = raw.send("HEAD", path_of(template), user)
            get = raw.send("GET", path_of(template), user)
            assert head[0] == get[0], template
            assert head[0] < 500, template


NAMES = [
    b"\xff\xfe",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"a\0b",
    b"\0",
    b"\r\nX-Injected: 1",
    b"%00",
    b"%ff",
    b"..",
    b".",
    b"-",
    b"latest",
    b"\xf0\x9f\x92\x80",
    b"\xe2\x80\xae",
    b"\xd9\xa3",
    b"9" * 4000,
    b"-1",
    b"2147483648",
    b"WEB-APP-2147483648",
    b"' OR 1=1 --",
]


def test_names_that_are_none_in_a_path(sentry: Sentry, raw: Raw) -> None:
    for operation, user, _ in each_operation(sentry):
        names = [part[1:-1] for part in operation.template.split("/") if part.startswith("{")]
        for name in names:
            for odd in NAMES:
                path = path_of(operation.template, {name: odd})
                answer = raw.send(operation.method, path, user, body=b"{}")
                assert_answered(answer, (operation.method, path))


QUERIES = [
    b"\xff=\xff",
    b"query=\xff\xfe",
    b"query=%ff%fe&cursor=%ff",
    b"%00",
    b"query=%00",
    b"query=\0",
    b"query=%ED%A0%80",
    b"query=%F0%9F%92%80",
    b"&&==;;&=",
    b"query=" + b"a" * 60_000,
    b"query=" + b"%22" * 3000,
    b"query=" + b"(" * 3000,
    b"&".join(b"project=%d" % number for number in range(3000)),
    b"&".join(b"environment=%d" % number for number in range(3000)),
    b"&".join(b"field=f%d" % number for number in range(3000)),
    b"per_page=" + b"9" * 5000,
    b"cursor=0:" + b"9" * 18 + b":0",
    b"cursor=0:2147483647:0&per_page=100",
    b"cursor=:::::",
    b"cursor=%D9%A1:%D9%A1:0",
    b"start=0001-01-01T00:00:00%2B23:59&end=9999-12-31T23:59:59-23:59",
    b"statsPeriod=9999w",
    b"sort=__class__&full=1&expand=all&collapse=all",
]


def test_queries_that_cannot_be_read(sentry: Sentry, raw: Raw) -> None:
    for operation, user, _ in each_operation(sentry):
        if is_write(operation) and "issues/" not in operation.template:
            continue
        for query in QUERIES:
            path = path_of(operation.template)
            answer = raw.send(operation.method, path, user, query=query, body=b'{"status":"x"}')
            assert_answered(answer, (operation.method, path, query[:80]))


HEADERS: list[Pairs] = [
    [("Authorization", b"Bearer \xff\xfe")],
    [("Authorization", b"Bearer a"), ("Authorization", b"Bearer b")],
    [("Authorization", b"Basic \xff")],
    [("Authorization", b"Basic AAAA")],
    [("Authorization", b"Basic AGE6AGI=")],
    [("Authorization", b"Bearer sntryag_" + b"a." * 3000)],
    [("Authorization", b"Bearer sntryag_\xc3\xa9.\xc3\xa9.\xc3\xa9")],
    [("Authorization", b"Bearer sntryu_" + b"f" * 50_000)],
    [("Cookie", b"sentrysid=\xff\xfe; sc=\xff"), ("X-CSRFToken", b"\xff")],
    [("Cookie", b"sentrysid=%00; sentrysid=b")],
    [("Cookie", b"=;;=;\0"), ("Cookie", b"sentrysid")],
    [("Cookie", b'sentrysid="\\377\\000"')],
    [("X-Viewer-Context", b"\xff"), ("X-Viewer-Context-Signature", b"\xff")],
    [("X-Viewer-Context", b"{" * 5000), ("X-Viewer-Context-Signature", b"0" * 64)],
]


def test_credentials_that_are_none(raw: Raw) -> None:
    for operation in OPERATIONS:
        for headers in HEADERS:
            answer = raw.send(operation.method, path_of(operation.template), headers, body=b"{}")
            assert_answered(answer, (operation.method, operation.template, headers))
            if operation.demand != "open":
                assert answer[0] in (401, 403), (operation.method, operation.template, headers)


ODD: list[tuple[Pairs, dict[str, str]]] = [
    ([("X-CSRFToken", b"again")], {}),
    ([("Cookie", b"sentrysid=again")], {}),
    ([("Host", b"\xff")], {}),
    ([("Host", b"a b:x")], {}),
    ([("Host", b"[::1")], {}),
    ([("Origin", b"\xff")], {}),
    ([("Accept", b"\xff;q=x"), ("Accept-Encoding", b"\0")], {}),
    ([("Content-Encoding", b"gzip")], {}),
    ([("If-None-Match", b"*"), ("Range", b"bytes=0-"), ("Expect", b"200-ok")], {}),
    ([("X-HTTP-Method-Override", b"DELETE")], {}),
    ([], {"CONTENT_TYPE": ""}),
    ([], {"CONTENT_TYPE": "text/html"}),
    ([], {"CONTENT_TYPE": "application/json; charset=utf-16"}),
    ([], {"CONTENT_TYPE": "application/json\0"}),
    ([], {"CONTENT_TYPE": "\xff/\xff"}),
    ([], {"CONTENT_TYPE": "multipart/form-data"}),
    ([], {"CONTENT_TYPE": "multipart/form-data; boundary=\xff"}),
    ([], {"CONTENT_TYPE": "application/x-www-form-urlencoded"}),
    ([], {"CONTENT_LENGTH": "-1"}),
    ([], {"CONTENT_LENGTH": "many"}),
    ([], {"CONTENT_LENGTH": ""}),
    ([], {"CONTENT_LENGTH": "9" * 30}),
    ([], {"CONTENT_LENGTH": "5"}),
]


def test_headers_that_make_no_sense(sentry: Sentry, raw: Raw) -> None:
    for operation, *credentials in each_operation(sentry):
        for credential in credentials:
            for headers, environ in ODD:
                path = path_of(operation.template)
                sent = [*credential, *headers]
                answer = raw.send(operation.method, path, sent, body=b'{"name":3}', environ=environ)
                assert_answered(answer, (operation.method, path, headers, environ))


#: Everything is said by the path, and no body is read.
BODILESS = {"/projects/{organization_id_or_slug}/{project_id_or_slug}/teams/{team_id_or_slug}/"}


def test_a_body_that_is_too_large(sentry: Sentry, raw: Raw) -> None:
    for operation, *credentials in each_operation(sentry):
        for credential in credentials:
            path = path_of(operation.template)
            answer = raw.send(operation.method, path, credential, body=HUGE)
            assert_answered(answer, (operation.method, path))
            if operation.method in ("PUT", "POST") and operation.template not in BODILESS:
                assert answer[0] in (401, 403, 404, 413), (operation.method, path, answer[0])


BODIES = [
    b"null",
    b"[]",
    b"3",
    b'"text"',
    b"{",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"name":"\\ud800"}',
    b'{"name":"\xed\xa0\x80"}',
    b'{"name":NaN,"text":Infinity}',
    b'{"name":1e999}',
    b'{"a":' * 2000 + b"1" + b"}" * 2000,
    b"[" * 50_000,
    b"1" * 5000,
    b'{"name":"a","name":[]}',
]


def test_bodies_that_are_no_object(sentry: Sentry, raw: Raw) -> None:
    for operation, user, _ in each_operation(sentry):
        if not is_write(operation):
            continue
        for body in BODIES:
            path = path_of(operation.template)
            answer = raw.send(operation.method, path, user, body=body)
            assert_answered(answer, (operation.method, path, body[:40]))


# Chance finds what a list forgets.

TEXT = st.text(max_size=12) | st.sampled_from(["a\0b", "\ud800", "9" * 20, "me", "-1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "name",
        "slug",
        "status",
        "assignedTo",
        "priority",
        "text",
        "conditions",
        "actions",
        "frequency",
        "owner",
        "role",
        "teams",
        "version",
        "projects",
        "dateReleased",
        "environment",
        "platform",
        "sessionId",
        "scopes",
        "email",
        "options",
    ]
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_requests_of_chance(sentry: Sentry, raw: Raw, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS))
    body = data.draw(st.dictionaries(KEYS, VALUES, max_size=4).map(json.dumps))
    query = data.draw(st.binary(max_size=40))
    changes = data.draw(
        st.dictionaries(
            st.sampled_from(sorted(GOOD)), st.binary(min_size=1, max_size=12), max_size=1
        )
    )
    path = path_of(operation.template, changes)
    sentry.deployment.reset()
    for credential in owner(sentry):
        answer = raw.send(operation.method, path, credential, query=query, body=body.encode())
        if path.startswith(b"/api/0/"):
            assert_answered(answer, (operation.method, path, query, body))
