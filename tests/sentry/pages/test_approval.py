"""The approval page in each of its states, and what became of a decision."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from harness.network import UnansweredError
from tests.sentry.callers import Sentry
from tests.sentry.pages.reader import APPROVE, EXPLORER, Page, Reader, settle


@pytest.fixture
def olivia(sentry: Sentry) -> Reader:
    return Reader(sentry)


def granted(sentry: Sentry) -> dict[str, list[str]]:
    return {grant["session"]: sorted(grant["scopes"]) for grant in sentry.grants()}


# Before anything is decided


def test_it_says_who_asks_where_and_for_what(olivia: Reader) -> None:
    page = olivia.link(session="s1", scopes="org:write event:write")
    assert (page.status, page.alert) == (200, False)
    for text in (
        "s1",
        "Acme",
        "olivia@example.com",
        "owner",
        "4 hours",
        "org:write",
        "event:write",
    ):
        assert text in page.text
    form = page.form("approve")
    assert [value for name, value in form.fields if name == "scope"] == ["org:write", "event:write"]
    assert {"data-guarded", "data-consent"} <= form.attributes.keys()
    approve = next(button for button in form.buttons if button["value"] == "approve")
    assert "disabled" in approve, "until its script has seen that the page was seen"


def test_what_the_role_does_not_hold_cannot_be_chosen(sentry: Sentry) -> None:
    page = Reader(sentry, "mia").link(scopes="event:write org:write")
    assert (page.status, page.alert) == (200, False)
    sent = [value for name, value in page.form("approve").fields if name == "scope"]
    assert sent == ["event:write"]
    assert "a member does not hold it" in page.text


def test_nothing_that_the_user_could_grant(sentry: Sentry) -> None:
    page = Reader(sentry, "mia").link(scopes="org:write")
    assert (page.status, page.alert) == (400, True)
    assert page.outcome == {"detail": "No grantable scopes for this user."}
    assert not any(form.buttons and form.buttons[0].get("value") for form in page.forms)


def test_approved_already(sentry: Sentry, olivia: Reader) -> None:
    sentry.plant("olivia", ["org:write", "org:read"])
    page = olivia.link()
    assert page.status == 200
    assert "approved all of this already" in page.text
    assert "15 January 2026, 16:00 UTC" in page.text
    assert "Renew" in page.text


def test_rejecting_what_was_approved_earlier_ends_that_and_nothing_else(
    sentry: Sentry, olivia: Reader
) -> None:
    sentry.plant("olivia", ["org:write", "org:read"])
    page = olivia.decide(olivia.link(), "reject")
    assert granted(sentry) == {"s1": ["org:read"]}
    assert "Nothing of that is granted" in page.text


def test_approved_in_part_is_still_a_question(sentry: Sentry, olivia: Reader) -> None:
    sentry.plant("olivia", ["org:write"])
    page = olivia.link(scopes="org:write event:write")
    assert page.text.count("Approved already.") == 1
    assert "approved all" not in page.text


@pytest.mark.parametrize(
    ("session", "scopes"),
    [
        ("", "org:write"),
        (" ", "org:write"),
        ("s" * 129, "org:write"),
        ("s\x001", "org:write"),
        ("s1", ""),
        ("s1", "org:everything"),
        ("s1", "org:write <b>"),
        ("s1", "ORG:WRITE"),
    ],
)
def test_a_link_that_no_agent_made(olivia: Reader, session: str, scopes: str) -> None:
    page = olivia.link(session, scopes)
    assert (page.status, page.alert) == (400, True)
    assert "This link is not whole" in page.title


def test_strangers_nowhere_and_a_flow_that_is_off(sentry: Sentry, olivia: Reader) -> None:
    link = {"session": "s1", "scopes": "org:write"}
    page = Reader(sentry, "gil").open(APPROVE, **link)
    assert (page.status, page.title.partition(" ·")[0]) == (
        403,
        "You do not belong to this organization",
    )
    page = olivia.open("/organizations/nowhere/agent/approve/", **link)
    assert page.status in (403, 404)
    assert page.alert
    sentry.set_flow(False)
    page = olivia.open(APPROVE, **link)
    assert (page.status, page.alert) == (404, True)
    assert "switched off" in page.title


def test_who_is_not_signed_in_comes_back_after_signing_in(sentry: Sentry) -> None:
    nobody = Reader(sentry, "")
    sent_away = nobody.answer("GET", f"{APPROVE}?session=s1&scopes=org%3Awrite")
    assert sent_away.status_code == 302
    login = nobody.answer("GET", sent_away.headers["Location"])
    form = Page(login).forms[-1]
    cookie = login.headers["Set-Cookie"].partition(";")[0]
    fields = dict(form.fields) | {
        "username": "olivia@example.com",
        "password": sentry.password("olivia"),
    }
    signed_in = sentry.send("POST", "/auth/login/", {"Cookie": cookie}, data=fields)
    assert signed_in.headers["Location"] == f"{APPROVE}?session=s1&scopes=org%3Awrite"


# Decided


def test_approved(sentry: Sentry, olivia: Reader) -> None:
    page = olivia.decide(olivia.link(scopes="org:write event:write"))
    assert (page.status, page.title.partition(" ·")[0]) == (200, "Approved")
    assert page.outcome["scopes"] == ["event:write", "org:write"]
    assert granted(sentry) == {"s1": ["event:write", "org:write"]}
    assert "Not granted" not in page.text


def test_approved_in_part(sentry: Sentry, olivia: Reader) -> None:
    page = olivia.link(scopes="org:write event:write")
    fields = [pair for pair in page.form("approve").fields if pair != ("scope", "org:write")]
    page = olivia.send(APPROVE, fields, decision="approve")
    assert granted(sentry) == {"s1": ["event:write"]}
    assert "Not granted: org:write" in " ".join(page.text.split())


def test_scopes_beside_those_of_the_link_are_not_granted(sentry: Sentry, olivia: Reader) -> None:
    fields = [*olivia.link().form("approve").fields, ("scope", "org:admin")]
    olivia.send(APPROVE, fields, decision="approve")
    assert granted(sentry) == {"s1": ["org:write"]}


def test_rejected(sentry: Sentry, olivia: Reader) -> None:
    page = olivia.decide(olivia.link(), "reject")
    assert (page.status, page.title.partition(" ·")[0]) == (200, "Rejected")
    assert page.outcome == {"status": "rejected"}
    assert granted(sentry) == {}


def test_what_is_rejected_is_not_granted_from_before(sentry: Sentry, olivia: Reader) -> None:
    sentry.plant("olivia", ["event:write", "org:write"], session="s1")
    page = olivia.decide(olivia.link(), "reject")
    assert "Nothing of that is granted." in page.text
    assert granted(sentry) == {"s1": ["event:write"]}
    rejected = sentry.audit()[-1]
    assert (rejected["rule"], rejected["reason"]) == ("revoke", "reject")
    assert (rejected["flow"]["session"], rejected["flow"]["asked"]) == ("s1", ["org:write"])


@pytest.mark.parametrize("token", ["", "0" * 64, "é" * 10])
def test_without_its_token_a_form_decides_nothing(
    sentry: Sentry, olivia: Reader, token: str
) -> None:
    page = olivia.decide(olivia.link(), csrfmiddlewaretoken=token)
    assert (page.status, page.alert) == (403, True)
    assert "CSRF Failed" in page.text
    assert granted(sentry) == {}


def test_the_form_of_another_session_decides_nothing(sentry: Sentry, olivia: Reader) -> None:
    page = Reader(sentry, "mia").decide(olivia.link())
    assert page.status == 403
    assert granted(sentry) == {}


@pytest.mark.parametrize("decision", ["", "perhaps", "interrupt"])
def test_a_decision_that_is_none(sentry: Sentry, olivia: Reader, decision: str) -> None:
    page = olivia.send(APPROVE, olivia.link().form("approve").fields, decision=decision)
    assert (page.status, page.alert) == (400, True)
    assert granted(sentry) == {}


# What Seer asks for


def test_the_question_of_a_conversation(sentry: Sentry, olivia: Reader) -> None:
    number, _ = olivia.ask()
    page = olivia.link(f"explorer-{number}")
    assert page.status == 200
    assert "PUT /api/0/organizations/acme/" in page.text
    page = olivia.decide(page)
    assert page.title.startswith("Approved")
    assert page.outcome["decision"] == "approve"
    assert granted(sentry) == {f"explorer-{number}": ["org:write"]}


def test_a_question_that_is_answered_is_over(olivia: Reader) -> None:
    number, _ = olivia.ask()
    question = olivia.link(f"explorer-{number}")
    assert olivia.decide(question, "reject").title.startswith("Rejected")
    for page in (olivia.link(f"explorer-{number}"), olivia.decide(question)):
        assert (page.status, page.alert) == (410, True)
        assert "not waiting" in page.title


def test_a_form_answers_the_question_that_it_showed(sentry: Sentry, olivia: Reader) -> None:
    """And no later one, though that asks for the same."""
    number, _ = olivia.ask()
    stale = olivia.link(f"explorer-{number}")
    olivia.decide(stale, "reject")
    settle(sentry)
    path = f"{EXPLORER}{number}/"
    message = olivia.open(path).forms[-1]
    olivia.send(path, message.fields, query="Rename this organization to Initrode")
    settle(sentry)
    assert olivia.link(f"explorer-{number}").status == 200, "it asks again"
    assert olivia.decide(stale).status == 410
    assert granted(sentry) == {}


def test_other_scopes_than_those_that_it_asks_for(sentry: Sentry, olivia: Reader) -> None:
    number, _ = olivia.ask()
    for scopes in ("org:write org:admin", "event:write"):
        page = olivia.link(f"explorer-{number}", scopes)
        assert (page.status, page.alert) == (400, True)


@pytest.mark.parametrize("number", [None, 7, 9_999_999_999])
def test_a_conversation_of_somebody_else_or_of_nobody(
    sentry: Sentry, olivia: Reader, number: int | None
) -> None:
    if number is None:
        number, _ = olivia.ask()
    page = Reader(sentry, "mia").link(f"explorer-{number}")
    assert (page.status, page.alert) == (404, True)
    assert "not a request of your own agent" in page.title
    assert "Initech" not in page.source


def test_a_seer_that_does_not_answer(
    sentry: Sentry, olivia: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = olivia.ask()
    question = olivia.link(f"explorer-{number}")

    def fail(*_: object, **__: object) -> TestResponse:
        raise UnansweredError("nobody there")

    monkeypatch.setattr(type(sentry.deployment.network), "send", fail)
    for page in (olivia.link(f"explorer-{number}"), olivia.decide(question)):
        assert page.status in (502, 503, 504)
        assert page.alert
        assert "Seer does not answer" in page.title
    assert granted(sentry) == {}
