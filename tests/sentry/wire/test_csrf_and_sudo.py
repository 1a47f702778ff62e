"""What a session needs for writing: its CSRF token, and for some the password anew."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import Answer, Headers, Sentry, assert_unauthenticated
from tests.sentry.wire.test_sessions import is_signed_in

# CSRF on every write of a session

WRITES: list[tuple[str, str]] = [
    ("PUT", "/organizations/acme/"),
    ("POST", "/organizations/"),
    ("POST", "/organizations/acme/agent/token/"),
    ("POST", "/organizations/acme/agent/approve/"),
    ("POST", "/organizations/acme/teams/"),
    ("DELETE", "/teams/acme/web/"),
    ("DELETE", "/projects/acme/web-app/"),
    ("PUT", "/organizations/acme/issues/WEB-APP-1/"),
    ("PUT", "/auth/"),
    ("DELETE", "/auth/"),
    # Methods that do not exist are no way around.
    ("PATCH", "/organizations/acme/"),
    ("PURGE", "/organizations/acme/"),
]


@pytest.mark.parametrize("csrf", [None, "", "0" * 64, "another's"])
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_csrf(sentry: Sentry, method: str, path: str, csrf: str | None) -> None:
    headers = {"Cookie": sentry.session("olivia")["Cookie"]}
    if csrf is not None:
        other = sentry.session("olivia")["X-CSRFToken"]
        headers["X-CSRFToken"] = other if csrf == "another's" else csrf
    before = sentry.stored()
    body = {"name": "Two", "sessionId": "s1", "scopes": ["org:write"]}
    answer = sentry.api(method, path, headers, body)
    assert answer.status_code == 403
    assert list(answer.json) == ["detail"]
    assert answer.json["detail"].startswith("CSRF Failed")
    assert "WWW-Authenticate" not in answer.headers
    assert sentry.stored() == before


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_wants_no_csrf(sentry: Sentry, method: str) -> None:
    headers = {"Cookie": sentry.session("olivia")["Cookie"]}
    assert sentry.api(method, "/organizations/acme/", headers).status_code == 200


def test_a_method_is_the_one_of_the_request_line(sentry: Sentry) -> None:
    headers = {"Cookie": sentry.session("olivia")["Cookie"], "X-HTTP-Method-Override": "PUT"}
    answer = sentry.api("GET", "/organizations/acme/?_method=PUT", headers, {"name": "Two"})
    assert answer.json["name"] == "Acme"


def test_the_csrf_token_of_a_session_stays_the_same(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    for name in ("One", "Two"):
        answer = sentry.api("PUT", "/organizations/acme/", session, {"name": name})
        assert answer.status_code == 200


# Sudo

SUDO = 2 * 3600


def delete_team(sentry: Sentry, session: Headers, team: str = "web") -> Answer:
    return sentry.api("DELETE", f"/teams/acme/{team}/", session)


def test_sudo_lasts_for_two_hours(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    sentry.advance(SUDO - 1)
    assert delete_team(sentry, session, "web").status_code == 204
    for _ in ("at its end", "after it"):
        sentry.advance(1)
        answer = delete_team(sentry, session, "backend")
        assert answer.status_code == 401
        assert answer.json["detail"]["code"] == "sudo-required"
        assert is_signed_in(sentry, session)


def test_typing_the_password_again_renews_it(sentry: Sentry) -> None:
    session, other = sentry.session("olivia"), sentry.session("olivia")
    sentry.advance(SUDO)
    wrong: list[Any] = ["", "wrong", sentry.password("mia"), None, 1, ["x"]]
    for password in wrong:
        answer = sentry.api("PUT", "/auth/", session, {"password": password})
        assert answer.status_code in (400, 403)
        assert delete_team(sentry, session).status_code == 401
    answer = sentry.api("PUT", "/auth/", session, {"password": sentry.password("olivia")})
    assert answer.status_code == 200
    assert delete_team(sentry, other).status_code == 401
    assert delete_team(sentry, session).status_code == 204


def test_only_a_session_is_renewed(sentry: Sentry) -> None:
    body = {"password": sentry.password("olivia")}
    before = sentry.stored()
    for credential in ({}, sentry.user("olivia"), sentry.agent(), sentry.viewer("olivia")):
        assert_unauthenticated(sentry.api("PUT", "/auth/", credential, body))
    assert sentry.stored() == before
