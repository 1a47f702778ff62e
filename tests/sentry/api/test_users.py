"""One's own account, and who may not see it."""

from __future__ import annotations

import pytest

from tests.sentry.callers import Sentry, assert_plain_denial, assert_unauthenticated

PAGES = ("", "emails/", "organizations/", "regions/")


def test_a_session_reads_its_own_account(sentry: Sentry) -> None:
    session = sentry.session("bo")
    me = sentry.api("GET", "/users/me/", session).json
    assert (me["id"], me["email"]) == (str(sentry.user_id("bo")), "bo@example.com")
    assert sentry.api("GET", f"/users/{me['id']}/", session).json == me
    emails = sentry.api("GET", "/users/me/emails/", session).json
    assert emails == [{"email": "bo@example.com", "isPrimary": True, "isVerified": True}]
    organizations = sentry.api("GET", "/users/me/organizations/", session).json
    assert [one["slug"] for one in organizations] == ["acme", "globex"]
    regions = sentry.api("GET", "/users/me/regions/", session).json
    assert regions == {"regions": [{"name": "us", "url": "http://localhost"}]}


@pytest.mark.parametrize("page", PAGES)
def test_nobody_elses_account_is_read(sentry: Sentry, page: str) -> None:
    session = sentry.session("bo")
    for named in (str(sentry.user_id("mia")), "999999", "you", "0", "9" * 50):
        assert_plain_denial(sentry.api("GET", f"/users/{named}/{page}", session))


@pytest.mark.parametrize("page", PAGES)
def test_an_agent_sees_no_account(sentry: Sentry, page: str) -> None:
    """Approval would not cure it, so there is no challenge."""
    for named in ("me", str(sentry.user_id("olivia"))):
        path = f"/users/{named}/{page}"
        assert_plain_denial(sentry.api("GET", path, sentry.agent("olivia")))
        assert_plain_denial(sentry.api("GET", path, sentry.forged(scopes=[])))
        assert_plain_denial(sentry.api("PUT", path, sentry.agent("olivia"), {"name": "x"}))
    assert sentry.audit()[-1]["decision"] == "deny"


@pytest.mark.parametrize("page", PAGES)
def test_tokens_see_no_account(sentry: Sentry, page: str) -> None:
    for credential in (
        sentry.organization(),
        sentry.organization(reads=True),
        sentry.integration(),
        sentry.viewer("olivia"),
    ):
        assert_plain_denial(sentry.api("GET", f"/users/me/{page}", credential))
    if page != "regions/":
        assert_plain_denial(sentry.api("GET", f"/users/me/{page}", sentry.user("olivia")))
    assert_unauthenticated(sentry.api("GET", f"/users/me/{page}"))


def test_a_user_token_that_reads_the_organization_sees_the_regions(sentry: Sentry) -> None:
    for credential in (sentry.user("mia"), sentry.named_token("narrow")):
        assert sentry.api("GET", "/users/me/regions/", credential).status_code == 200
    assert_plain_denial(
        sentry.api("GET", f"/users/{sentry.user_id('bo')}/regions/", sentry.user("mia"))
    )


def test_a_name_is_changed_and_nothing_else(stored_sentry: Sentry) -> None:
    sentry, session = stored_sentry, stored_sentry.session("bo")
    before = sentry.api("GET", "/users/me/", session).json
    body = {
        "name": "  Boris ",
        "email": "olivia@example.com",
        "username": "root",
        "isSuperuser": True,
        "isStaff": True,
        "isActive": False,
        "id": "1",
    }
    answer = sentry.api("PUT", "/users/me/", session, body)
    assert (answer.status_code, answer.json) == (200, before | {"name": "Boris"})
    assert sentry.api("PUT", "/users/me/", session, {}).json["name"] == "Boris"


@pytest.mark.parametrize("name", ["", " ", None, 7, "x" * 201, "a\0", ["x"]])
def test_a_bad_name_is_refused(sentry: Sentry, name: object) -> None:
    answer = sentry.api("PUT", "/users/me/", sentry.session("bo"), {"name": name})
    assert (answer.status_code, list(answer.json)) == (400, ["name"])


def test_a_write_by_session_needs_its_csrf_token(sentry: Sentry) -> None:
    session = {"Cookie": sentry.session("bo")["Cookie"]}
    answer = sentry.api("PUT", "/users/me/", session, {"name": "x"})
    assert answer.status_code == 403
    assert answer.json["detail"].startswith("CSRF Failed")
