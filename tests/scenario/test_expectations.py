"""Each expectation, seen to hold and seen to fail, with what it tells then."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.scenario.expectations.challenge import Challenge, ChallengeError, parse_challenges
from harness.scenario.expectations.token import is_signed
from tests.scenario.theatre import Reply, StandIn, checks_of, events_of, play_on

ACCESS = {"url": "http://sentry.test/control", "token": "control-token-of-the-test"}
SECRET = "shared-secret-of-the-test"
NOW = "2026-01-01T00:00:00+00:00"


def expect(
    expectation: str, answer: Reply, further: dict[str, Any] | None = None, **changes: Any
) -> Any:
    """The checks of one GET of /x by mel, and the message of the first that failed."""
    app = StandIn({"GET /x": answer, **(further or {})})
    step = f"  - mel calls: {{get: /x}}\n    expect: {expectation}\n"
    result = play_on(app, step, **changes)
    failed = [event for event in events_of(result, "check") if not event["passed"]]
    return checks_of(result), failed[0]["message"] if failed else ""


def ok(body: Any = None, headers: dict[str, str] | None = None, status: int = 200) -> Reply:
    return status, headers or {}, {} if body is None else body


@pytest.mark.parametrize(
    ("expectation", "answer", "holds"),
    [
        ("{status: 200}", ok(), True),
        ("{status: 204}", ok(), False),
        ("{status: [403, 404]}", ok(status=404), True),
        ("{status: [403, 404]}", ok(status=200), False),
        ("{}", ok(status=201), True),
        ("{}", ok(status=302), False),
        ("{}", ok(status=403), False),
    ],
)
def test_status(expectation: str, answer: Reply, holds: bool) -> None:
    checks, _ = expect(expectation, answer)
    assert checks == {"status": holds}


@pytest.mark.parametrize(
    ("expectation", "answer", "name", "holds", "message"),
    [
        ("{json: {a: 1}}", ok({"a": 1, "b": 2}), "json", True, ""),
        ("{json: {a: 1}}", ok({"a": 2}), "json", False, "at /a: expected 1, came 2"),
        ("{json: {a: 1}}", ok("no json"), "json", False, "the body is not JSON"),
        ("{json: null}", (200, {}, "null"), "json", True, ""),
        ("{keys: [b, a]}", ok({"a": 1, "b": 2}), "keys", True, ""),
        ("{keys: [a]}", ok({"a": 1, "b": 2}), "keys", False, ""),
        ("{keys: [a]}", ok([]), "keys", False, "the body is no JSON object"),
        ("{text: {contains: lo}}", ok("hello"), "text", True, ""),
        ("{text: {contains: [lo, xx]}}", ok("hello"), "text", False, "lacks 'xx'"),
        ("{text: {lacks: lo}}", ok("hello"), "text", False, "contains 'lo'"),
        ("{headers: {x-a: '1'}}", ok(headers={"X-A": "1"}), "headers: x-a", True, ""),
        ("{headers: {x-a: '1'}}", ok(), "headers: x-a", False, 'expected "1", came nothing'),
        ("{headers: {X-A: $absent}}", ok(), "headers: X-A", True, ""),
        (
            "{headers: {X-A: $absent}}",
            ok(headers={"X-A": "1"}),
            "headers: X-A",
            False,
            'expected nothing, came "1"',
        ),
        ("{headers: {X-A: {$regex: ^a}}}", ok(headers={"X-A": "ab"}), "headers: X-A", True, ""),
    ],
)
def test_the_answer(expectation: str, answer: Reply, name: str, holds: bool, message: str) -> None:
    checks, told = expect(expectation, answer)
    assert checks == {"status": True, name: holds}
    assert told == message


BEARER = 'Bearer error="insufficient_scope", scope="org:admin org:write"'
FULL = "{challenge: {error: insufficient_scope, scope: [org:admin, org:write]}, status: 403}"


@pytest.mark.parametrize(
    ("expectation", "header", "message"),
    [
        (FULL, BEARER, ""),
        (FULL, 'Bearer realm="x", ' + BEARER.removeprefix("Bearer "), ""),
        (FULL, BEARER.replace("Bearer", "BEARER"), ""),
        (FULL, 'xBasic realm="api", ' + BEARER, ""),
        (FULL, None, "there is no WWW-Authenticate header"),
        (FULL, 'xBasic realm="api"', "0 challenges of the scheme Bearer"),
        (FULL, f"{BEARER}, {BEARER}", "2 challenges of the scheme Bearer"),
        (FULL, BEARER + ', held="org:read"', "not expected: held"),
        (FULL, BEARER + ', scope="again"', "the parameter 'scope' comes twice"),
        (FULL, 'error="insufficient_scope"', "the parameter 'error' stands before any scheme"),
        (FULL, 'Bearer error="unfinished', "no comma before character 8"),
        (
            FULL,
            'Bearer error="insufficient_scope", scope="org:write org:admin"',
            "scope: expected ['org:admin', 'org:write'], came ['org:write', 'org:admin']",
        ),
        (
            FULL,
            'Bearer error="insufficient_scope"',
            "scope: expected ['org:admin', 'org:write'], came None",
        ),
        ("{challenge: none, status: 403}", None, ""),
        ("{challenge: {scheme: xBasic, realm: api}, status: 403}", 'xBasic realm="api"', ""),
        (
            "{challenge: {scheme: xBasic, realm: api}, status: 403}",
            'xBasic realm="other"',
            "realm: expected 'api', came 'other'",
        ),
    ],
)
def test_the_challenge(expectation: str, header: str | None, message: str) -> None:
    headers = {} if header is None else {"WWW-Authenticate": header}
    checks, told = expect(expectation, (403, headers, {}))
    assert checks == {"status": True, "challenge": not message}
    assert told == message


def test_no_challenge_where_none_is_expected() -> None:
    checks, _ = expect("{challenge: none}", ok(headers={"WWW-Authenticate": 'xBasic realm="api"'}))
    assert checks["challenge"] is False


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("Basic", [Challenge("Basic", {})]),
        ("Negotiate abc==", [Challenge("Negotiate", {"": "abc=="})]),
        ("Basic, Bearer a=b", [Challenge("Basic", {}), Challenge("Bearer", {"a": "b"})]),
        (
            'A a="x, y" , b = "q\\"uo\\\\te" ,B c=d',
            [Challenge("A", {"a": "x, y", "b": 'q"uo\\te'}), Challenge("B", {"c": "d"})],
        ),
        ("", []),
    ],
)
def test_challenges_are_read_as_the_rfc_has_them(header: str, challenges: list[Challenge]) -> None:
    assert parse_challenges(header) == challenges


@pytest.mark.parametrize("header", ["=", 'A a="x" b="y"', "A a=b c", "A b c=d", ",,=", 'A "x"'])
def test_what_is_no_challenge(header: str) -> None:
    with pytest.raises(ChallengeError):
        parse_challenges(header)


def part(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def jwt(claims: Any, secret: str = SECRET, header: Any = None) -> str:
    signed = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"sntryag_{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def minted(scopes: list[str] | None = None, **claims: Any) -> dict[str, Any]:
    whole = {"iat": 1767225600, "exp": 1767225900, "scopes": ["a", "b"]} | claims
    return {
        "token": jwt(whole),
        "scopes": scopes or ["a", "b"],
        "expiresAt": "2026-01-01T00:05:00Z",
    }


@pytest.mark.parametrize(
    ("expectation", "body", "checks", "message"),
    [
        ("{scopes: [b, a]}", {"scopes": ["a", "b"]}, {"scopes": True}, ""),
        ("{scopes: [a]}", {"scopes": ["a", "b"]}, {"scopes": False}, "expected exactly ['a']"),
        (
            "{scopes: [a, b]}",
            {"scopes": ["b", "a"]},
            {"scopes": False},
            "expected exactly ['a', 'b']",
        ),
        ("{scopes: [a]}", {}, {"scopes": False}, "there is no list of scopes"),
        ("{scopes: {includes: [a], excludes: [c]}}", {"scopes": ["a"]}, {"scopes": True}, ""),
        (
            "{scopes: {includes: [a], excludes: [c]}}",
            {"scopes": ["c"]},
            {"scopes": False},
            "lacks a; has c",
        ),
        ("{scopes: [a, b]}", minted(), {"scopes": True, "scopes of the token": True}, ""),
        (
            "{scopes: [a, b]}",
            minted(scopes=["a", "b"]) | {"token": jwt({"scopes": ["a", "b", "c"]})},
            {"scopes": True, "scopes of the token": False},
            "expected exactly ['a', 'b']",
        ),
        ("{claims: {scopes: [a, b]}}", minted(), {"claims": True}, ""),
        (
            "{claims: {sub: '7'}}",
            minted(sub=7),
            {"claims": False},
            'at /sub: expected "7", came 7',
        ),
        ("{claims: {}}", {"token": "sntryag_a.b.c"}, {"claims": False}, "no agent token"),
        ("{claims: {}}", {"token": "sntryu_abc"}, {"claims": False}, "no agent token"),
        (
            "{lifetime: 5m}",
            minted(),
            {"lifetime": True, "expiresAt is the token's exp": True},
            "",
        ),
        (
            "{lifetime: 5m}",
            minted(exp=1767225901),
            {"lifetime": False, "expiresAt is the token's exp": False},
            "",
        ),
        ("{lifetime: 5m}", {}, {"lifetime": False}, "no agent token"),
        ("{signed: true}", minted(), {"signed": True}, ""),
        ("{signed: true}", {"token": jwt({}, "other-secret")}, {"signed": False}, ""),
        ("{signed: false}", {"token": jwt({}, "other-secret")}, {"signed": True}, ""),
        ("{signed: true}", {}, {"signed": False}, ""),
    ],
)
def test_tokens(expectation: str, body: Any, checks: dict[str, bool], message: str) -> None:
    found, told = expect(expectation, ok(body))
    assert found == {"status": True} | checks
    assert message in told


@pytest.mark.parametrize(
    ("token", "signed"),
    [
        (jwt({}), True),
        (jwt({}).removeprefix("sntryag_"), False),
        (jwt({}) + "x", False),
        (jwt({}, header={"alg": "none"}), False),
        (jwt({}, header={"alg": "HS512"}), False),
        (jwt({}, header=["HS256"]), False),
        ("sntryag_a.b", False),
        ("sntryag_é.b.c", False),
    ],
)
def test_what_is_signed(token: str, signed: bool) -> None:
    assert is_signed(token, SECRET) is signed
    assert not is_signed(token, "")


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-01-01T04:00:00+00:00", True),
        ("2026-01-01T05:00:04+01:00", True),
        ("2026-01-01T04:00:06+00:00", False),
        ("2026-01-01T03:59:54+00:00", False),
        ("2026-01-01T04:00:00", False),
        ("tomorrow", False),
        (None, False),
    ],
)
def test_when_it_expires(at: str | None, holds: bool) -> None:
    control = {
        "GET /control/clock/": ok({"now": NOW}),
        "POST /control/reset/": (204, {}, ""),
        "GET /control/audit/?since=0": ok({"records": []}),
    }
    body = ok({"expiresAt": at})
    checks, _ = expect("{expires in: 4h}", body, control, control=ACCESS)
    assert checks["expires in"] is holds
    for date in ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 -0000"):
        checks, _ = expect("{expires in: 4h}", (200, {"Date": date}, {"expiresAt": at}))
        assert checks["expires in"] is holds


def test_a_server_without_a_readable_date_is_taken_to_have_ours() -> None:
    at = (datetime.now(UTC) + timedelta(hours=4)).isoformat()
    for headers in ({}, {"Date": "some day"}):
        checks, _ = expect("{expires in: 4h}", (200, headers, {"expiresAt": at}))
        assert checks["expires in"]


def entries(*slugs: str) -> list[dict[str, Any]]:
    return [{"slug": slug, "id": f"id-{slug}", "in": {"slug": f"in-{slug}"}} for slug in slugs]


@pytest.mark.parametrize(
    ("expectation", "body", "message"),
    [
        ("{lists: {contains: a}}", entries("a", "b"), ""),
        ("{lists: {contains: [a, c]}}", entries("a", "b"), "lacks 'c'"),
        ("{lists: {lacks: c}}", entries("a"), ""),
        ("{lists: {lacks: [a, c]}}", entries("a"), "contains 'a'"),
        ("{lists: {exactly: [b, a]}}", entries("a", "b"), ""),
        ("{lists: {exactly: a}}", entries("a", "b"), "expected exactly ['a']"),
        ("{lists: {exactly: []}}", entries(), ""),
        ("{lists: {contains: id-a, by: id}}", entries("a"), ""),
        ("{lists: {contains: in-a, by: /in/slug}}", entries("a"), ""),
        ("{lists: {contains: a, by: name}}", entries("a"), "an entry has no 'name'; lacks 'a'"),
        ("{lists: {contains: a, at: /data}}", {"data": entries("a")}, ""),
        ("{lists: {contains: a, at: /data}}", entries("a"), "there is no list at /data"),
        ("{lists: {contains: a}}", {"a": 1}, "there is no list"),
    ],
)
def test_lists(expectation: str, body: Any, message: str) -> None:
    checks, told = expect(expectation, ok(body))
    assert checks == {"status": True, "lists": not message}
    assert told == message


def link(url: str, more: str = "true") -> dict[str, str]:
    return {"Link": f'<{url}>; rel="next"; results="{more}"; cursor="0:1:0"'}


def test_lists_are_read_to_their_last_page() -> None:
    pages = {
        "GET /x?cursor=2": (200, link("http://sentry.test/x?cursor=3"), entries("b")),
        "GET /x?cursor=3": (200, link("/x?cursor=4", more="false"), entries("c")),
    }
    first = (200, link("http://sentry.test/x?cursor=2"), entries("a"))
    checks, _ = expect("{lists: {exactly: [a, b, c]}}", first, pages)
    assert checks["lists"]


@pytest.mark.parametrize(
    "url", ["http://elsewhere.example.com/x?cursor=2", "@elsewhere.example.com/x", ".example.com/x"]
)
def test_a_next_page_on_another_server_is_not_asked_for(url: str) -> None:
    first = (200, link(url), entries("a"))
    checks, _ = expect("{lists: {exactly: a}}", first)
    assert checks["lists"]


@pytest.mark.parametrize(
    ("expectation", "states", "holds"),
    [
        ("{unchanged: /r}", [ok({"a": 1}), ok({"a": 1})], True),
        ("{unchanged: /r}", [ok({"a": 1}), ok({"a": 2})], False),
        ("{unchanged: /r}", [ok({"a": 1}), ok(status=404)], False),
        ("{unchanged: {path: /r, at: /a}}", [ok({"a": 1, "b": 1}), ok({"a": 1, "b": 2})], True),
        ("{unchanged: {path: /r, at: /a}}", [ok({"a": 1}), ok({})], False),
        ("{unchanged: [/r, {path: /r, as: olivia}]}", [ok({"a": 1})], True),
        ("{changed: /r}", [ok({"a": 1}), ok({"a": 2})], True),
        ("{changed: /r}", [ok({"a": 1}), ok({"a": 1})], False),
        ("{changed: {path: /r, at: /a}}", [ok({"a": 1, "b": 1}), ok({"a": 1, "b": 2})], False),
    ],
)
def test_resources(expectation: str, states: list[Reply], holds: bool) -> None:
    checks, _ = expect(expectation, ok(), {"GET /r": states})
    assert all(checks.values()) is holds
    assert checks["status"]


@pytest.mark.parametrize("word", ["unchanged", "changed"])
def test_what_could_not_be_read_before_is_not_judged(word: str) -> None:
    denied: list[Reply] = [ok(status=403), ok({"a": 1})]
    checks, message = expect(f"{{{word}: /r}}", ok(), {"GET /r": denied})
    assert checks[f"{word}: /r"] is False
    assert message == "it could not be read before: status 403"


def test_resources_are_read_by_whom_the_step_is_about() -> None:
    app = StandIn({"*": ok({"token": "sntryag_a.b.c"})})
    play_on(
        app,
        "  - agent mints: {for: olivia, in: first, session: s1, as: t}\n"
        "  - agent calls: {with: t, put: /x, json: {}}\n    expect: {unchanged: /r}\n"
        "  - agent calls: {with: t, put: /x, json: {}}\n"
        "    expect: {unchanged: {path: /r, as: mel}}\n",
    )
    readers = [seen.headers["authorization"] for seen in app.seen if seen.path == "/r"]
    assert readers == ["Bearer token-of-olivia"] * 2 + ["Bearer token-of-mel"] * 2


def controlled(records: list[dict[str, Any]], grants: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "POST /control/reset/": (204, {}, ""),
        "GET /control/clock/": ok({"now": NOW}),
        "GET /control/audit/?since=0": [ok({"records": [{"id": 4, "rule": "before"}]})],
        "GET /control/audit/?since=4": ok({"records": records}),
        "GET /control/grants/": ok({"grants": grants}),
    }


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("{audit: [{rule: gate}]}", ""),
        ("{audit: [{rule: gate}, {rule: role, held: [a]}]}", ""),
        ("{audit: [{rule: before}]}", "no record of this step matches"),
        ("{audit: {contains: [{rule: gate}], lacks: [{rule: before}]}}", ""),
        ("{audit: {lacks: [{rule: role}]}}", "a record of this step matches"),
    ],
)
def test_decision_records(expectation: str, message: str) -> None:
    records = [{"id": 5, "rule": "gate"}, {"id": 6, "rule": "role", "held": ["a"]}]
    checks, told = expect(expectation, ok(), controlled(records, []), control=ACCESS)
    assert all(checks.values()) is not bool(message)
    assert told == message


def test_the_one_record_of_a_step_is_compared_key_by_key() -> None:
    records = controlled([{"id": 5, "rule": "gate"}], [])
    _, message = expect("{audit: [{rule: role}]}", ok(), records, control=ACCESS)
    assert message == 'at /rule: expected "role", came "gate"'


GRANT = {
    "organization": "acme",
    "user": "8",
    "session": "s1",
    "scopes": ["a", "b"],
    "expiresAt": "2026-01-01T04:00:00+00:00",
}


@pytest.mark.parametrize(
    ("expectation", "grants", "message"),
    [
        ("[]", [], ""),
        ("[]", [GRANT], "expected 0 grants, came 1"),
        ("[{for: mel, in: first, session: s1}]", [GRANT], ""),
        ("[{for: mel, in: first, session: s1, scopes: [b, a], expires in: 4h}]", [GRANT], ""),
        ("[{for: mel, in: first, session: s1}]", [GRANT | {"organization": "1"}], ""),
        ("[{for: mel, in: first, session: s1}]", [], "expected 1 grants, came 0; no such grant"),
        ("[{for: olivia, in: first, session: s1}]", [GRANT], "no such grant of olivia for s1"),
        ("[{for: mel, in: second, session: s1}]", [GRANT], "no such grant"),
        ("[{for: mel, in: first, session: s2}]", [GRANT], "no such grant"),
        ("[{for: mel, in: first, session: s1, scopes: [a]}]", [GRANT], "no such grant"),
        (
            "[{for: mel, in: first, session: s1, expires in: 3h}]",
            [GRANT],
            "does not expire in 10800 s",
        ),
    ],
)
def test_grants(expectation: str, grants: list[dict[str, Any]], message: str) -> None:
    further = controlled([], grants)
    checks, told = expect(f"{{grants: {expectation}}}", ok(), further, control=ACCESS)
    assert checks["grants"] is not bool(message)
    assert message in told


def test_one_failed_check_hides_no_other_and_ends_the_scenario() -> None:
    app = StandIn({"*": ok({"a": 1})})
    result = play_on(
        app,
        "  - mel calls: {get: /x}\n    expect: {status: 404, json: {a: 2}, keys: [a]}\n"
        "  - mel calls: {get: /never}\n",
    )
    assert checks_of(result) == {"status": False, "json": False, "keys": True}
    assert result.outcome == "failed"
    assert result.reason == "step 1, mel calls (line 9): status, json"
    assert app.calls == ["GET /x"]
