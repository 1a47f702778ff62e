"""What each verb sends, seen from the server."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.scenario.theatre import Reply, StandIn, events_of, play_on

MINTED = {"token": "sntryag_a.b.c", "expiresAt": "2026-01-01T00:00:00+00:00", "scopes": []}
MINT, APPROVE = (
    "POST /api/0/organizations/acme/agent/token/",
    "POST /api/0/organizations/acme/agent/approve/",
)
LOGIN: dict[str, Reply | list[Reply]] = {
    "GET /auth/login/": (200, {}, ""),
    "POST /auth/login/": (
        302,
        [("Set-Cookie", "sentrysid=cookie-of-session"), ("Set-Cookie", "sc=csrf-of-session")],
        "",
    ),
}


def stand_in(**further: Any) -> StandIn:
    return StandIn({MINT: (200, {}, MINTED), "*": (200, {}, {}), **LOGIN, **further})


def played(steps: str, app: StandIn | None = None, **changes: Any) -> StandIn:
    app = app or stand_in()
    result = play_on(app, steps, **changes)
    assert result.outcome == "passed", result.reason
    return app


def test_the_agent_mints_with_its_users_token() -> None:
    app = played("  - agent mints: {for: mel, in: first, session: s1, requested scopes: [a]}\n")
    (seen,) = app.seen
    assert f"{seen.method} {seen.path}" == MINT
    assert seen.headers["authorization"] == "Bearer token-of-mel"
    assert seen.headers["content-type"] == "application/json"
    # No control API: the session's name is one that no other run uses.
    assert seen.json["sessionId"].startswith("s1-")
    assert seen.json["requestedScopes"] == ["a"]


def test_the_agent_mints_with_a_session_where_there_is_no_token() -> None:
    app = stand_in()
    user = {"id": "8", "email": "mel@example.com", "password": "password-of-mel"}
    organizations = [{"id": "1", "slug": "acme", "name": "Acme"}]
    membership = {"memberships": [{"organization": "acme", "role": "member"}]}
    play_on(
        app,
        "  - agent mints: {for: mel, in: first, session: s1}\n",
        cast="cast: {organizations: [first], users: {mel: {role: member, of: first}}}\n",
        users=[user | membership],
        organizations=organizations,
        user_tokens=[],
    )
    mint = app.seen[-1]
    assert mint.headers["cookie"] == "sentrysid=cookie-of-session; sc=csrf-of-session"
    assert mint.headers["x-csrftoken"] == "csrf-of-session"
    assert "authorization" not in mint.headers


def test_the_service_signs_the_exact_bytes_of_its_context() -> None:
    app = played("  - service mints: {for: mel, in: first, session: s1}\n")
    headers = app.seen[0].headers
    context = headers["x-viewer-context"]
    assert context == '{"organization_id":1,"user_id":8}'
    key = b"shared-secret-of-the-test"
    expected = hmac.new(key, context.encode(), hashlib.sha256).hexdigest()
    assert headers["x-viewer-context-signature"] == expected


def test_a_context_may_leave_the_organization_out() -> None:
    app = played("  - service calls: {get: /x, using: viewer context of mel}\n")
    assert app.seen[0].headers["x-viewer-context"] == '{"user_id":8}'


def test_a_minted_token_is_shown_by_its_name() -> None:
    app = played(
        "  - agent mints: {for: mel, in: first, session: s1, as: t}\n"
        "  - agent calls: {with: t, get: /x}\n"
        '  - anonymous calls: {get: "/x?{token.t}"}\n'
    )
    assert app.seen[1].headers["authorization"] == "Bearer sntryag_a.b.c"
    assert app.seen[2].path == "/x?sntryag_a.b.c"
    assert "authorization" not in app.seen[2].headers


@pytest.mark.parametrize(
    ("actor", "token"),
    [
        ("ci", "token-of-acme"),
        ("robot", "token-of-robot"),
        ("small", "narrow-token-of-olivia"),
    ],
)
def test_who_holds_a_token_shows_it(actor: str, token: str) -> None:
    cast = """\
cast:
  organizations: [first]
  users: {olivia: {role: owner, of: first}}
  organization tokens: {ci: {of: first}}
  integration tokens: {robot: {of: first}}
  user tokens: {small: {of: olivia}}
"""
    app = played(
        f"  - {actor} calls: {{get: /x}}\n"
        f"  - {actor} mints: {{in: first, session: s1}}\n"
        f"  - olivia calls: {{get: /x, using: {actor}}}\n",
        cast=cast,
    )
    assert {seen.headers["authorization"] for seen in app.seen} == {f"Bearer {token}"}


def test_credentials_can_be_combined() -> None:
    app = played(
        "  - agent mints: {for: mel, in: first, session: s1, as: t}\n"
        "  - agent approves: {with: t, using: session of mel, session: s1, scopes: [a]}\n"
        "  - mel calls: {get: /x, using: [token, viewer context, session of olivia]}\n"
    )
    approval = next(seen for seen in app.seen if seen.path.endswith("/approve/"))
    assert approval.headers["authorization"] == "Bearer sntryag_a.b.c"
    assert approval.headers["cookie"] == "sentrysid=cookie-of-session; sc=csrf-of-session"
    assert approval.headers["x-csrftoken"] == "csrf-of-session"
    last = app.seen[-1].headers
    assert last["authorization"] == "Bearer token-of-mel"
    assert last["x-viewer-context"] == '{"user_id":8}'
    assert last["cookie"].startswith("sentrysid=")


def test_one_credential_twice_is_two_headers() -> None:
    app = played("  - mel calls: {get: /x, using: [token, token]}\n")
    assert app.seen[0].headers["authorization"] == "Bearer token-of-mel, Bearer token-of-mel"


def test_a_user_signs_in_once_and_approves() -> None:
    app = played(
        "  - mel approves: {session: s1, in: first, scopes: [a, b]}\n"
        "  - mel approves: {session: s1, scopes: [a]}\n"
    )
    assert app.calls == ["GET /auth/login/", "POST /auth/login/", APPROVE, APPROVE]
    assert app.seen[2].json["scopes"] == ["a", "b"]
    assert app.seen[2].headers["x-csrftoken"] == "csrf-of-session"
    assert app.seen[2].json["sessionId"] == app.seen[3].json["sessionId"]


@pytest.mark.parametrize(
    ("csrf", "sent"), [("false", None), ("wrong-token", "wrong-token"), ("true", "csrf-of-session")]
)
def test_the_csrf_token_can_be_left_out_or_made_up(csrf: str, sent: str | None) -> None:
    app = played(f"  - mel approves: {{session: s1, in: first, scopes: [a], csrf: {csrf}}}\n")
    assert app.seen[-1].headers.get("x-csrftoken") == sent
    assert app.seen[-1].headers["cookie"].startswith("sentrysid=")


def test_a_session_that_reads_sends_no_csrf_token() -> None:
    app = played("  - mel calls: {get: /x, using: session}\n")
    assert "x-csrftoken" not in app.seen[-1].headers


def test_cookies_that_an_answer_sets_are_kept() -> None:
    app = stand_in(**{"GET /x": (200, {"Set-Cookie": "sc=rotated-token"}, {})})
    played(
        "  - mel calls: {get: /x, using: session}\n"
        "  - mel calls: {post: /y, using: session, json: {}}\n",
        app,
    )
    assert app.seen[-1].headers["x-csrftoken"] == "rotated-token"


def test_signing_out_and_in_again() -> None:
    gone = [("Set-Cookie", "sentrysid=; Max-Age=0"), ("Set-Cookie", "sc=; Max-Age=0")]
    app = stand_in(**{"POST /auth/logout/": (302, gone, "")})
    played("  - mel signs in:\n  - mel signs out:\n  - mel calls: {get: /x, using: session}\n", app)
    assert app.calls == [
        "GET /auth/login/",
        "POST /auth/login/",
        "POST /auth/logout/",
        "GET /auth/login/",
        "POST /auth/login/",
        "GET /x",
    ]


def test_a_wrong_password_is_sent_as_it_is_and_is_no_success() -> None:
    app = StandIn({"*": (200, {}, "")})
    result = play_on(app, "  - mel signs in: {password: not-the-password}\n")
    assert result.outcome == "failed"
    assert b"password=not-the-password" in app.seen[1].body


def test_whoever_cannot_sign_in_cannot_go_on() -> None:
    result = play_on(StandIn({"*": (200, {}, "")}), "  - mel calls: {get: /x, using: session}\n")
    assert result.outcome == "failed"
    assert events_of(result, "check")[0]["message"] == "mel could not sign in: status 200"


@pytest.mark.parametrize(
    ("arguments", "body", "content_type"),
    [
        ("json: {a: [1, null]}", b'{"a": [1, null]}', "application/json"),
        ("json: null", b"null", "application/json"),
        ("body: '{\"a\"'", b'{"a"', "application/json"),
        ("body: x, content type: text/plain", b"x", "text/plain"),
        ("form: {a: 1, b: [x, y z]}", b"a=1&b=x&b=y+z", "application/x-www-form-urlencoded"),
        ("content type: text/plain", b"", "text/plain"),
    ],
)
def test_bodies(arguments: str, body: bytes, content_type: str) -> None:
    app = played(f"  - mel calls: {{post: /x, {arguments}}}\n")
    assert app.seen[0].body == body
    assert app.seen[0].headers["content-type"] == content_type


def test_queries_and_headers() -> None:
    app = played(
        "  - mel calls: {get: /x?a=1, query: {b: [x, 2], c: true}, "
        "headers: [{X-A: '1'}, {X-A: '2'}]}\n"
    )
    assert app.seen[0].path == "/x?a=1&b=x&b=2&c=true"
    assert app.seen[0].headers["x-a"] == "1, 2"


def test_values_are_saved_and_used() -> None:
    app = stand_in(
        **{"GET /x": (200, {"X-Next": "n"}, {"list": [{"id": 7}], "w": "$any", "o": {"a": 1}})}
    )
    played(
        "  - mel calls: {get: /x}\n"
        "  - mel saves: {id: /list/0/id, word: /w, whole: /o, next: {header: X-Next}}\n"
        '  - mel calls: {post: "/y/{id}/{next}", json: {id: "{id}", whole: "{whole}"}}\n'
        "  - mel calls: {get: /x}\n"
        '    expect: {json: {w: "{word}", o: "{whole}", list: [{id: "{id}"}]}}\n',
        app,
    )
    assert app.seen[1].path == "/y/7/n"
    assert app.seen[1].json == {"id": 7, "whole": {"a": 1}}


def test_what_a_server_says_is_no_matcher() -> None:
    app = stand_in(**{"GET /x": [(200, {}, {"a": "$any"}), (200, {}, {"a": "other"})]})
    result = play_on(
        app,
        "  - mel calls: {get: /x}\n  - mel saves: {a: /a}\n  - mel calls: {get: /x}\n"
        '    expect: {json: {a: "{a}"}}\n',
    )
    assert result.outcome == "failed"


@pytest.mark.parametrize(
    ("save", "message"),
    [
        ("{a: /none}", "the last answer to mel has no value at '/none'"),
        ("{a: {header: X-None}}", "the last answer to mel has no header X-None"),
    ],
)
def test_what_is_not_there_cannot_be_saved(save: str, message: str) -> None:
    result = play_on(stand_in(), f"  - mel calls: {{get: /x}}\n  - mel saves: {save}\n")
    assert result.outcome == "failed"
    assert events_of(result, "check")[-1]["message"] == message


def test_nobody_saves_from_an_answer_of_somebody_else() -> None:
    result = play_on(stand_in(), "  - mel calls: {get: /x}\n  - olivia saves: {a: ''}\n")
    assert "has no answer yet" in events_of(result, "check")[-1]["message"]


def test_a_step_is_played_for_each_value() -> None:
    app = played(
        '  - mel calls: {get: "/{a}/{b.c}"}\n'
        '    for each: {a: [x, "{first}"], b: [{c: 1}, {c: 2}]}\n'
    )
    assert app.calls == ["GET /x/1", "GET /x/2", "GET /acme/1", "GET /acme/2"]


def test_a_token_that_was_not_minted_cannot_be_shown() -> None:
    app = StandIn({"*": (403, {}, {"detail": "no"})})
    result = play_on(
        app,
        "  - agent mints: {for: mel, in: first, session: s1, as: t}\n    expect: {status: 403}\n"
        "  - agent calls: {with: t, get: /x}\n",
    )
    assert result.outcome == "failed"
    assert events_of(result, "check")[-1]["message"] == "the token 't' was not minted"


def test_names_fill_in_what_they_stand_for() -> None:
    app = played(
        '  - mel calls: {post: "/{first}/{first.id}/{mel}/{mel.email}/", '
        'json: {n: "{first.number}", id: "{mel.id}", s: "{{mel}}"}}\n'
    )
    assert app.seen[0].path == "/acme/1/mel/mel@example.com/"
    assert app.seen[0].json == {"n": 1, "id": "8", "s": "{mel}"}


def test_arguments_are_written_down_as_they_were_sent() -> None:
    result = play_on(stand_in(), '  - mel calls: {get: "/{first}/"}\n    note: Look.\n')
    (step,) = events_of(result, "step")
    assert step["arguments"] == {"get": "/acme/"}
    assert (step["note"], step["line"], step["actor"]) == ("Look.", 9, "mel")


@pytest.mark.parametrize(
    ("step", "method", "path", "body"),
    [
        ("moves clock: {by: 5m}", "PUT", "clock/", {"advance": 300}),
        (
            "moves clock: {to: 2026-01-01T00:00:00Z}",
            "PUT",
            "clock/",
            {"now": "2026-01-01T00:00:00+00:00"},
        ),
        ("resets:", "POST", "reset/", None),
        (
            "plants grant: {for: mel, in: first, session: s, scopes: [a], expires in: 1h}",
            "POST",
            "grants/",
            {
                "organization": "acme",
                "user": "8",
                "session": "s",
                "scopes": ["a"],
                "expiresAt": "2026-01-01T01:00:00+00:00",
            },
        ),
        (
            "expires grant: {for: mel, in: first, session: s}",
            "POST",
            "grants/expire/",
            {"organization": "acme", "user": "8", "session": "s"},
        ),
        (
            "changes role: {user: mel, in: first, to: admin}",
            "PUT",
            "members/",
            {"organization": "acme", "user": "8", "role": "admin"},
        ),
        (
            "removes member: {user: mel, in: first}",
            "DELETE",
            "members/",
            {"organization": "acme", "user": "8"},
        ),
        ("deactivates user: {user: mel}", "PUT", "users/", {"user": "8", "active": False}),
        ("activates user: {user: mel}", "PUT", "users/", {"user": "8", "active": True}),
        (
            "switches feature: {in: first, on: false}",
            "PUT",
            "features/",
            {
                "organization": "acme",
                "feature": "organizations:seer-agent-token-flow",
                "enabled": False,
            },
        ),
        ("reads audit:", "GET", "audit/", None),
        ("reads grants:", "GET", "grants/", None),
    ],
)
def test_what_the_operator_does(step: str, method: str, path: str, body: Any) -> None:
    control: dict[str, Reply | list[Reply]] = {
        "GET /control/clock/": (200, {}, {"now": "2026-01-01T00:00:00+00:00"}),
        "GET /control/audit/?since=0": (200, {}, {"records": []}),
        "POST /control/reset/": (204, {}, ""),
        "*": (200, {}, {}),
    }
    app = StandIn(control)
    access = {"url": "http://sentry.test/control", "token": "control-token-of-the-test"}
    result = play_on(app, f"  - operator {step}\n", control=access)
    assert result.outcome == "passed", result.reason
    assert app.calls == []
    sent = [
        seen for seen in app.seen if f"{seen.method} {seen.path}" == f"{method} /control/{path}"
    ]
    assert sent[-1].headers["authorization"] == "Bearer control-token-of-the-test"
    assert (json.loads(sent[-1].body) if sent[-1].body else None) == body
