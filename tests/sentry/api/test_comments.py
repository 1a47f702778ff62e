"""Comments under an issue: who wrote them, and who may change them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import (
    FORBIDDEN,
    Headers,
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)

COMMENTS = "/organizations/acme/issues/90001/comments/"
NOTES = "/organizations/acme/issues/WEB-APP-1/notes/"


def post(sentry: Sentry, credential: Headers, text: object = "Seen again.") -> Any:
    return sentry.api("POST", COMMENTS, credential, {"text": text})


def texts(sentry: Sentry, path: str = COMMENTS) -> list[str]:
    answer = sentry.api("GET", path, sentry.user("mia"))
    assert answer.status_code == 200, answer.text
    return [comment["data"]["text"] for comment in answer.json]


def test_comments_and_notes_are_one_list_newest_first(sentry: Sentry) -> None:
    assert post(sentry, sentry.user("mia")).status_code == 201
    answer = sentry.api("POST", NOTES, sentry.user("tess"), {"text": "  By the other path. "})
    assert answer.status_code == 201
    assert texts(sentry) == texts(sentry, NOTES)
    assert texts(sentry)[:2] == ["By the other path.", "Seen again."]
    read = sentry.api("GET", "/organizations/acme/issues/90001/", sentry.user("mia")).json
    assert read["numComments"] == 4


def test_a_comment_is_its_users(sentry: Sentry) -> None:
    comment = post(sentry, sentry.user("mia")).json
    assert comment["type"] == "note"
    assert comment["user"]["id"] == str(sentry.user_id("mia"))
    assert comment["user"]["email"] == "mia@example.com"
    assert comment["dateCreated"] == "2026-01-15T12:00:00.000000Z"
    path = f"{COMMENTS}{comment['id']}/"
    assert_missing(sentry.api("PUT", path, sentry.user("tess"), {"text": "Mine now."}))
    assert_missing(sentry.api("DELETE", path, sentry.user("olivia")))
    changed = sentry.api("PUT", path, sentry.user("mia"), {"text": "Seen twice."})
    assert (changed.status_code, changed.json["data"]) == (200, {"text": "Seen twice."})
    answer = sentry.api("DELETE", path.replace("comments", "notes"), sentry.user("mia"))
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Seen twice." not in texts(sentry)
    assert_missing(sentry.api("DELETE", path, sentry.user("mia")))


def test_a_comment_of_an_agent_is_its_users(sentry: Sentry) -> None:
    assert_challenge(post(sentry, sentry.agent("mia")), "event:admin event:write")
    sentry.plant("mia", ["event:write"])
    comment = post(sentry, sentry.agent("mia")).json
    assert comment["user"]["id"] == str(sentry.user_id("mia"))
    assert sentry.audit()[-1]["agent"] == {"session": "s1"}


def test_a_credential_without_a_user_writes_none(sentry: Sentry) -> None:
    before = sentry.stored()
    answer = post(sentry, sentry.organization(reads=True))
    assert answer.status_code == 403
    assert texts(sentry)
    assert sentry.stored() == before


def test_the_same_words_twice_within_the_hour_are_a_mistake(sentry: Sentry) -> None:
    assert post(sentry, sentry.user("mia")).status_code == 201
    assert post(sentry, sentry.user("mia")).status_code == 400
    assert post(sentry, sentry.user("tess")).status_code == 201
    sentry.advance(3601)
    assert post(sentry, sentry.user("mia")).status_code == 201


@pytest.mark.parametrize("text", ["", "  ", None, 3, ["a"], "a\0b", "\ud800", "x" * 10_001])
def test_a_text_that_cannot_be_kept_is_refused(sentry: Sentry, text: object) -> None:
    before = sentry.stored()
    answer = post(sentry, sentry.user("mia"), text)
    assert answer.status_code == 400
    assert list(answer.json) == ["text"]
    assert sentry.stored() == before


@pytest.mark.parametrize("note", ["0", "x", "99999999999999999999", "70003"])
def test_a_comment_that_is_not_there_is_missing(sentry: Sentry, note: str) -> None:
    for method in ("PUT", "DELETE"):
        path = f"{COMMENTS}{note}/"
        assert_missing(sentry.api(method, path, sentry.user("mia"), {"text": "x"}))


def test_an_issue_out_of_reach_is_not_commented(sentry: Sentry) -> None:
    path = "/organizations/acme/issues/PAYMENTS-1/comments/"
    assert_plain_denial(sentry.api("GET", path, sentry.user("mia")))
    answer = sentry.api("POST", path, sentry.user("mia"), {"text": "x"})
    assert (answer.status_code, answer.json) == (403, FORBIDDEN)


def test_a_comment_stands_under_its_own_issue(sentry: Sentry) -> None:
    comment = post(sentry, sentry.user("mia")).json["id"]
    path = f"/organizations/acme/issues/WEB-APP-2/comments/{comment}/"
    assert_missing(sentry.api("PUT", path, sentry.user("mia"), {"text": "x"}))
    assert_missing(sentry.api("DELETE", path, sentry.user("mia")))
