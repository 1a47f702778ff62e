"""Approve comes from a first-party session, with its CSRF token, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sentry.callers import Answer, Headers, Sentry, bearer
from tests.sentry.wire.test_approve import APPROVE, BODY, approve

NOT_FROM_SESSION = {"detail": "Approval must be performed from a user session."}
NOT_PROVIDED = {"detail": "Authentication credentials were not provided."}


def assert_refused(answer: Answer, body: dict[str, str]) -> None:
    assert (answer.status_code, answer.json) == (403, body)
    assert "WWW-Authenticate" not in answer.headers


def assert_csrf_failed(answer: Answer) -> None:
    assert answer.status_code == 403
    assert list(answer.json) == ["detail"]
    assert answer.json["detail"].startswith("CSRF Failed")
    assert "WWW-Authenticate" not in answer.headers


OTHERS: dict[str, Callable[[Sentry], Headers]] = {
    "user token": lambda sentry: sentry.user("olivia"),
    "old user token": lambda sentry: sentry.named_token("legacy"),
    "bound user token": lambda sentry: sentry.named_token("acme-only"),
    "organization token": lambda sentry: sentry.organization(reads=True),
    "integration token": lambda sentry: sentry.integration(),
    "agent token": lambda sentry: sentry.agent(),
    "wide agent token": lambda sentry: sentry.forged(scopes=["org:admin", "org:write"]),
    "bad agent token": lambda _: bearer("sntryag_x.y.z"),
    "bad token": lambda _: bearer("sntryu_x"),
    "basic": lambda _: {"Authorization": "Basic b2xpdmlhOnB3"},
    "empty": lambda _: {"Authorization": ""},
    "viewer context": lambda sentry: sentry.viewer("olivia"),
    "viewer context in acme": lambda sentry: sentry.viewer("olivia", "acme"),
    "bad viewer context": lambda _: {
        "X-Viewer-Context": "{}",
        "X-Viewer-Context-Signature": "0" * 64,
    },
    "context alone": lambda _: {"X-Viewer-Context": '{"user_id":101}'},
    "empty context": lambda _: {"X-Viewer-Context": ""},
    "signature alone": lambda _: {"X-Viewer-Context-Signature": "0" * 64},
}


@pytest.mark.parametrize("beside", ["alone", "with a session", "with a session, no CSRF"])
@pytest.mark.parametrize("other", OTHERS)
def test_no_other_credential_approves(sentry: Sentry, other: str, beside: str) -> None:
    credential = OTHERS[other](sentry)
    if beside != "alone":
        credential |= sentry.session("olivia")
    if beside == "with a session, no CSRF":
        del credential["X-CSRFToken"]
    before = sentry.stored()
    # Before anything else is looked at: the organization, the body, the method's scopes.
    bodies: list[Any] = [BODY, {}, []]
    for body in bodies:
        for slug in ("acme", "globex", "nowhere"):
            assert_refused(approve(sentry, credential, body, slug), NOT_FROM_SESSION)
    plain = sentry.api("POST", APPROVE.format("acme"), credential, data="x")
    assert_refused(plain, NOT_FROM_SESSION)
    assert sentry.stored() == before


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"Cookie": ""},
        {"Cookie": "sc=x", "X-CSRFToken": "x"},
        {"Cookie": "sentrysid=", "X-CSRFToken": "x"},
        {"Cookie": f"sentrysid={'A' * 43}; sc=x", "X-CSRFToken": "x"},
    ],
)
def test_no_credential(sentry: Sentry, credential: Headers) -> None:
    bodies: list[Any] = [BODY, []]
    for body in bodies:
        for slug in ("acme", "nowhere"):
            assert_refused(approve(sentry, credential, body, slug), NOT_PROVIDED)


def test_a_session_that_ended_is_no_credential(sentry: Sentry) -> None:
    ended, expired, live = (sentry.session("olivia") for _ in range(3))
    assert sentry.send("POST", "/auth/logout/", ended).status_code == 302
    assert_refused(approve(sentry, ended), NOT_PROVIDED)
    assert approve(sentry, live).status_code == 200
    sentry.set_active("olivia", False)
    assert_refused(approve(sentry, live), NOT_PROVIDED)
    sentry.set_active("olivia", True)
    sentry.advance(14 * 24 * 3600)
    assert_refused(approve(sentry, expired), NOT_PROVIDED)


# CSRF

CSRF: dict[str, Callable[[Sentry], Headers]] = {
    "missing": lambda _: {},
    "empty": lambda _: {"X-CSRFToken": ""},
    "wrong": lambda _: {"X-CSRFToken": "0" * 64},
    "not ASCII": lambda _: {"X-CSRFToken": "\xe9" * 64},
    "of another session": lambda sentry: {"X-CSRFToken": sentry.session("olivia")["X-CSRFToken"]},
    "of another user": lambda sentry: {"X-CSRFToken": sentry.session("mia")["X-CSRFToken"]},
    "of another header": lambda sentry: {"X-CSRF-Token": sentry.session("olivia")["X-CSRFToken"]},
}


@pytest.mark.parametrize("csrf", CSRF)
def test_csrf(sentry: Sentry, csrf: str) -> None:
    session = sentry.session("olivia")
    headers = {"Cookie": session["Cookie"]} | CSRF[csrf](sentry)
    before = sentry.stored()
    for body in (BODY, {}):
        for slug in ("acme", "nowhere"):
            assert_csrf_failed(approve(sentry, headers, body, slug))
    assert sentry.stored() == before
    assert approve(sentry, session).status_code == 200


def test_a_cookie_that_equals_the_header_proves_nothing(sentry: Sentry) -> None:
    """The token is bound to the session: who can set a cookie still cannot guess it."""
    sid = sentry.session("olivia")["Cookie"].partition(";")[0]
    planted = "a" * 64
    headers = {"Cookie": f"{sid}; sc={planted}", "X-CSRFToken": planted}
    assert_csrf_failed(approve(sentry, headers))


@pytest.mark.parametrize(
    "origin",
    ["http://evil.test", "null", "http://localhost.evil.test", "https://localhost", ""],
)
def test_another_origin(sentry: Sentry, origin: str) -> None:
    headers = sentry.session("olivia") | {"Origin": origin}
    assert_csrf_failed(approve(sentry, headers))
    assert sentry.grants() == []


def test_the_own_origin(sentry: Sentry) -> None:
    headers = sentry.session("olivia") | {"Origin": "http://localhost"}
    assert approve(sentry, headers).status_code == 200


def test_the_form_field(sentry: Sentry) -> None:
    """It satisfies the CSRF check; what a form can send is still no JSON."""
    session = sentry.session("olivia")
    token = session.pop("X-CSRFToken")
    for value, status in (("0" * 64, 403), (token, 415)):
        form = {"csrfmiddlewaretoken": value, "sessionId": "s1", "scopes": "org:write"}
        answer = sentry.api("POST", APPROVE.format("acme"), session, data=form)
        assert answer.status_code == status
    in_json = BODY | {"csrfmiddlewaretoken": token}
    assert_csrf_failed(approve(sentry, session, in_json))
    assert sentry.grants() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_another_method_approves_nothing(sentry: Sentry, method: str) -> None:
    answer = sentry.api(method, APPROVE.format("acme"), sentry.session("olivia"), BODY)
    assert answer.status_code == 405
    assert sentry.grants() == []
