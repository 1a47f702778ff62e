"""What stands beside the row, the role or the credential that is meant must not count."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import text

from harness.sentry.agent.dialect import FEATURE
from tests.sentry.callers import (
    Headers,
    Sentry,
    assert_plain_denial,
    assert_unauthenticated,
    bearer,
)
from tests.sentry.wire.test_sessions import LOGOUT, is_signed_in

SESSIONS = ("before", "meant", "after")


@pytest.fixture(params=["first to last", "last to first"])
def sentry(request: pytest.FixtureRequest, sentry: Sentry) -> Sentry:
    """Of rows that no statement orders, a database may hand out any first."""
    if request.param == "last to first":
        with sentry.services.store.transaction() as connection:
            connection.execute(text("PRAGMA reverse_unordered_selects = ON"))
    return sentry


def plant_three(sentry: Sentry) -> None:
    for session in SESSIONS:
        sentry.plant("olivia", ["event:write"], session=session)


def others(sentry: Sentry) -> list[dict[str, Any]]:
    return [grant for grant in sentry.grants() if grant["session"] != "meant"]


def test_an_approval_changes_no_grant_but_its_own(sentry: Sentry) -> None:
    plant_three(sentry)
    before = others(sentry)
    sentry.advance(60)
    answer = sentry.approve(sentry.session("olivia"), ["org:write"], session="meant")
    assert answer.json["scopes"] == ["event:write", "org:write"]
    assert others(sentry) == before


def test_an_expiry_ends_no_grant_but_its_own(sentry: Sentry) -> None:
    plant_three(sentry)
    before = others(sentry)
    sentry.advance(60)
    key = {"organization": "acme", "user": "olivia@example.com", "session": "meant"}
    sentry.control("POST", "/grants/expire/", key)
    assert others(sentry) == before
    assert [grant["expiresAt"] for grant in sentry.grants()] != [before[0]["expiresAt"]] * 3


@pytest.mark.parametrize("late", [0, 1, 3600])
def test_no_approval_revives_a_grant_however_long_it_is_over(sentry: Sentry, late: int) -> None:
    person = sentry.session("olivia")
    assert sentry.approve(person, ["org:write"]).status_code == 200
    sentry.advance(4 * 3600 + late)
    assert sentry.approve(person, ["event:write"]).json["scopes"] == ["event:write"]


def test_a_role_is_the_one_of_this_organization(sentry: Sentry) -> None:
    """Maya is a manager of Globex and a member of Acme."""
    for slug, role in (("acme", "member"), ("globex", "manager")):
        told = sentry.api("GET", f"/organizations/{slug}/", sentry.user("maya")).json
        assert told["orgRole"] == role


def test_a_member_elsewhere_is_nobody_here(sentry: Sentry) -> None:
    assert_plain_denial(sentry.api("GET", "/organizations/acme/", sentry.user("gil")))
    assert_plain_denial(sentry.api("GET", "/organizations/globex/", sentry.user("mia")))


@pytest.mark.parametrize("value", ["Bearer a b", "Bearer sntryu_a b", "Bearer "])
def test_a_malformed_header_is_an_agents_only_where_it_begins_as_theirs(
    sentry: Sentry, value: str
) -> None:
    answer = sentry.api("GET", "/organizations/acme/", {"Authorization": value})
    assert_unauthenticated(answer, "Invalid token header")


@pytest.mark.parametrize("value", ["Bearer sntryag_a b", "bearer  sntryag_a,b"])
def test_a_malformed_agent_token_is_refused_as_any_other(sentry: Sentry, value: str) -> None:
    answer = sentry.api("GET", "/organizations/acme/", {"Authorization": value})
    assert_unauthenticated(answer, "Invalid agent token")


@pytest.mark.parametrize("scheme", ["Basic", "Token"])
def test_another_scheme_is_no_agents(sentry: Sentry, scheme: str) -> None:
    token = sentry.agent()["Authorization"].partition(" ")[2]
    answer = sentry.api("GET", "/organizations/acme/", {"Authorization": f"{scheme} {token}"})
    assert_unauthenticated(answer, "Invalid token header")
    assert sentry.api("GET", "/organizations/acme/", bearer(token)).status_code == 200


@pytest.mark.parametrize("off", ["acme", "globex"])
def test_a_flow_elsewhere_keeps_no_token_alive(sentry: Sentry, off: str) -> None:
    tokens = {slug: sentry.agent("olivia", slug) for slug in ("acme", "globex")}
    sentry.set_flow(False, off)
    for slug, token in tokens.items():
        answer = sentry.api("GET", f"/organizations/{slug}/", token)
        if slug == off:
            assert_unauthenticated(answer, "Invalid agent token")
        else:
            assert answer.status_code == 200


@pytest.mark.parametrize("name", [FEATURE[:-1], f"{FEATURE}s", "a", "z"])
def test_no_other_feature_keeps_a_token_alive(sentry: Sentry, name: str) -> None:
    token = sentry.agent()
    sentry.control("PUT", "/features/", {"organization": "acme", "feature": name, "enabled": True})
    sentry.set_flow(False)
    answer = sentry.api("GET", "/organizations/acme/", token)
    assert_unauthenticated(answer, "Invalid agent token")


@pytest.mark.parametrize("off", ["olivia", "ada", "tess"])
def test_an_account_is_switched_off_alone(sentry: Sentry, off: str) -> None:
    shown = {
        name: (
            sentry.user(name),
            sentry.session(name),
            sentry.viewer(name),
            sentry.agent(name),
        )
        for name in ("olivia", "ada", "tess")
    }
    sentry.set_active(off, False)
    for name, credentials in shown.items():
        for credential in credentials:
            answer = sentry.api("GET", "/organizations/acme/", credential)
            assert answer.status_code == (401 if name == off else 200)


@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_a_bound_token_knows_its_organization_by_name(sentry: Sentry, slug: str) -> None:
    bound = sentry.new_token("olivia", ["org:read"], organization_id=sentry.organization_id(slug))
    assert sentry.api("GET", f"/organizations/{slug}/", bound).status_code == 200


def sessions(sentry: Sentry) -> tuple[Headers, Headers, Headers]:
    """Three of one user, in the order in which the database has their keys."""

    def stored_key(session: Headers) -> str:
        key = session["Cookie"].removeprefix("sentrysid=").partition(";")[0]
        return hashlib.sha256(key.encode()).hexdigest()

    first, second, third = sorted((sentry.session("olivia") for _ in SESSIONS), key=stored_key)
    return first, second, third


def test_signing_out_ends_no_session_but_its_own(sentry: Sentry) -> None:
    before, meant, after = sessions(sentry)
    sentry.send("POST", LOGOUT, meant)
    live = [is_signed_in(sentry, session) for session in (before, meant, after)]
    assert live == [True, False, True]


def test_a_password_renews_the_sudo_of_no_session_but_its_own(sentry: Sentry) -> None:
    before, meant, after = sessions(sentry)
    sentry.advance(2 * 3600)
    sentry.api("PUT", "/auth/", meant, {"password": sentry.password("olivia")})
    for session, status in ((before, 401), (after, 401), (meant, 204)):
        assert sentry.api("DELETE", "/teams/acme/web/", session).status_code == status
