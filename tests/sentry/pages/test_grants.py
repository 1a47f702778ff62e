"""The page of what a user's agents may do, and the API behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faker import Faker

from tests.sentry.callers import Headers, Sentry
from tests.sentry.pages.reader import ACME, GRANTS, Reader

fake = Faker()
LIST, REVOKE = f"{ACME}/agent/grants/", f"{ACME}/agent/revoke/"


def test_each_live_grant_with_its_end(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="one")
    sentry.plant("olivia", ["event:write"], session="two")
    sentry.plant("mia", ["event:write"], session="mias")
    page = Reader(sentry).open(GRANTS)
    assert page.status == 200
    for text in ("one", "two", "org:write", "event:write", "15 January 2026, 16:00 UTC"):
        assert text in page.text
    assert "mias" not in page.source


def test_nothing_is_approved(sentry: Sentry) -> None:
    assert "Nothing is approved now" in Reader(sentry).open(GRANTS).text


def test_what_is_over_is_not_listed(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="one")
    sentry.advance(4 * 3600)
    assert "Nothing is approved now" in Reader(sentry).open(GRANTS).text


def test_an_end_and_a_second_one(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="one")
    olivia = Reader(sentry)
    form = olivia.open(GRANTS).forms[-1]
    page = olivia.send(GRANTS, form.fields)
    assert (page.status, page.alert) == (200, False)
    assert "Ended: session one" in " ".join(page.text.split())
    assert "Nothing is approved now" in page.text
    page = olivia.send(GRANTS, form.fields)
    assert page.alert
    assert "ended already" in page.text


def test_nobody_ends_what_another_approved(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="one")
    sentry.plant("mia", ["event:write"], session="mias")
    mia = Reader(sentry, "mia")
    fields = dict(mia.open(GRANTS).forms[-1].fields) | {"session": "one"}
    assert "ended already" in mia.send(GRANTS, list(fields.items())).text
    assert len(sentry.grants()) == 2


def test_without_its_token_nothing_ends(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="one")
    page = Reader(sentry).send(GRANTS, [("session", "one")])
    assert (page.status, page.alert) == (403, True)
    assert len(sentry.grants()) == 1


@pytest.mark.parametrize(("name", "status"), [("gil", 403), ("olivia", 404)])
def test_strangers_and_a_flow_that_is_off(sentry: Sentry, name: str, status: int) -> None:
    if name == "olivia":
        sentry.set_flow(False)
    page = Reader(sentry, name).open(GRANTS)
    assert (page.status, page.alert) == (status, True)


# The API


def test_the_list(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write", "event:write"], session="one")
    sentry.plant("mia", ["event:write"], session="mias")
    answer = sentry.api("GET", LIST, sentry.session("olivia"))
    (grant,) = answer.json
    assert (grant["sessionId"], grant["scopes"]) == ("one", ["event:write", "org:write"])
    assert grant["expiresAt"].startswith("2026-01-15T16:00")


def test_the_end(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="one")
    session = sentry.session("olivia")
    answer = sentry.api("POST", REVOKE, session, {"sessionId": "one"})
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "revoked", "scopes": ["org:write"]},
    )
    assert sentry.mint(sentry.user("olivia"), session="one")["scopes"].count("org:write") == 0
    assert "revoke" in [record["rule"] for record in sentry.audit()]
    assert sentry.api("POST", REVOKE, session, {"sessionId": "one"}).status_code == 404


@pytest.mark.parametrize(
    ("scopes", "taken", "left"),
    [
        (["org:write", "org:admin", "no:scope"], ["org:write"], ["event:write"]),
        (["team:write"], [], ["event:write", "org:write"]),
        ([], [], ["event:write", "org:write"]),
        (["event:write", "org:write"], ["event:write", "org:write"], None),
    ],
)
def test_the_end_of_some(
    sentry: Sentry, scopes: list[str], taken: list[str], left: list[str] | None
) -> None:
    sentry.plant("olivia", ["event:write", "org:write"], session="one")
    session = sentry.session("olivia")
    answer = sentry.api("POST", REVOKE, session, {"sessionId": "one", "scopes": scopes})
    assert (answer.status_code, answer.json) == (200, {"status": "revoked", "scopes": taken})
    assert [grant["scopes"] for grant in sentry.api("GET", LIST, session).json] == (
        [] if left is None else [left]
    )


def test_a_no_before_anything_is_granted(sentry: Sentry) -> None:
    body = {"sessionId": "one", "scopes": ["org:write"]}
    answer = sentry.api("POST", REVOKE, sentry.session("olivia"), body)
    assert (answer.status_code, answer.json) == (200, {"status": "revoked", "scopes": []})


@pytest.mark.parametrize(("method", "path"), [("GET", LIST), ("POST", REVOKE)])
@pytest.mark.parametrize("who", ["user", "agent", "organization", "integration", "viewer"])
def test_no_other_credential(sentry: Sentry, method: str, path: str, who: str) -> None:
    sentry.plant("olivia", ["org:write"], session="s1")
    credentials: dict[str, Callable[[], Headers]] = {
        "user": lambda: sentry.user("olivia"),
        "agent": sentry.agent,
        "organization": sentry.organization,
        "integration": sentry.integration,
        "viewer": lambda: sentry.viewer("olivia", "acme"),
    }
    answer = sentry.api(method, path, credentials[who](), {"sessionId": "s1"})
    assert answer.status_code in (401, 403)
    assert len(sentry.grants()) == 1


def test_an_end_wants_the_csrf_token(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="s1")
    cookie = {"Cookie": sentry.session("olivia")["Cookie"]}
    answer = sentry.api("POST", REVOKE, cookie, {"sessionId": "s1"})
    assert answer.status_code == 403
    assert answer.json["detail"].startswith("CSRF Failed")
    assert len(sentry.grants()) == 1


@pytest.mark.parametrize("session", [None, "", 7, "s" * 129, ["s1"]])
def test_bodies_that_name_no_session(sentry: Sentry, session: object) -> None:
    body = {} if session is None else {"sessionId": session}
    answer = sentry.api("POST", REVOKE, sentry.session("olivia"), body)
    assert answer.status_code == 400


def test_a_session_that_was_never_approved(sentry: Sentry) -> None:
    answer = sentry.api("POST", REVOKE, sentry.session("olivia"), {"sessionId": fake.uuid4()})
    assert answer.status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", LIST), ("POST", REVOKE)])
def test_both_are_off_with_the_flow(sentry: Sentry, method: str, path: str) -> None:
    sentry.set_flow(False)
    answer = sentry.api(method, path, sentry.session("olivia"), {"sessionId": "s1"})
    assert answer.status_code == 404
