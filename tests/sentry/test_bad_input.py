"""Every operation of the catalogue, called with what no client should send: never a 500."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from inspect import isclass
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel

from harness.sentry.call import HANDLERS
from harness.sentry.catalogue import Operation, read_catalogue
from tests.sentry.callers import Answer, Headers, Sentry
from tests.sentry.conftest import Make

OPERATIONS = [
    operation
    for endpoint in read_catalogue().endpoints.values()
    for operation in endpoint.operations.values()
]

#: Good values of the parameters, so that a call comes as far as its handler.
GOOD = {
    "organization_id_or_slug": "acme",
    "project_id_or_slug": "web-app",
    "team_id_or_slug": "backend",
    "issue_id": "WEB-APP-1",
    "member_id": "me",
    "version": "web-app@1.1.0",
    "user_id": "me",
    "environment": "production",
    "event_id": "latest",
}
ODD_NAMES = [
    "0",
    "-1",
    "1e9",
    "2147483648",
    "9" * 18,
    "9" * 400,
    "x" * 3000,
    "\0",
    "a\0b",
    "\ud800",
    "٣",
    "%",
    "%00",
    "..",
    "'; DROP TABLE sentry_team; --",
    "é\u202e\U0001f480",
    "A" * 64 + "-1",
    "WEB-APP-99999999999999999999",
]
ODD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"\xff\xfe",
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b"[" * 100_000,
    b"1" * 10_000,
    b'{"name":1e999}',
    b'{"name":NaN}',
    b'{"' + b"k" * 100_000 + b'":1}',
]
ODD_VALUES: list[Any] = [
    None,
    True,
    -1,
    10**40,
    1.5,
    "",
    "a\0b",
    "\ud800",
    "x" * 100_000,
    [],
    [None],
    [[]],
    [{}],
    ["a\0b"],
    {},
    {"a": {"b": [1]}},
    {"\0": "\0"},
]
ODD_QUERIES = [
    "-1",
    "9" * 400,
    "x" * 5000,
    "\0",
    "\ud800",
    "",
    "is:",
    'a"b',
    "[",
    "1:2:3:4",
    "0:-1:0",
]
QUERIES = ["query", "cursor", "per_page", "project", "status", "statsPeriod", "start"]
QUERIES += ["environment", "sort", "id"]

#: What bodies require, so that one odd value among it is the only fault. Each operation
#: takes what it knows.
GOOD_BODY = {
    "name": "x",
    "email": "new@example.org",
    "version": "v1",
    "projects": ["web-app"],
    "environment": "qa",
    "text": "hello",
    "sessionId": "s1",
    "scopes": ["org:read"],
    "actionMatch": "any",
    "conditions": [{"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"}],
    "actions": [{"id": "sentry.mail.actions.NotifyEmailAction", "targetType": "IssueOwners"}],
    "frequency": 30,
}


def keys_of(operation: Operation) -> list[str]:
    """The keys of the bodies that stand in the same module as the operation's handler."""
    module = sys.modules[HANDLERS[operation.method, operation.template].__module__]
    models = (one for one in vars(module).values() if isclass(one) and issubclass(one, BaseModel))
    return sorted({name for model in models for name in model.model_fields})


def call(
    sentry: Sentry, operation: Operation, credential: Headers, changes: dict[str, str], **sent: Any
) -> Answer:
    names = {
        part[1:-1]: "1" for part in operation.template.split("/") if part.startswith("{")
    } | GOOD
    named = {
        name: quote(value, safe="", errors="surrogatepass")
        for name, value in (names | changes).items()
    }
    return sentry.api(operation.method, operation.template.format(**named), credential, **sent)


def assert_refused_or_done(answer: Answer, what: object) -> None:
    assert answer.status_code < 500, what
    if answer.data:
        assert answer.mimetype == "application/json"
        json.loads(answer.data)


@pytest.fixture(params=["memory", "postgresql"])
def served(request: pytest.FixtureRequest, make_sentry: Make) -> Sentry:
    if request.param == "memory":
        return make_sentry()
    return make_sentry(database=request.getfixturevalue("postgres_url"))


@pytest.fixture
def reaching(request: pytest.FixtureRequest) -> Callable[[Any], bool]:
    """Whether to try a value: on PostgreSQL those alone that only a database refuses."""
    everything = request.node.callspec.params["served"] == "memory"
    return lambda odd: everything or str(odd).isdigit() or odd in ("\0", "a\0b", "\ud800")


def is_read(operation: Operation) -> bool:
    return operation.method == "GET"


def has_body(operation: Operation) -> bool:
    return operation.method in ("POST", "PUT", "PATCH")


def whoever_passes(sentry: Sentry, operation: Operation) -> Headers:
    """Olivia, with a credential that the gate lets through."""
    by_session = operation.demand in ("account", "first-party")
    return sentry.session("olivia") if by_session else sentry.user("olivia")


def test_odd_names_in_paths(served: Sentry) -> None:
    for operation in OPERATIONS:
        credential = whoever_passes(served, operation)
        sent: dict[str, Any] = {"body": {}} if has_body(operation) else {}
        for part in operation.template.split("/"):
            for odd in ODD_NAMES if part.startswith("{") else ():
                answer = call(served, operation, credential, {part[1:-1]: odd}, **sent)
                assert_refused_or_done(answer, (operation.method, operation.template, odd))


def test_odd_values_in_queries(served: Sentry, reaching: Callable[[Any], bool]) -> None:
    for operation in filter(is_read, OPERATIONS):
        credential = whoever_passes(served, operation)
        for odd in filter(reaching, ODD_QUERIES):
            value = quote(odd, safe="", errors="surrogatepass")
            for key in QUERIES:
                answer = call(served, operation, credential, {}, query_string=f"{key}={value}")
                assert_refused_or_done(answer, (operation.template, key, odd))


def test_odd_bodies(sentry: Sentry) -> None:
    for operation in filter(has_body, OPERATIONS):
        credential = whoever_passes(sentry, operation)
        for odd in ODD_BODIES:
            answer = call(
                sentry, operation, credential, {}, data=odd, content_type="application/json"
            )
            assert_refused_or_done(answer, (operation.method, operation.template, odd[:20]))


def test_odd_content_types(sentry: Sentry) -> None:
    for operation in filter(has_body, OPERATIONS):
        credential = whoever_passes(sentry, operation)
        for kind in ("", "text/plain", "application/json; charset=x", ";", "a\u00ff/b"):
            answer = call(sentry, operation, credential, {}, data=b"{}", content_type=kind)
            assert_refused_or_done(answer, (operation.method, operation.template, kind))


def test_odd_values_in_bodies(served: Sentry, reaching: Callable[[Any], bool]) -> None:
    for operation in filter(has_body, OPERATIONS):
        credential = whoever_passes(served, operation)
        for key in keys_of(operation):
            for odd in filter(reaching, ODD_VALUES):
                answer = call(served, operation, credential, {}, body=GOOD_BODY | {key: odd})
                what = (operation.method, operation.template, key, str(odd)[:20])
                assert_refused_or_done(answer, what)
