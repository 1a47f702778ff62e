"""Approve: what is granted, for the own agent alone, and what of a request is looked at."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sentry.callers import Answer, Headers, Sentry, assert_missing, assert_plain_denial
from tests.sentry.conftest import Make

APPROVE = "/organizations/{}/agent/approve/"
BODY = {"sessionId": "s1", "scopes": ["org:write"]}
NOT_GRANTABLE = {"detail": "No grantable scopes for this user."}


def approve(sentry: Sentry, credential: Headers, body: Any = BODY, slug: str = "acme") -> Answer:
    return sentry.api("POST", APPROVE.format(slug), credential, body)


# The answer and the grant


@pytest.mark.parametrize("by", ["slug", "id"])
def test_the_answer(sentry: Sentry, by: str) -> None:
    slug = "acme" if by == "slug" else str(sentry.organization_id("acme"))
    body = {"sessionId": "s1", "scopes": ["project:write", "org:write", "org:write"]}
    answer = approve(sentry, sentry.session("olivia"), body, slug)
    assert answer.status_code == 200
    assert set(answer.json) == {"status", "scopes", "expiresAt"}
    assert answer.json["status"] == "approved"
    assert answer.json["scopes"] == ["org:write", "project:write"]
    expires = datetime.fromisoformat(answer.json["expiresAt"])
    assert expires.utcoffset() == timedelta(0)
    assert expires == sentry.services.clock.now() + timedelta(hours=4)
    assert sentry.grants() == [
        {
            "organization": "acme",
            "user": str(sentry.user_id("olivia")),
            "session": "s1",
            "scopes": ["org:write", "project:write"],
            "expiresAt": "2026-01-15T16:00:00+00:00",
            "dateAdded": "2026-01-15T12:00:00+00:00",
            "dateUpdated": "2026-01-15T12:00:00+00:00",
        }
    ]


def test_the_table(sentry: Sentry) -> None:
    assert sentry.approve(sentry.session("olivia"), ["org:write"]).status_code == 200
    stored = sentry.services.store.all(text_of("SELECT * FROM seer_agentwritegrant"))
    assert set(stored[0]._mapping) == {
        *("id", "date_added", "date_updated", "organization_id", "user_id"),
        *("agent_session_id", "scope_list", "expires_at"),
    }


def text_of(statement: str) -> Any:
    from sqlalchemy import text

    return text(statement)


def test_an_approval_opens_mint_for_that_session_alone(sentry: Sentry) -> None:
    assert sentry.approve(sentry.session("olivia"), ["org:write"]).status_code == 200
    for who, slug, session, expected in (
        ("olivia", "acme", "s1", True),
        ("olivia", "acme", "s2", False),
        ("olivia", "globex", "s1", False),
        ("martin", "acme", "s1", False),
    ):
        minted = sentry.mint(sentry.user(who), slug, session)
        assert ("org:write" in minted["scopes"]) is expected


# Organization, member, feature, body, in this order


def test_an_unknown_organization_comes_before_all_of_them(sentry: Sentry) -> None:
    assert_missing(approve(sentry, sentry.session("gil"), {}, "nowhere"))


def test_the_member_comes_before_the_feature(sentry: Sentry) -> None:
    sentry.set_flow(False)
    assert_plain_denial(approve(sentry, sentry.session("gil"), {}))


def test_the_feature_comes_before_the_body(sentry: Sentry) -> None:
    sentry.set_flow(False)
    olivia = sentry.session("olivia")
    assert_missing(approve(sentry, olivia, {}))
    assert_missing(sentry.api("POST", APPROVE.format("acme"), olivia, data="x"))
    sentry.set_flow(True)
    assert approve(sentry, olivia).status_code == 200


def test_the_body_comes_before_what_is_grantable(sentry: Sentry) -> None:
    body = {"sessionId": "", "scopes": ["org:write"]}
    answer = approve(sentry, sentry.session("mia"), body)
    assert (answer.status_code, list(answer.json["detail"])) == (400, ["sessionId"])


BAD_SESSION_IDS: list[Any] = [None, "", "  ", "s" * 129, "\0", "s\0s", 1, True, ["s1"], {}]
BAD_SCOPES: list[Any] = [None, "org:write", "", 1, True, {}, {"org:write": 1}, [1], [None], [[]]]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"sessionId", "scopes"}),
        ({"sessionId": "s1"}, {"scopes"}),
        ({"scopes": ["org:write"]}, {"sessionId"}),
        *((BODY | {"sessionId": sent}, {"sessionId"}) for sent in BAD_SESSION_IDS),
        *((BODY | {"scopes": sent}, {"scopes"}) for sent in BAD_SCOPES),
    ],
)
def test_bad_fields(sentry: Sentry, body: dict[str, Any], fields: set[str]) -> None:
    answer = approve(sentry, sentry.session("olivia"), body)
    assert answer.status_code == 400
    assert list(answer.json) == ["detail"]
    assert set(answer.json["detail"]) == fields
    assert all(messages and messages[0] for messages in answer.json["detail"].values())
    assert sentry.grants() == []


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ("[]", "application/json", 400),
        ("null", "application/json", 400),
        ("{", "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        (json.dumps(BODY), "text/plain", 415),
        (json.dumps(BODY), None, 415),
        (json.dumps(BODY | {"more": "x" * 2**20}), "application/json", 413),
    ],
)
def test_a_body_that_is_none(
    sentry: Sentry, data: str, content_type: str | None, status: int
) -> None:
    olivia = sentry.session("olivia")
    answer = sentry.api(
        "POST", APPROVE.format("acme"), olivia, data=data, content_type=content_type
    )
    assert answer.status_code == status
    assert isinstance(answer.json["detail"], str)
    if data in ("[]", "null"):
        assert answer.json == {"detail": "Request body must be an object."}
    assert sentry.grants() == []


# What is granted: requested ∩ the approver's own, by the organization's role


@pytest.mark.parametrize(
    ("who", "requested", "granted"),
    [
        ("olivia", ["org:admin"], ["org:admin"]),
        # No scope brings another.
        ("olivia", ["member:admin"], ["member:admin"]),
        ("martin", ["org:admin", "org:write"], ["org:write"]),
        ("ada", ["org:write", "project:write", "team:admin"], ["project:write", "team:admin"]),
        ("mia", ["org:write", "event:admin", "alerts:write"], ["alerts:write", "event:admin"]),
        ("mia", ["org:read"], ["org:read"]),
        ("olivia", ["org:write", "no:such", "", "*", "\0", "\ud800"], ["org:write"]),
        # Wholly beyond the approver: nothing.
        ("mia", ["org:write", "project:write"], None),
        ("martin", ["org:admin"], None),
        ("olivia", ["org:ci", "project:distribution"], None),
        ("olivia", [], None),
        ("olivia", ["no:such"], None),
        # Team roles add none here.
        ("tess", ["project:write", "team:admin", "org:integrations"], None),
    ],
)
def test_the_approver_is_capped(
    sentry: Sentry, who: str, requested: list[str], granted: list[str] | None
) -> None:
    answer = sentry.approve(sentry.session(who), requested)
    if granted is None:
        assert (answer.status_code, answer.json) == (400, NOT_GRANTABLE)
        assert sentry.grants() == []
    else:
        assert (answer.status_code, answer.json["scopes"]) == (200, granted)
        assert sentry.grants()[0]["scopes"] == granted


def test_the_approver_has_the_role_of_this_organization_now(sentry: Sentry) -> None:
    maya = sentry.session("maya")
    assert sentry.approve(maya, ["org:write"], "acme").status_code == 400
    assert sentry.approve(maya, ["org:write"], "globex").status_code == 200
    sentry.set_role("maya", "member", "globex")
    assert sentry.approve(maya, ["org:write"], "globex", "s2").status_code == 400


# One grant per organization, user and session


def test_approvals_merge_and_renew(sentry: Sentry) -> None:
    olivia = sentry.session("olivia")
    sentry.approve(olivia, ["org:write"])
    sentry.advance(3600)
    second = sentry.approve(olivia, ["project:write", "org:write"], session=" s1 ")
    assert second.json["scopes"] == ["org:write", "project:write"]
    assert second.json["expiresAt"] == "2026-01-15T17:00:00+00:00"
    (grant,) = sentry.grants()
    assert grant["scopes"] == ["org:write", "project:write"]
    assert grant["expiresAt"] == "2026-01-15T17:00:00+00:00"
    assert grant["dateAdded"] == "2026-01-15T12:00:00+00:00"
    assert grant["dateUpdated"] == "2026-01-15T13:00:00+00:00"
    # Five hours after the first, four after the second.
    sentry.advance(4 * 3600 - 1)
    assert {"org:write", "project:write"} <= set(sentry.mint(sentry.user("olivia"))["scopes"])


@pytest.mark.parametrize(
    ("seconds", "scopes"),
    [(4 * 3600 - 1, ["org:write", "project:write"]), (4 * 3600, ["project:write"])],
)
def test_an_expired_grant_is_not_revived(sentry: Sentry, seconds: int, scopes: list[str]) -> None:
    olivia = sentry.session("olivia")
    sentry.approve(olivia, ["org:write"])
    sentry.advance(seconds)
    assert sentry.approve(olivia, ["project:write"]).json["scopes"] == scopes
    assert [grant["scopes"] for grant in sentry.grants()] == [scopes]
    minted = sentry.mint(sentry.user("olivia"))["scopes"]
    assert ("org:write" in minted) is ("org:write" in scopes)


def test_a_refused_approval_leaves_the_grant(sentry: Sentry) -> None:
    mia = sentry.session("mia")
    sentry.approve(mia, ["event:write"])
    sentry.advance(60)
    before = sentry.grants()
    assert sentry.approve(mia, ["org:write"]).status_code == 400
    assert sentry.grants() == before


def test_grants_are_kept_apart(sentry: Sentry) -> None:
    olivia, martin = sentry.session("olivia"), sentry.session("martin")
    sentry.approve(olivia, ["org:write"])
    sentry.approve(olivia, ["event:write"], session="s2")
    sentry.approve(olivia, ["team:write"], "globex")
    sentry.approve(martin, ["member:write"])
    found = {(g["organization"], g["user"], g["session"]): g["scopes"] for g in sentry.grants()}
    own, other = str(sentry.user_id("olivia")), str(sentry.user_id("martin"))
    assert found == {
        ("acme", own, "s1"): ["org:write"],
        ("acme", own, "s2"): ["event:write"],
        ("globex", own, "s1"): ["team:write"],
        ("acme", other, "s1"): ["member:write"],
    }


# A forged link is inert


def test_a_link_carries_no_identity(sentry: Sentry) -> None:
    """It can only make a user consent for their own agent."""
    olivia = str(sentry.user_id("olivia"))
    forged = BODY | {
        "user": olivia,
        "userId": olivia,
        "user_id": olivia,
        "approver": olivia,
        "organization": "globex",
        "organizationId": "4002",
        "organization_id": 4002,
        "expiresAt": "2099-01-01T00:00:00Z",
        "status": "approved",
        "role": "owner",
    }
    query = f"?user={olivia}&userId={olivia}&organization=globex&scopes=org:admin&sessionId=s9"
    martin = sentry.session("martin")
    answer = sentry.api("POST", APPROVE.format("acme") + query, martin, forged)
    assert answer.status_code == 200
    (grant,) = sentry.grants()
    assert (grant["organization"], grant["user"]) == ("acme", str(sentry.user_id("martin")))
    assert (grant["session"], grant["scopes"]) == ("s1", ["org:write"])
    assert grant["expiresAt"] == "2026-01-15T16:00:00+00:00"
    assert "org:write" not in sentry.mint(sentry.user("olivia"))["scopes"]


def test_an_approval_needs_no_secret(make_sentry: Make) -> None:
    sentry = make_sentry(secret="")
    assert approve(sentry, sentry.session("olivia")).status_code == 200


def test_times_are_in_utc(sentry: Sentry) -> None:
    sentry.control("PUT", "/clock/", {"now": "2026-03-29T01:30:00+02:00"})
    answer = sentry.approve(sentry.session("olivia"), ["org:write"])
    expected = datetime(2026, 3, 29, 3, 30, tzinfo=UTC)
    assert datetime.fromisoformat(answer.json["expiresAt"]) == expected
