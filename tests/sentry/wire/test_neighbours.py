"""What stands beside the row, the role or the credential that is meant must not count."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import Sentry, assert_plain_denial, assert_unauthenticated, bearer

SESSIONS = ("before", "meant", "after")


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
