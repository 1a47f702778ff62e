"""Explorer: to ask, to read, to answer in place, and to end."""

from __future__ import annotations

import pytest

from harness.network import UnansweredError
from tests.sentry.callers import Sentry
from tests.sentry.pages.reader import EXPLORER, Reader, settle


@pytest.fixture
def olivia(sentry: Sentry) -> Reader:
    return Reader(sentry)


@pytest.fixture
def seer_is_down(sentry: Sentry, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise UnansweredError("nobody there")

    monkeypatch.setattr(type(sentry.deployment.network), "send", fail)


def go_on(olivia: Reader, number: int, **said: str) -> None:
    path = f"{EXPLORER}{number}/"
    olivia.send(path, olivia.open(path).forms[-1].fields, **said)
    settle(olivia.sentry)


def test_a_conversation_from_question_to_end(sentry: Sentry, olivia: Reader) -> None:
    number, page = olivia.ask()
    assert "Seer waits for you" in page.text
    assert "Rename this organization to Initech" in page.text
    assert "403 insufficient_scope" in page.text
    fields = page.form("approve").fields
    olivia.send(f"{EXPLORER}{number}/", fields, decision="approve")
    settle(sentry)
    page = olivia.open(f"{EXPLORER}{number}/")
    assert "Seer is done" in page.text
    assert (
        sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).json["name"] == "Initech"
    )


def test_who_approves_what_they_may_not_grant_is_told_that_it_is_a_no(sentry: Sentry) -> None:
    mia = Reader(sentry, "mia")
    number, page = mia.ask()
    path = f"{EXPLORER}{number}/"
    sent = mia.answer("POST", path, data=dict(page.form("approve").fields, decision="approve"))
    assert sent.headers["Location"] == f"{path}?told=insufficient_scope"
    settle(sentry)
    page = mia.open(path, told="insufficient_scope")
    assert "it was told no" in page.text
    assert page.outcome == {"decision": "reject", "reason": "insufficient_scope"}
    assert "it was told no" not in mia.open(path, told="anything").text


def test_the_list_of_conversations(olivia: Reader, sentry: Sentry) -> None:
    assert "None yet." in olivia.open(EXPLORER).text
    number, _ = olivia.ask()
    page = olivia.open(EXPLORER)
    assert f"{EXPLORER}{number}/" in page.links()
    assert "None yet." in Reader(sentry, "mia").open(EXPLORER).text


@pytest.mark.parametrize("query", ["", "   "])
def test_nothing_is_asked(olivia: Reader, query: str) -> None:
    page = olivia.send(EXPLORER, olivia.open(EXPLORER).forms[-1].fields, query=query)
    assert (page.status, page.alert) == (400, True)
    assert "Say what Seer is to do." in page.text


def test_a_message_that_is_too_long_is_not_lost(olivia: Reader) -> None:
    page = olivia.send(EXPLORER, olivia.open(EXPLORER).forms[-1].fields, query="x" * 10_001)
    assert (page.status, page.alert) == (400, True)
    assert "x" * 10_001 in page.text


def test_a_rejection_in_place(sentry: Sentry, olivia: Reader) -> None:
    number, page = olivia.ask()
    olivia.send(f"{EXPLORER}{number}/", page.form("reject").fields, decision="reject")
    settle(sentry)
    assert "the user did not approve" in olivia.open(f"{EXPLORER}{number}/").text
    assert sentry.grants() == []


def test_one_more_message(olivia: Reader) -> None:
    number, _ = olivia.ask("What is this organization called?")
    go_on(olivia, number, query="Rename this organization to Initech")
    assert "Seer waits for you" in olivia.open(f"{EXPLORER}{number}/").text


def test_the_end_of_a_run(sentry: Sentry, olivia: Reader) -> None:
    number, _ = olivia.ask()
    go_on(olivia, number, decision="interrupt")
    page = olivia.open(f"{EXPLORER}{number}/")
    assert "Seer waits for you" not in page.text
    assert not any(button.get("value") == "approve" for f in page.forms for button in f.buttons)


def test_a_button_answers_the_question_beside_it(sentry: Sentry, olivia: Reader) -> None:
    """The second question asks for the same scopes; the first one's button grants nothing."""
    number, page = olivia.ask()
    stale = page.form("approve").fields
    olivia.send(f"{EXPLORER}{number}/", stale, decision="reject")
    settle(sentry)
    go_on(olivia, number, query="Rename this organization to Initrode")
    page = olivia.send(f"{EXPLORER}{number}/", stale, decision="approve")
    assert (page.status, page.alert) == (409, True)
    assert "not open any more" in page.text
    assert sentry.grants() == []


def test_a_button_grants_what_is_asked_for(sentry: Sentry, olivia: Reader) -> None:
    number, page = olivia.ask()
    fields = dict(page.form("approve").fields) | {"scopes": "org:write org:admin"}
    page = olivia.send(f"{EXPLORER}{number}/", list(fields.items()), decision="approve")
    assert page.status == 409
    assert sentry.grants() == []


def test_half_a_yes_is_a_no(sentry: Sentry) -> None:
    mia = Reader(sentry, "mia")
    number, page = mia.ask()
    mia.send(f"{EXPLORER}{number}/", page.form("approve").fields, decision="approve")
    settle(sentry)
    assert sentry.grants() == []
    assert "did not approve" in mia.open(f"{EXPLORER}{number}/").text


def test_forms_without_their_token(sentry: Sentry, olivia: Reader) -> None:
    assert olivia.send(EXPLORER, [("query", "Rename it")]).status == 403
    number, page = olivia.ask()
    fields = [pair for pair in page.form("approve").fields if pair[0] != "csrfmiddlewaretoken"]
    for said in ({"decision": "approve"}, {"decision": "interrupt"}, {"query": "And now?"}):
        answer = olivia.send(f"{EXPLORER}{number}/", fields, **said)
        assert (answer.status, answer.alert) == (403, True), said
    assert sentry.grants() == []
    assert "Seer waits for you" in olivia.open(f"{EXPLORER}{number}/").text


@pytest.mark.usefixtures("seer_is_down")
def test_what_was_asked_is_kept_while_seer_is_down(olivia: Reader) -> None:
    page = olivia.send(EXPLORER, olivia.open(EXPLORER).forms[-1].fields, query="Rename it")
    assert page.status in (502, 503, 504)
    assert page.alert
    page = olivia.open(EXPLORER)
    assert "Rename it" in page.text
    number = next(link for link in page.links() if link.startswith(EXPLORER)).split("/")[-2]
    page = olivia.open(f"{EXPLORER}{number}/")
    assert page.alert
    assert "The conversation is kept" in page.text


@pytest.mark.parametrize("number", ["7", "0", "99999999999999999999"])
def test_conversations_that_there_are_not(olivia: Reader, number: str) -> None:
    page = olivia.open(f"{EXPLORER}{number}/")
    assert (page.status, page.alert) == (404, True)


def test_a_conversation_of_somebody_else(sentry: Sentry, olivia: Reader) -> None:
    number, page = olivia.ask()
    mia = Reader(sentry, "mia")
    assert mia.open(f"{EXPLORER}{number}/").status == 404
    own = mia.open(EXPLORER).forms[-1].fields
    asked = [pair for pair in page.form("approve").fields if pair[0] != "csrfmiddlewaretoken"]
    for said in ({"decision": "approve"}, {"decision": "interrupt"}, {"query": "And now?"}):
        answer = mia.send(f"{EXPLORER}{number}/", [*own, *asked], **said)
        assert answer.status == 404, said
        assert "Initech" not in answer.source
    assert sentry.grants() == []


def test_strangers(sentry: Sentry) -> None:
    page = Reader(sentry, "gil").open(EXPLORER)
    assert (page.status, page.alert) == (403, True)
