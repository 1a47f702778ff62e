"""Mint: who gets a token, with which scopes, and which answer comes first."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sentry import forge
from tests.sentry.callers import Answer, Headers, Sentry, assert_challenge, assert_unauthenticated

MINT = "/organizations/{}/agent/token/"
GATE = "org:admin org:read org:write"
BODY = {"sessionId": "s1"}
READ_ONLY = {"org:read", "member:read", "team:read", "project:read", "event:read", "alerts:read"}
OWNERS_WRITES = {"org:write", "org:admin", "project:write", "project:releases", "member:admin"}


def mint(sentry: Sentry, credential: Headers, body: Any = BODY, slug: str = "acme") -> Answer:
    return sentry.api("POST", MINT.format(slug), credential, body)


# The answer


def test_the_answer(sentry: Sentry) -> None:
    answer = mint(sentry, sentry.user("olivia"))
    assert answer.status_code == 200
    assert set(answer.json) == {"token", "expiresAt", "scopes"}
    assert answer.json["scopes"] == sorted(READ_ONLY)
    expires = datetime.fromisoformat(answer.json["expiresAt"])
    assert expires.utcoffset() == timedelta(0)
    assert expires == sentry.services.clock.now() + timedelta(minutes=5)
    claims = forge.read_claims(answer.json["token"])
    assert claims["exp"] == expires.timestamp()
    assert set(claims["scopes"]) == READ_ONLY
    assert answer.headers["Cache-Control"] == "no-store"


def test_minting_stores_nothing(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"])
    before = sentry.stored()
    for credential in (sentry.user("olivia"), sentry.viewer("olivia"), sentry.user("mia")):
        assert mint(sentry, credential).status_code == 200
    assert sentry.stored() == before


@pytest.mark.parametrize(
    "who",
    [
        lambda sentry: sentry.session("olivia"),
        lambda sentry: sentry.user("olivia"),
        lambda sentry: sentry.named_token("legacy"),
        lambda sentry: sentry.named_token("acme-only"),
        lambda sentry: sentry.viewer("olivia"),
        lambda sentry: sentry.viewer("olivia", "acme"),
    ],
    ids=["session", "user token", "old token", "bound token", "viewer", "viewer in acme"],
)
@pytest.mark.parametrize("by", ["slug", "id"])
def test_who_mints(sentry: Sentry, who: Callable[[Sentry], Headers], by: str) -> None:
    slug = "acme" if by == "slug" else str(sentry.organization_id("acme"))
    answer = mint(sentry, who(sentry), BODY, slug)
    assert answer.status_code == 200
    claims = forge.read_claims(answer.json["token"])
    assert claims["sub"] == str(sentry.user_id("olivia"))
    assert claims["org"] == sentry.organization_id("acme")


@pytest.mark.parametrize(
    "who",
    [
        lambda sentry: sentry.agent(),
        lambda sentry: sentry.forged(scopes=["org:admin", "org:read", "org:write"]),
        lambda sentry: sentry.integration(),
        lambda sentry: sentry.organization(reads=True),
    ],
    ids=["agent", "wide agent", "integration", "organization"],
)
def test_who_never_mints(sentry: Sentry, who: Callable[[Sentry], Headers]) -> None:
    answer = mint(sentry, who(sentry))
    assert answer.status_code == 403
    assert answer.json == {"detail": "Minting requires a user principal."}
    assert "WWW-Authenticate" not in answer.headers


def test_the_body_names_nobody(sentry: Sentry) -> None:
    """Identity and organization come from the request itself."""
    claims = {"sub": "101", "org": 4002, "aud": "x", "sid": "s2", "iat": 0, "exp": 9_999_999_999}
    more = {"user": "101", "userId": 101, "organization": "globex", "organizationId": 4002}
    more |= {"scopes": ["org:admin"], "expiresAt": "2099-01-01T00:00:00Z", "role": "owner"}
    answer = mint(sentry, sentry.user("mia"), BODY | claims | more)
    assert answer.status_code == 200
    minted = forge.read_claims(answer.json["token"])
    assert minted == sentry.claims(sub=str(sentry.user_id("mia")), scopes=sorted(READ_ONLY))


# The scopes: caller ∩ (read-only ∪ live grants) ∩ requested

WIDE = [*OWNERS_WRITES, "event:write"]


@pytest.mark.parametrize(
    ("who", "granted", "requested", "expected"),
    [
        # The read-only set, whoever it is.
        ("olivia", [], None, READ_ONLY),
        ("mia", [], None, READ_ONLY),
        ("martin", [], None, READ_ONLY),
        # What was granted, as far as the role goes.
        ("olivia", ["org:write"], None, READ_ONLY | {"org:write"}),
        ("olivia", WIDE, None, READ_ONLY | set(WIDE)),
        ("martin", WIDE, None, READ_ONLY | set(WIDE) - {"org:admin"}),
        ("ada", WIDE, None, READ_ONLY | {"project:write", "project:releases", "event:write"}),
        ("mia", WIDE, None, READ_ONLY | {"project:releases", "event:write"}),
        # A team admin's scopes are not the organization's.
        ("tess", ["team:write", "project:write"], None, READ_ONLY),
        # No role holds these.
        ("olivia", ["org:ci", "project:distribution"], None, READ_ONLY),
        # A manager's token in the hands of a member.
        ("maya", ["org:write"], None, READ_ONLY),
        # A scope does not imply another here.
        ("olivia", ["org:admin"], None, READ_ONLY | {"org:admin"}),
        # What was requested.
        ("olivia", [], ["org:read"], {"org:read"}),
        ("olivia", [], ["org:write"], set()),
        ("olivia", [], [], set()),
        ("olivia", ["org:write"], ["org:write"], {"org:write"}),
        ("olivia", ["org:write"], ["org:read", "event:read"], {"org:read", "event:read"}),
        ("olivia", ["org:write"], ["org:read", "org:admin"], {"org:read"}),
        ("mia", ["org:write"], ["org:write"], set()),
        # Unknown words drop out; a word sent twice is one.
        ("olivia", [], ["org:read", "org:read", "org:all", "*", "", "ORG:READ"], {"org:read"}),
        ("olivia", [], ["\0", "\ud800", "org:read "], set()),
    ],
)
def test_scopes(
    sentry: Sentry, who: str, granted: list[str], requested: list[str] | None, expected: set[str]
) -> None:
    if granted:
        sentry.plant(who, granted)
    minted = sentry.mint(sentry.user(who), scopes=requested)
    assert minted["scopes"] == sorted(expected)
    assert sorted(forge.read_claims(minted["token"])["scopes"]) == sorted(expected)


def test_the_caller_is_capped_by_the_credential(sentry: Sentry) -> None:
    """An owner's `org:read` token never mints `org:write`, grant or no grant."""
    narrow, write = sentry.named_token("narrow"), ["org:read", "org:write"]
    for _ in range(2):
        assert sentry.mint(narrow)["scopes"] == ["org:read"]
        assert sentry.mint(narrow, scopes=write)["scopes"] == ["org:read"]
        sentry.plant("olivia", ["org:write", "org:admin"])
    assert sentry.mint(sentry.user("olivia"), scopes=write)["scopes"] == write


def test_the_caller_is_capped_by_the_role_of_now(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"])
    for role, expected in (("owner", ["org:write"]), ("admin", []), ("manager", ["org:write"])):
        sentry.set_role("olivia", role)
        for credential in (sentry.user("olivia"), sentry.session("olivia")):
            assert sentry.mint(credential, scopes=["org:write"])["scopes"] == expected


def test_a_token_with_no_scope_is_a_valid_one(sentry: Sentry) -> None:
    token = sentry.agent(scopes=[])
    assert_challenge(sentry.api("GET", "/organizations/acme/", token), GATE)


@pytest.mark.parametrize(
    "grant",
    [
        {"name": "mia"},
        {"name": "olivia", "organization": "globex"},
        {"name": "olivia", "session": "s2"},
        {"name": "olivia", "session": "S1"},
        {"name": "olivia", "expiresAt": "2026-01-15T12:00:00Z"},
        {"name": "olivia", "expiresAt": "2026-01-15T11:59:59Z"},
    ],
)
def test_grants_that_do_not_count(sentry: Sentry, grant: dict[str, Any]) -> None:
    sentry.plant(scopes=["org:write"], **grant)
    assert sentry.mint(sentry.user("olivia"))["scopes"] == sorted(READ_ONLY)


@pytest.mark.parametrize(
    ("seconds", "counts"), [(0, True), (4 * 3600 - 1, True), (4 * 3600, False)]
)
def test_a_grant_counts_until_it_expires(sentry: Sentry, seconds: int, counts: bool) -> None:
    sentry.plant("olivia", ["org:write"])
    sentry.advance(seconds)
    assert ("org:write" in sentry.mint(sentry.user("olivia"))["scopes"]) is counts


# The gate


@pytest.mark.parametrize("scope", ["org:read", "org:write", "org:admin"])
def test_any_one_scope_of_three_passes_the_gate(sentry: Sentry, scope: str) -> None:
    assert mint(sentry, sentry.new_token("olivia", [scope])).status_code == 200


@pytest.mark.parametrize(
    "scopes", [[], ["org:ci"], ["org:integrations"], ["member:admin", "project:admin"]]
)
def test_no_other_scope_passes_the_gate(sentry: Sentry, scopes: list[str]) -> None:
    assert_challenge(mint(sentry, sentry.new_token("olivia", scopes)), GATE)


def test_a_session_mints_with_csrf_alone(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    assert mint(sentry, session).status_code == 200
    del session["X-CSRFToken"]
    answer = mint(sentry, session)
    assert answer.status_code == 403
    assert answer.json["detail"].startswith("CSRF Failed")


def test_basic_credentials_are_none(sentry: Sentry) -> None:
    text = f"olivia@example.com:{sentry.password('olivia')}"
    basic = {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
    assert_unauthenticated(mint(sentry, basic))
