"""The scope gate: the challenge, who gets none, and that nothing is disclosed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.sentry.catalogue import read_catalogue
from tests.sentry.callers import (
    FORBIDDEN,
    Headers,
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
    assert_unauthenticated,
)

# What Sentry publishes for these. {o} {p} {t} {i} {v} stand for what a path names.
PUBLISHED = """
GET    /organizations/                          org:admin org:read org:write
GET    /organizations/{o}/                      org:admin org:read org:write
PUT    /organizations/{o}/                      org:admin org:write
GET    /organizations/{o}/projects/             org:admin org:read org:write
GET    /organizations/{o}/teams/                org:admin org:read org:write
POST   /organizations/{o}/teams/                org:admin org:write team:write
GET    /organizations/{o}/members/              member:admin member:read member:write
GET    /organizations/{o}/members/1/            member:admin member:read member:write
PUT    /organizations/{o}/members/1/            member:admin member:invite member:write
DELETE /organizations/{o}/members/1/            member:admin member:read member:write
GET    /organizations/{o}/issues/               event:admin event:read event:write
PUT    /organizations/{o}/issues/               event:admin event:write
DELETE /organizations/{o}/issues/               event:admin
GET    /organizations/{o}/issues/{i}/           event:admin event:read event:write
PUT    /organizations/{o}/issues/{i}/           event:admin event:write
DELETE /organizations/{o}/issues/{i}/           event:admin
GET    /organizations/{o}/issues/{i}/events/    event:admin event:read event:write
GET    /organizations/{o}/issues/{i}/events/latest/ event:admin event:read event:write
GET    /organizations/{o}/shortids/{i}/         event:admin event:read event:write
GET    /organizations/{o}/releases/             org:ci READS project:releases
POST   /organizations/{o}/releases/             org:ci WRITES project:releases
GET    /organizations/{o}/releases/{v}/         org:ci READS project:releases
GET    /organizations/{o}/releases/{v}/deploys/ org:ci READS project:releases
POST   /organizations/{o}/releases/{v}/deploys/ org:ci WRITES project:releases
GET    /projects/{o}/{p}/                       READS
PUT    /projects/{o}/{p}/                       project:admin project:read project:write
DELETE /projects/{o}/{p}/                       project:admin
GET    /projects/{o}/{p}/keys/                  project:admin project:read project:write
GET    /projects/{o}/{p}/issues/                event:read
PUT    /projects/{o}/{p}/issues/                event:write
GET    /teams/{o}/{t}/                          team:admin team:read team:write
DELETE /teams/{o}/{t}/                          team:admin
POST   /teams/{o}/{t}/projects/                 project:admin project:write
POST   /organizations/{o}/agent/token/          org:admin org:read org:write
"""
WORDS = {
    "READS": "project:admin project:read project:write",
    "WRITES": "project:admin project:write",
}


def cases() -> Iterator[tuple[str, str, str]]:
    """(method, path, scopes as a challenge names them)."""
    for line in PUBLISHED.strip().splitlines():
        method, path, *words = line.split()
        scopes = " ".join(WORDS.get(word, word) for word in words)
        yield method, path, " ".join(sorted(scopes.split()))


CASES = list(cases())
ALL_SCOPES = {word for case in CASES for word in case[2].split()} | {
    *("org:integrations", "alerts:read", "alerts:write", "project:distribution"),
}


def fill(path: str, organization: str) -> str:
    for name, value in (
        ("{o}", organization),
        *(("{p}", "web-app"), ("{t}", "web"), ("{i}", "WEB-APP-1"), ("{v}", "web-app@1.0.0")),
    ):
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize(("method", "path", "scopes"), CASES)
def test_the_challenge_names_the_endpoints_scopes(
    sentry: Sentry, method: str, path: str, scopes: str
) -> None:
    """And nothing of what exists: the same answer wherever it is asked."""
    others = sorted(ALL_SCOPES - set(scopes.split()))
    answers = set()
    for organization in ("acme", "globex", "4001", "nowhere", "0"):
        for held in ([], others):
            token = sentry.forged(scopes=held)
            answer = sentry.api(method, fill(path, organization), token, {})
            assert_challenge(answer, scopes)
            answers.add((answer.data, str(answer.headers)))
    assert len(answers) == 1


@pytest.mark.parametrize(("method", "path", "scopes"), CASES)
def test_any_one_of_them_suffices(sentry: Sentry, method: str, path: str, scopes: str) -> None:
    for scope in scopes.split():
        answer = sentry.api(method, fill(path, "nowhere"), sentry.forged(scopes=[scope]), {})
        if "{o}" in path:
            assert_missing(answer)
        else:
            assert answer.status_code == 200


@pytest.mark.parametrize(
    "show",
    [
        lambda sentry: sentry.new_token("mia", []),
        lambda sentry: sentry.new_token("olivia", ["org:read", "team:admin"]),
        lambda sentry: sentry.organization(),
        lambda sentry: sentry.organization(reads=True),
        lambda sentry: sentry.integration("globex"),
        lambda sentry: sentry.agent(),
    ],
    ids=["no scope", "others", "organization", "organization with more", "integration", "agent"],
)
def test_every_kind_of_token_is_challenged(
    sentry: Sentry, show: Callable[[Sentry], Headers]
) -> None:
    for organization in ("acme", "globex", "nowhere"):
        answer = sentry.api("PUT", f"/organizations/{organization}/", show(sentry), {"name": "x"})
        assert_challenge(answer, "org:admin org:write")
        assert list(answer.json) == ["detail"]


def every_operation() -> list[tuple[str, str, frozenset[str]]]:
    found = []
    for endpoint in read_catalogue().endpoints.values():
        for operation in endpoint.operations.values():
            if operation.demand == "scopes":
                path = endpoint.template.replace("{organization_id_or_slug}", "{o}")
                found.append(
                    (operation.method, re.sub(r"\{(?!o\})\w+\}", "1", path), operation.scopes)
                )
    return found


def test_no_operation_discloses_what_exists(sentry: Sentry) -> None:
    """All of the catalogue: under-scoped, each says what it wants before it looks."""
    none = sentry.forged(scopes=[])
    before = sentry.stored()
    for method, path, scopes in every_operation():
        for organization in ("acme", "nowhere"):
            answer = sentry.api(method, path.replace("{o}", organization), none, {})
            assert_challenge(answer, " ".join(sorted(scopes)))
            record = sentry.audit()[-1]
            assert (record["decision"], record["rule"]) == ("deny", "scope-gate")
            assert record["wanted"] == record["missing"] == sorted(scopes)
    assert sentry.stored() == before


# No challenge


def test_sessions_and_viewer_contexts_are_not_challenged(sentry: Sentry) -> None:
    for credential in (sentry.session("mia"), sentry.viewer("mia"), sentry.viewer("mia", "acme")):
        for slug in ("acme", "globex"):
            path = f"/organizations/{slug}/"
            assert_plain_denial(sentry.api("PUT", path, credential, {"name": "x"}))


def test_a_token_with_a_scope_that_the_role_lacks_fails_at_the_object(sentry: Sentry) -> None:
    for credential in (
        sentry.user("maya"),
        sentry.new_token("mia", ["org:write"]),
        sentry.forged(sub=str(sentry.user_id("mia")), scopes=["org:write"]),
    ):
        assert_plain_denial(sentry.api("PUT", "/organizations/acme/", credential, {"name": "x"}))


UNMAPPED = [
    ("PATCH", "/organizations/acme/"),
    ("POST", "/organizations/acme/"),
    ("DELETE", "/organizations/"),
    ("GET", "/organizations/acme/agent/token/"),
    ("GET", "/organizations/acme/agent/approve/"),
    ("PURGE", "/organizations/acme/"),
    ("PATCH", "/organizations/nowhere/"),
]


@pytest.mark.parametrize(("method", "path"), UNMAPPED)
def test_a_method_that_the_endpoint_does_not_map(sentry: Sentry, method: str, path: str) -> None:
    tokens = [sentry.user("olivia"), sentry.agent(), sentry.integration(), sentry.organization()]
    for token in tokens:
        assert_plain_denial(sentry.api(method, path, token))
    for credential in (sentry.session("olivia"), sentry.viewer("olivia")):
        answer = sentry.api(method, path, credential)
        assert answer.status_code == 405
        assert answer.json == {"detail": f'Method "{method}" not allowed.'}
        allowed = answer.headers["Allow"].split(", ")
        assert method not in allowed
        assert allowed
    assert_unauthenticated(sentry.api(method, path))


ACCOUNT = [
    ("GET", "/users/me/"),
    ("PUT", "/users/me/"),
    ("GET", "/users/me/emails/"),
    ("GET", "/users/me/organizations/"),
    ("POST", "/organizations/"),
]


@pytest.mark.parametrize(("method", "path"), ACCOUNT)
def test_endpoints_with_no_scope_map(sentry: Sentry, method: str, path: str) -> None:
    body = {"name": "Third"}
    tokens = [
        *(sentry.user("olivia"), sentry.agent(), sentry.forged(scopes=sorted(ALL_SCOPES))),
        *(sentry.integration(), sentry.organization(reads=True)),
    ]
    before = sentry.stored()
    for token in tokens:
        assert_plain_denial(sentry.api(method, path, token, body))
    assert sentry.stored() == before
    answer = sentry.api(method, path, sentry.session("olivia"), body)
    assert answer.status_code in (200, 201)


def test_an_account_is_its_users_alone(sentry: Sentry) -> None:
    """Whether there is somebody else of that id is not told."""
    session = sentry.session("olivia")
    others = ["102", "999999", "0", "mia", "mia@example.com", "ME"]
    for named in ("me", str(sentry.user_id("olivia")), *others):
        for method, path in (("GET", ""), ("GET", "emails/"), ("PUT", "")):
            answer = sentry.api(method, f"/users/{named}/{path}", session, {"name": "Olivia"})
            if named in others:
                assert_plain_denial(answer)
            else:
                assert answer.status_code == 200


def test_a_user_token_asks_for_the_regions(sentry: Sentry) -> None:
    """As clients do when somebody logs in with a token; no other credential does."""
    path = "/users/me/regions/"
    assert sentry.api("GET", path, sentry.user("olivia")).status_code == 200
    for token in (
        *(sentry.agent(), sentry.forged(scopes=sorted(ALL_SCOPES)), sentry.integration()),
        *(sentry.organization(reads=True), sentry.new_token("olivia", ["org:write"])),
        sentry.viewer("olivia"),
    ):
        assert_plain_denial(sentry.api("GET", path, token))


# Past the gate


@pytest.mark.parametrize(
    "show",
    [
        lambda sentry: sentry.user("gil"),
        lambda sentry: sentry.session("gil"),
        lambda sentry: sentry.viewer("gil"),
        lambda sentry: sentry.integration("globex"),
        lambda sentry: sentry.agent("gil", "globex"),
    ],
    ids=["user token", "session", "viewer context", "integration", "agent"],
)
def test_of_organizations_that_are_not_the_callers(
    sentry: Sentry, show: Callable[[Sentry], Headers]
) -> None:
    """One that exists is 403, one that does not is 404, as Sentry does."""
    for slug in ("acme", str(sentry.organization_id("acme"))):
        assert_plain_denial(sentry.api("GET", f"/organizations/{slug}/", show(sentry)))
    for slug in ("nowhere", "1", "ACME", "99999999999999999999", "-1", "acme%20", "\u0661"):
        assert_missing(sentry.api("GET", f"/organizations/{slug}/", show(sentry)))


FOREIGN = [
    "/projects/acme/portal/",
    "/projects/acme/6004/",
    "/projects/acme/portal/keys/",
    "/projects/acme/portal/issues/",
    "/teams/acme/platform/",
    "/teams/acme/2004/",
    "/organizations/acme/issues/PORTAL-1/",
    "/organizations/acme/issues/90008/",
    "/organizations/acme/issues/90008/events/latest/",
    "/organizations/acme/shortids/PORTAL-1/",
    "/organizations/acme/releases/portal@7/",
]


@pytest.mark.parametrize("path", FOREIGN)
def test_what_belongs_to_another_organization_is_not_here(sentry: Sentry, path: str) -> None:
    """Under one's own organization, though the user owns the other one too."""
    for credential in (sentry.user("olivia"), sentry.session("olivia"), sentry.agent()):
        assert_missing(sentry.api("GET", path, credential))
    own = path.replace("/acme/", "/globex/")
    assert sentry.api("GET", own, sentry.user("olivia")).status_code == 200


def test_a_denial_stores_nothing(sentry: Sentry) -> None:
    session = sentry.session("mia")
    bare = {"Cookie": session["Cookie"]}
    requests: list[tuple[str, str, Headers, Any]] = [
        ("PUT", "/organizations/acme/", sentry.agent(), {"name": "x"}),
        ("PUT", "/organizations/acme/", session, {"name": "x"}),
        ("PUT", "/organizations/acme/", bare, {"name": "x"}),
        ("PUT", "/organizations/globex/", sentry.agent(), {"name": "x"}),
        ("POST", "/organizations/", sentry.user("mia"), {"name": "x"}),
        ("DELETE", "/projects/acme/web-app/", sentry.user("mia"), {}),
        ("DELETE", "/teams/acme/web/", sentry.user("mia"), {}),
        ("PUT", "/organizations/acme/issues/API-1/", sentry.user("mia"), {"status": "resolved"}),
        ("POST", "/organizations/acme/agent/approve/", sentry.agent(), {}),
        ("POST", "/organizations/globex/agent/token/", sentry.agent(), {"sessionId": "s"}),
    ]
    before = sentry.stored()
    for method, path, credential, body in requests:
        assert sentry.api(method, path, credential, body).status_code == 403
    assert sentry.stored() == before


def test_head_is_judged_as_get(sentry: Sentry) -> None:
    good = sentry.api("HEAD", "/organizations/acme/", sentry.agent())
    assert (good.status_code, good.data) == (200, b"")
    bad = sentry.api("HEAD", "/organizations/acme/", sentry.forged(scopes=[]))
    assert bad.status_code == 403
    assert 'scope="org:admin org:read org:write"' in bad.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/nowhere/", "/organizations", "/organizations/acme", "/x"])
def test_an_unknown_path_is_a_404_in_json(sentry: Sentry, path: str) -> None:
    for credential in ({}, sentry.user("olivia"), sentry.session("olivia")):
        answer = sentry.api("GET", path, credential)
        assert_missing(answer)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content_type == "application/json"


def test_the_words_of_a_denial_are_one_detail(sentry: Sentry) -> None:
    answer = sentry.api("PUT", "/organizations/acme/", sentry.agent(), {"name": "x"})
    assert answer.json == FORBIDDEN
    assert answer.data.count(b'"') == 4
