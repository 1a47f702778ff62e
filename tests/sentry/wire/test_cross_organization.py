"""An agent token opens its one organization, whatever its user owns besides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import Headers, Sentry, assert_plain_denial, cookies

ALL = [
    *("org:read", "org:write", "org:admin", "org:integrations", "org:ci"),
    *("member:read", "member:invite", "member:write", "member:admin"),
    *("team:read", "team:write", "team:admin"),
    *("project:read", "project:write", "project:admin", "project:releases"),
    *("event:read", "event:write", "event:admin", "alerts:read", "alerts:write"),
]

# {o}, {p}, {t}, {i} stand for the slug or the id of what Globex has.
PATHS = [
    ("GET", "/organizations/{o}/"),
    ("PUT", "/organizations/{o}/"),
    ("GET", "/organizations/{o}/projects/"),
    ("GET", "/organizations/{o}/teams/"),
    ("POST", "/organizations/{o}/teams/"),
    ("GET", "/organizations/{o}/members/"),
    ("GET", "/organizations/{o}/issues/"),
    ("PUT", "/organizations/{o}/issues/"),
    ("GET", "/organizations/{o}/releases/"),
    ("GET", "/organizations/{o}/issues/{i}/"),
    ("PUT", "/organizations/{o}/issues/{i}/"),
    ("DELETE", "/organizations/{o}/issues/{i}/"),
    ("GET", "/organizations/{o}/issues/{i}/events/latest/"),
    ("GET", "/organizations/{o}/shortids/PORTAL-1/"),
    ("GET", "/projects/{o}/{p}/"),
    ("PUT", "/projects/{o}/{p}/"),
    ("DELETE", "/projects/{o}/{p}/"),
    ("GET", "/projects/{o}/{p}/keys/"),
    ("GET", "/projects/{o}/{p}/issues/"),
    ("GET", "/teams/{o}/{t}/"),
    ("DELETE", "/teams/{o}/{t}/"),
    ("POST", "/organizations/{o}/agent/token/"),
]
NAMES = {
    "slug": {"{o}": "globex", "{p}": "portal", "{t}": "platform", "{i}": "PORTAL-1"},
    "id": {"{o}": "4002", "{p}": "6004", "{t}": "2004", "{i}": "90008"},
    # What does not exist there makes no difference.
    "none": {"{o}": "globex", "{p}": "no", "{t}": "no", "{i}": "NO-1"},
}


def fill(path: str, by: str) -> str:
    for name, value in NAMES[by].items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("by", NAMES)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_another_organization_is_a_plain_denial(
    sentry: Sentry, method: str, path: str, by: str
) -> None:
    """Though olivia owns both, and the token carries every scope."""
    token = sentry.forged(scopes=ALL)
    before = sentry.stored()
    body = {"name": "x", "slug": "x", "status": "resolved", "sessionId": "s1"}
    assert_plain_denial(sentry.api(method, fill(path, by), token, body))
    assert sentry.stored() == before


@pytest.mark.parametrize("by", ["slug", "id"])
@pytest.mark.parametrize("path", [path for method, path in PATHS if method == "GET"])
def test_the_honest_form_works(sentry: Sentry, path: str, by: str) -> None:
    in_globex = sentry.forged(scopes=ALL, org=sentry.organization_id("globex"))
    for credential in (in_globex, sentry.user("olivia"), sentry.session("olivia")):
        assert sentry.api("GET", fill(path, by), credential).status_code == 200


def test_both_ways(sentry: Sentry) -> None:
    tokens = {slug: sentry.agent("olivia", slug) for slug in ("acme", "globex")}
    for own, token in tokens.items():
        for slug in tokens:
            answer = sentry.api("GET", f"/organizations/{slug}/", token)
            if slug == own:
                assert answer.status_code == 200
            else:
                assert_plain_denial(answer)


def test_a_grant_in_one_is_none_in_the_other(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], "globex")
    assert "org:write" not in sentry.mint(sentry.user("olivia"), "acme")["scopes"]
    token = sentry.agent("olivia", "globex")
    assert sentry.api("PUT", "/organizations/globex/", token, {"name": "x"}).status_code == 200
    assert_plain_denial(sentry.api("PUT", "/organizations/acme/", token, {"name": "x"}))


def test_an_organization_made_later_is_another_one(sentry: Sentry) -> None:
    token = sentry.agent()
    made = sentry.api("POST", "/organizations/", sentry.session("olivia"), {"name": "Third"})
    assert made.status_code == 201
    assert_plain_denial(sentry.api("GET", f"/organizations/{made.json['slug']}/", token))


# Lists are filtered


def listed(sentry: Sentry, path: str, credential: Headers) -> list[dict[str, Any]]:
    answer = sentry.api("GET", path, credential)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json
    return items


def test_the_organization_list(sentry: Sentry) -> None:
    def slugs(credential: Headers) -> list[str]:
        return [each["slug"] for each in listed(sentry, "/organizations/", credential)]

    assert slugs(sentry.user("olivia")) == ["acme", "globex"]
    assert slugs(sentry.session("olivia")) == ["acme", "globex"]
    assert slugs(sentry.agent()) == ["acme"]
    assert slugs(sentry.agent("olivia", "globex")) == ["globex"]
    assert slugs(sentry.viewer("olivia", "acme")) == ["acme"]


def test_lists_of_who_has_no_membership_are_empty(sentry: Sentry) -> None:
    bound = sentry.new_token(
        "gil", {"org:read", "project:read"}, organization_id=sentry.organization_id("globex")
    )
    assert len(listed(sentry, "/organizations/", bound)) == 1
    sentry.remove("gil", "globex")
    assert listed(sentry, "/organizations/", bound) == []
    elsewhere = f'{{"organization_id":999,"user_id":{sentry.user_id("gil")}}}'
    for context in (sentry.viewer("gil", "acme"), sentry.viewer_context(elsewhere)):
        for path in ("/organizations/", "/organizations/?owner=1", "/projects/"):
            assert listed(sentry, path, context) == []
    assert [each["slug"] for each in listed(sentry, "/organizations/", sentry.integration())]


def test_the_list_of_owned_organizations(sentry: Sentry) -> None:
    def owned(credential: Headers) -> list[str]:
        items = listed(sentry, "/organizations/?owner=1", credential)
        assert all(set(item) == {"organization", "singleOwner"} for item in items)
        return [item["organization"]["slug"] for item in items]

    assert owned(sentry.user("olivia")) == ["acme", "globex"]
    assert owned(sentry.agent()) == ["acme"]
    assert owned(sentry.named_token("acme-only")) == ["acme"]
    assert owned(sentry.agent("bo", "globex")) == []


def test_the_project_list(sentry: Sentry) -> None:
    def slugs(credential: Headers) -> set[str]:
        return {each["slug"] for each in listed(sentry, "/projects/", credential)}

    own, other = {"web-app", "api", "payments"}, {"portal", "simulator"}
    assert slugs(sentry.user("olivia")) == own | other
    assert slugs(sentry.agent()) == own
    assert slugs(sentry.agent("olivia", "globex")) == other


def test_a_list_pages_within_the_organization(sentry: Sentry) -> None:
    """No cursor and no query widens it."""
    token = sentry.agent()
    for query in ("?cursor=0:1:0", "?per_page=1&cursor=0:1:0", "?organization=globex", "?all=1"):
        for path in ("/organizations/", "/projects/"):
            names = {
                each.get("organization", each)["slug"]
                for each in listed(sentry, path + query, token)
            }
            assert names <= {"acme"}


# Account level


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/users/me/"), ("GET", "/users/me/regions/"), ("POST", "/organizations/")],
)
def test_the_account_is_not_the_agents(sentry: Sentry, method: str, path: str) -> None:
    for token in (sentry.agent(), sentry.forged(scopes=ALL)):
        assert_plain_denial(sentry.api(method, path, token, {"name": "Third"}))


def test_an_agent_signs_nobody_in_or_out(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    before = sentry.stored()
    headers = session | sentry.agent()
    for method in ("POST", "PUT", "DELETE"):
        answer = sentry.api(method, "/auth/", headers, {"password": sentry.password("olivia")})
        assert answer.status_code in (401, 403)
        assert cookies(answer) == {}
    assert sentry.stored() == before


# Sudo


def test_deleting_a_team_wants_sudo(sentry: Sentry) -> None:
    """No approval gives an agent what only a typed password does."""
    sentry.plant("olivia", ["team:admin"])
    for token in (sentry.agent(), sentry.forged(scopes=ALL)):
        before = sentry.stored()
        answer = sentry.api("DELETE", "/teams/acme/web/", token)
        assert answer.status_code == 401
        assert list(answer.json) == ["detail"]
        assert answer.json["detail"]["code"] == "sudo-required"
        assert "insufficient_scope" not in str(answer.headers)
        assert sentry.stored() == before
    assert sentry.api("DELETE", "/teams/acme/web/", sentry.session("olivia")).status_code == 204
