"""The six credentials: how each is recognised, whom it resolves to, which one counts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest

from harness.sentry import authentication
from harness.sentry.credentials import agent_token, organization_token
from tests.sentry import forge
from tests.sentry.callers import (
    OPAQUE,
    Answer,
    Headers,
    Sentry,
    agent_bearer,
    assert_challenge,
    assert_plain_denial,
    assert_unauthenticated,
    bearer,
)

READS = "/organizations/acme/"

Show = Callable[[Sentry], Headers]

# {credential: (how it is shown, what the audit log calls it, whose it is)}
CREDENTIALS: dict[str, tuple[Show, str, str | None]] = {
    "session": (lambda sentry: sentry.session("olivia"), "session", "olivia"),
    "user token": (lambda sentry: sentry.user("olivia"), "user_token", "olivia"),
    "old user token": (lambda sentry: sentry.named_token("legacy"), "user_token", "olivia"),
    "bound user token": (lambda sentry: sentry.named_token("acme-only"), "user_token", "olivia"),
    "organization token": (
        lambda sentry: sentry.organization(reads=True),
        "organization_token",
        None,
    ),
    "agent token": (lambda sentry: sentry.agent(), "agent_token", "olivia"),
    "viewer context": (lambda sentry: sentry.viewer("olivia"), "viewer_context", "olivia"),
}
BEARERS = {name: case for name, case in CREDENTIALS.items() if name.endswith("token")}


def read(sentry: Sentry, credential: Any, slug: str = "acme") -> Answer:
    return sentry.api("GET", f"/organizations/{slug}/", credential)


def who_is(sentry: Sentry, credential: Any) -> str | None:
    """The name of the user whom the server takes the caller for."""
    answer = sentry.api("GET", "/auth/", credential)
    if answer.status_code == 401:
        return None
    name: str = answer.json["email"].partition("@")[0]
    return name


@pytest.mark.parametrize("name", CREDENTIALS)
def test_each_resolves(sentry: Sentry, name: str) -> None:
    show, kind, owner = CREDENTIALS[name]
    assert read(sentry, show(sentry)).status_code == 200
    record = sentry.audit()[-1]
    assert record["credential"] == kind
    assert record["user"] == (None if owner is None else str(sentry.user_id(owner)))
    assert record["organization"] == str(sentry.organization_id("acme"))


def test_an_integration_is_a_proxy_user(sentry: Sentry) -> None:
    answer = sentry.api("GET", "/auth/", sentry.integration())
    assert answer.json["isSentryApp"] is True
    assert answer.json["email"] not in {user["email"] for user in sentry.world["users"]}
    record = sentry.audit()[-1]
    assert (record["credential"], record["user"]) == ("integration_token", answer.json["id"])


@pytest.mark.parametrize(
    ("show", "held"),
    [
        (
            lambda sentry: sentry.integration(),
            "event:read org:read org:write project:read project:releases team:read",
        ),
        (
            lambda sentry: sentry.organization(reads=True),
            "event:read org:ci org:read project:read",
        ),
        (lambda sentry: sentry.named_token("narrow"), "org:read"),
        (
            lambda sentry: sentry.named_token("legacy"),
            "event:read member:read org:read org:write project:read team:read",
        ),
        (lambda sentry: sentry.new_token("mia", ["org:read", "org:admin"]), "org:read"),
        (lambda sentry: sentry.new_token("olivia", ["org:read", "org:ci"]), "org:read"),
        (
            lambda sentry: sentry.agent(),
            "alerts:read event:read member:read org:read project:read team:read",
        ),
    ],
    ids=["integration", "organization", "narrow", "old", "beyond the role", "no role's", "agent"],
)
def test_the_scopes_of_each(sentry: Sentry, show: Show, held: str) -> None:
    """Those of the token; where there is a user, as far as the role goes."""
    assert read(sentry, show(sentry)).json["access"] == held.split()


def test_an_organization_token_holds_org_ci_unless_the_world_says_more(sentry: Sentry) -> None:
    assert_challenge(read(sentry, sentry.organization()), "org:admin org:read org:write")
    assert sentry.audit()[-1]["held"] == ["org:ci"]


@pytest.mark.parametrize(
    "show", [lambda sentry: sentry.integration(), lambda sentry: sentry.organization(reads=True)]
)
def test_a_machine_opens_no_other_organization(sentry: Sentry, show: Show) -> None:
    for slug in ("globex", str(sentry.organization_id("globex"))):
        assert_plain_denial(read(sentry, show(sentry), slug))


# Bearers


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("name", BEARERS)
def test_the_scheme_word_is_case_insensitive(sentry: Sentry, name: str, scheme: str) -> None:
    value = BEARERS[name][0](sentry)["Authorization"].removeprefix("Bearer")
    assert read(sentry, {"Authorization": scheme + value}).status_code == 200


@pytest.mark.parametrize("name", BEARERS)
def test_the_prefix_is_case_sensitive(sentry: Sentry, name: str) -> None:
    value = BEARERS[name][0](sentry)["Authorization"].removeprefix("Bearer ")
    assert_unauthenticated(read(sentry, bearer(value.swapcase())))


PREFIXES = ("sntryu_", "sntrys_", "sntryi_", "sntryag_", "")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_prefix_alone_decides(sentry: Sentry, prefix: str) -> None:
    """The same token after another prefix is none, and the right authenticator says so."""
    expected = OPAQUE if prefix == "sntryag_" else {"detail": "Invalid token"}
    for show, _, _ in BEARERS.values():
        text = show(sentry)["Authorization"].removeprefix("Bearer ")
        own = next(each for each in PREFIXES if text.startswith(each))
        if own != prefix:
            answer = read(sentry, bearer(prefix + text.removeprefix(own)))
            assert_unauthenticated(answer)
            assert answer.json == expected


@pytest.mark.parametrize("kind", ["user", "organization", "integration"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_stored_token_is_found_by_its_own_authenticator(
    sentry: Sentry, prefix: str, kind: str
) -> None:
    """Whatever its text is: a row of another kind does not become one of this."""
    text = prefix + "a" * 64
    digest = hashlib.sha256(text.encode()).hexdigest()
    acme = sentry.organization_id("acme")
    sentry.new_token("olivia", ["org:read"], kind=kind, hashed_token=digest, organization_id=acme)
    own = {"sntryu_": "user", "": "user", "sntrys_": "organization", "sntryi_": "integration"}
    answer = read(sentry, bearer(text))
    assert (answer.status_code == 200) is (own.get(prefix) == kind)


def test_the_order_of_authenticators_carries_no_meaning(
    sentry: Sentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = list(authentication.BEARERS)
    shown = [show(sentry) for show, _, _ in BEARERS.values()]
    shown += [sentry.integration(), bearer("sntryag_x"), bearer("sntryu_x"), bearer("x")]
    before = [read(sentry, credential).data for credential in shown]
    for turn in range(len(order)):
        monkeypatch.setattr(authentication, "BEARERS", order[turn:] + order[:turn])
        assert [read(sentry, credential).data for credential in shown] == before


def test_the_agent_authenticator_stands_after_the_organization_token_one() -> None:
    order = list(authentication.BEARERS)
    assert order.index(agent_token.authenticate) > order.index(organization_token.authenticate)


def test_a_jwt_is_parsed_only_after_the_prefix_matched(
    sentry: Sentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = forge.encode(sentry.claims(), sentry.secret)
    parsed: list[str] = []

    def decode(text: str, *_: Any, **__: Any) -> dict[str, Any]:
        parsed.append(text)
        return sentry.claims()

    monkeypatch.setattr(jwt, "decode", decode)
    for prefix in ("", "sntryu_", "sntrys_", "sntryi_", "Sntryag_", "sntryag-"):
        assert_unauthenticated(read(sentry, bearer(prefix + encoded)), "Invalid token")
    assert parsed == []
    assert read(sentry, agent_bearer(encoded)).status_code == 200
    assert parsed == [encoded]


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_stored_token_expires(sentry: Sentry, offset: int) -> None:
    at = sentry.services.clock.now() + timedelta(seconds=offset)
    answer = read(sentry, sentry.new_token("olivia", ["org:read"], expires_at=at))
    assert answer.status_code == (200 if offset > 0 else 401)


def test_the_user_behind_a_token_is_active(sentry: Sentry) -> None:
    credentials = [CREDENTIALS[name][0](sentry) for name in CREDENTIALS if CREDENTIALS[name][2]]
    sentry.set_active("olivia", False)
    for credential in credentials:
        assert_unauthenticated(read(sentry, credential))


def test_a_token_of_somebody_who_is_no_member(sentry: Sentry) -> None:
    olivia, session = sentry.user("olivia"), sentry.session("olivia")
    sentry.remove("olivia")
    for credential in (olivia, session, sentry.viewer("olivia"), sentry.user("gil")):
        assert_plain_denial(read(sentry, credential))


# What is no bearer at all

BROKEN = [
    *("", " ", "Bearer", "Bearer ", "Bearer  ", "bearer", "Bearer\t", "Bearer:", "x", "sntryu_x"),
    *(
        "Token {}",
        "Basic {}",
        "Digest {}",
        "DSN {}",
        "Rpcsignature rpc0:{}",
        "{}",
        "Bearer={}",
        "Bearer\t{}",
    ),
    *("Bearer {} x", "Bearer {},{}", "Bearer {}, Bearer {}", "Bearer {} {}", "Bearer Bearer {}"),
    *("Bearer {}, ", ", Bearer {}", "Bearer \xe9{}", 'Bearer "{}"', "Bearer {}\xa0x"),
]


@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.parametrize("beside", ["alone", "session", "viewer context"])
def test_a_broken_header_is_never_passed_over(sentry: Sentry, value: str, beside: str) -> None:
    token = sentry.user("olivia")["Authorization"].removeprefix("Bearer ")
    headers = {"Authorization": value.replace("{}", token)}
    if beside == "session":
        headers |= sentry.session("olivia")
    elif beside == "viewer context":
        headers |= sentry.viewer("olivia")
    assert_unauthenticated(read(sentry, headers))
    assert_unauthenticated(sentry.api("GET", "/", headers))


@pytest.mark.parametrize("second", ["Bearer sntryu_x", "", "Basic b2xpdmlhOnB3"])
def test_two_authorization_headers(sentry: Sentry, second: str) -> None:
    good = ("Authorization", sentry.user("olivia")["Authorization"])
    assert read(sentry, [good]).status_code == 200
    other = ("Authorization", second)
    for pair in ([good, good], [good, other], [other, good]):
        assert_unauthenticated(read(sentry, pair))


ELSEWHERE = ["token", "access_token", "auth", "auth_token", "bearer_token", "key", "api_key"]
IDENTITY = [
    *("X-Forwarded-User", "X-Remote-User", "X-User-Id", "X-Auth-User", "X-Sentry-User"),
    *("X-Forwarded-Email", "X-Auth-Request-User", "X-Auth-Request-Email", "Remote-User", "From"),
]
TOKEN_HEADERS = [
    *("Proxy-Authorization", "X-Authorization", "X-Api-Key", "X-Auth-Token", "X-Sentry-Token"),
    *("X-Sentry-Auth", "X-Access-Token", "Authentication", "X-Forwarded-Authorization"),
]


def test_a_token_elsewhere_is_none(sentry: Sentry) -> None:
    """Not in the URL, not in a form, not in a cookie, not in a header of another name."""
    value = sentry.user("olivia")["Authorization"]
    token = value.removeprefix("Bearer ")
    for name in ELSEWHERE:
        assert_unauthenticated(sentry.api("GET", f"{READS}?{name}={token}"))
        assert_unauthenticated(sentry.api("PUT", READS, data={name: token, "name": "x"}))
        assert_unauthenticated(read(sentry, {"Cookie": f"{name}={token}; Authorization={value}"}))
    for name in TOKEN_HEADERS:
        for shown in (token, value):
            assert_unauthenticated(read(sentry, {name: shown}))


def test_a_header_says_nobodys_name(sentry: Sentry) -> None:
    for name in IDENTITY:
        for shown in (str(sentry.user_id("olivia")), "olivia@example.com", "olivia"):
            assert_unauthenticated(read(sentry, {name: shown}))
            assert who_is(sentry, sentry.user("mia") | {name: shown}) == "mia"


# Which one counts


def test_authorization_wins_over_a_session(sentry: Sentry) -> None:
    assert who_is(sentry, sentry.session("olivia")) == "olivia"
    assert who_is(sentry, sentry.session("olivia") | sentry.user("mia")) == "mia"
    assert who_is(sentry, sentry.session("olivia") | bearer("sntryu_x")) is None
    assert who_is(sentry, sentry.session("olivia") | bearer("sntryag_x")) is None
    # A token needs no CSRF token, whatever cookie its browser adds.
    headers = {"Cookie": sentry.session("mia")["Cookie"]} | sentry.user("olivia")
    assert sentry.api("PUT", READS, headers, {"name": "One"}).status_code == 200


def test_authorization_wins_over_a_viewer_context(sentry: Sentry) -> None:
    assert who_is(sentry, sentry.viewer("olivia") | sentry.user("mia")) == "mia"
    assert who_is(sentry, sentry.viewer("olivia") | bearer("sntryu_x")) is None


def test_a_viewer_context_wins_over_a_session(sentry: Sentry) -> None:
    assert who_is(sentry, sentry.session("olivia") | sentry.viewer("mia")) == "mia"


def test_an_agent_is_not_widened_by_a_session(sentry: Sentry) -> None:
    headers = sentry.session("olivia") | sentry.agent()
    assert_challenge(sentry.api("PUT", READS, headers, {"name": "x"}), "org:admin org:write")


# 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("sntryu_x"),
        bearer("sntrys_x"),
        bearer("sntryi_x"),
        bearer("sntryag_x"),
        bearer("x"),
        {"Authorization": "Basic x"},
        {"Cookie": "sentrysid=x"},
        {"X-Viewer-Context": '{"user_id":101}', "X-Viewer-Context-Signature": "x"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"])
def test_401(sentry: Sentry, headers: Headers, method: str) -> None:
    for path in (READS, "/organizations/nowhere/", "/organizations/", "/organizations/4002/"):
        answer = sentry.api(method, path, headers)
        assert answer.status_code == 401
        assert answer.headers["Cache-Control"] == "no-store"
        if method == "HEAD":
            assert answer.headers["WWW-Authenticate"] == 'xBasic realm="api"'
        else:
            assert_unauthenticated(answer)
        assert "insufficient_scope" not in str(answer.headers)


# Organization-bound user tokens


def test_a_bound_token_opens_its_organization(sentry: Sentry) -> None:
    bound = sentry.named_token("acme-only")
    for slug in ("acme", str(sentry.organization_id("acme"))):
        assert read(sentry, bound, slug).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_bound_token_elsewhere(sentry: Sentry, method: str) -> None:
    bound = sentry.named_token("acme-only")
    for slug in ("globex", str(sentry.organization_id("globex")), "nowhere"):
        answer = sentry.api(method, f"/organizations/{slug}/", bound)
        assert_unauthenticated(answer, "Unauthorized organization access.")


@pytest.mark.parametrize("path", ["/", "/auth/", "/users/me/"])
def test_a_bound_token_outside_of_organizations(sentry: Sentry, path: str) -> None:
    answer = sentry.api("GET", path, sentry.named_token("acme-only"))
    assert_unauthenticated(answer, "This token access is limited to organization endpoints.")


def test_a_bound_token_makes_no_organization(sentry: Sentry) -> None:
    # The path is that of the list, which is exempt; what has no scope map is a plain denial.
    bound = sentry.named_token("acme-only")
    assert_plain_denial(sentry.api("POST", "/organizations/", bound, {"name": "Third"}))


def test_the_organization_list_shows_a_bound_token_its_own(sentry: Sentry) -> None:
    def slugs(credential: Headers) -> list[str]:
        answer = sentry.api("GET", "/organizations/", credential)
        return [organization["slug"] for organization in answer.json]

    assert slugs(sentry.user("olivia")) == ["acme", "globex"]
    assert slugs(sentry.named_token("acme-only")) == ["acme"]
