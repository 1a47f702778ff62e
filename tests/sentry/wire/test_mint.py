"""Mint: who gets a token, with which scopes, and which answer comes first."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sentry import forge
from tests.sentry.callers import (
    Answer,
    Headers,
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
    assert_unauthenticated,
    bearer,
)
from tests.sentry.conftest import Make

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


# The body

GOOD_SESSION_IDS = [
    ("s", "s"),
    ("s" * 128, "s" * 128),
    (" s1\t\r\n", "s1"),
    (" " * 9 + "s" * 128 + " " * 9, "s" * 128),
    ("two words", "two words"),
    ("\U0001f984" * 128, "\U0001f984" * 128),
    ("../../etc', \"--", "../../etc', \"--"),
]
BAD_SESSION_IDS: list[Any] = [
    *(None, "", " ", "\t\n", "s" * 129, " " + "s" * 129),
    *("\0", "s\0", "\0" + "s" * 127, "\ud800"),
    *(1, 1.5, True, False, ["s1"], [], {}, {"id": "s1"}),
]


@pytest.mark.parametrize(("sent", "used"), GOOD_SESSION_IDS)
def test_session_id(sentry: Sentry, sent: str, used: str) -> None:
    minted = sentry.mint(sentry.user("olivia"), session=sent)
    assert forge.read_claims(minted["token"])["sid"] == used


def test_a_trimmed_session_id_is_the_same_session(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="s1")
    assert "org:write" in sentry.mint(sentry.user("olivia"), session="  s1 ")["scopes"]


def assert_field(answer: Answer, *names: str) -> None:
    """400, and what is wrong with each field."""
    assert answer.status_code == 400, answer.text
    assert list(answer.json) == ["detail"]
    fields = answer.json["detail"]
    assert set(fields) == set(names)
    for messages in fields.values():
        assert isinstance(messages, list)
        assert messages
        assert all(isinstance(message, str) and message for message in messages)


@pytest.mark.parametrize("sent", BAD_SESSION_IDS)
def test_bad_session_id(sentry: Sentry, sent: Any) -> None:
    assert_field(mint(sentry, sentry.user("olivia"), {"sessionId": sent}), "sessionId")


def test_a_session_id_is_required(sentry: Sentry) -> None:
    assert_field(mint(sentry, sentry.user("olivia"), {}), "sessionId")
    assert_field(mint(sentry, sentry.user("olivia"), {"sessionid": "s1"}), "sessionId")


@pytest.mark.parametrize(
    "sent", [None, "org:read", "", 1, True, {}, {"org:read": True}, [1], [None], [["org:read"]]]
)
def test_bad_requested_scopes(sentry: Sentry, sent: Any) -> None:
    olivia = sentry.user("olivia")
    assert_field(mint(sentry, olivia, BODY | {"requestedScopes": sent}), "requestedScopes")
    both = {"sessionId": "", "requestedScopes": sent}
    assert_field(mint(sentry, olivia, both), "requestedScopes", "sessionId")


def post(sentry: Sentry, data: Any, content_type: str | None) -> Answer:
    olivia = sentry.user("olivia")
    return sentry.api("POST", MINT.format("acme"), olivia, data=data, content_type=content_type)


@pytest.mark.parametrize("body", ["[]", '["s1"]', "null", '"s1"', "1", "true"])
def test_a_body_that_is_no_object(sentry: Sentry, body: str) -> None:
    answer = post(sentry, body, "application/json")
    assert (answer.status_code, answer.json) == (400, {"detail": "Request body must be an object."})


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"sessionId=s1", b'{"sessionId": "s1"} x', b"{'sessionId': 's1'}", b"\xff"),
        *(b'{"sessionId": "\xed\xa0\x80"}', b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000),
        b'\xef\xbb\xbf{"sessionId": "s1"}',
    ],
)
def test_a_body_that_is_no_json(sentry: Sentry, body: bytes) -> None:
    answer = post(sentry, body, "application/json")
    assert answer.status_code == 400
    assert list(answer.json) == ["detail"]
    assert isinstance(answer.json["detail"], str)


TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/json",
    None,
]


@pytest.mark.parametrize("content_type", TYPES)
def test_a_body_that_is_not_sent_as_json(sentry: Sentry, content_type: str | None) -> None:
    answer = post(sentry, json.dumps(BODY), content_type)
    assert answer.status_code == 415
    assert list(answer.json) == ["detail"]
    assert isinstance(answer.json["detail"], str)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json(sentry: Sentry, content_type: str) -> None:
    assert post(sentry, json.dumps(BODY), content_type).status_code == 200


def test_a_huge_body(sentry: Sentry) -> None:
    answer = post(sentry, json.dumps({"sessionId": "s" * 2**20}), "application/json")
    assert answer.status_code == 413
    assert list(answer.json) == ["detail"]


# Which answer comes first. Each row has a request that fails there, and the answer.


def assert_principal(answer: Answer) -> None:
    assert answer.status_code == 403
    assert answer.json == {"detail": "Minting requires a user principal."}


def assert_media_type(answer: Answer) -> None:
    assert answer.status_code == 415


def assert_parse_error(answer: Answer) -> None:
    assert answer.status_code == 400
    assert isinstance(answer.json["detail"], str)


def assert_no_object(answer: Answer) -> None:
    assert answer.json == {"detail": "Request body must be an object."}


def assert_fields(answer: Answer) -> None:
    assert_field(answer, "sessionId")


def assert_not_configured(answer: Answer) -> None:
    assert answer.status_code == 503
    assert isinstance(answer.json["detail"], str)


Row = tuple[str, Callable[[Sentry], Headers], str, bool, Any, Callable[[Answer], None]]

OLIVIA: Callable[[Sentry], Headers] = lambda sentry: sentry.user("olivia")  # noqa: E731
NOT_JSON = ("text/plain", "{")
BAD_JSON = ("application/json", "{")
NO_OBJECT = ("application/json", "[]")
BAD_FIELD = ("application/json", '{"sessionId": ""}')
GOOD = ("application/json", '{"sessionId": "s1"}')

# Every request here comes to a Sentry without a secret, and fails at every later row that its
# caller can fail at: it names an organization, whether the feature is on there, and a body.
ROWS: list[Row] = [
    (
        "no credential",
        lambda _: {},
        *("nowhere", False, NOT_JSON, assert_unauthenticated),
    ),
    (
        "a bad credential, which could do nothing if it were a good one",
        lambda _: bearer("sntrys_" + "0" * 64),
        *("nowhere", False, NOT_JSON, assert_unauthenticated),
    ),
    (
        "under-scoped, in an organization that does not exist",
        lambda sentry: sentry.organization(),
        *("nowhere", False, NOT_JSON, lambda answer: assert_challenge(answer, GATE)),
    ),
    (
        "under-scoped, and no member",
        lambda sentry: sentry.organization("globex"),
        *("acme", False, NOT_JSON, lambda answer: assert_challenge(answer, GATE)),
    ),
    (
        "unknown organization, which is not the caller's either",
        lambda sentry: sentry.integration("globex"),
        *("nowhere", False, NOT_JSON, assert_missing),
    ),
    (
        "not the caller's organization, where the feature is off",
        lambda sentry: sentry.integration("globex"),
        *("acme", False, NOT_JSON, assert_plain_denial),
    ),
    (
        "a user of another organization, where the feature is off",
        lambda sentry: sentry.user("gil"),
        *("acme", False, NOT_JSON, assert_plain_denial),
    ),
    (
        "feature off, for one who may not mint",
        lambda sentry: sentry.integration(),
        *("acme", False, NOT_JSON, assert_missing),
    ),
    (
        "feature off, with a bad body",
        OLIVIA,
        *("acme", False, NOT_JSON, assert_missing),
    ),
    (
        "no user, and a body that is not JSON",
        lambda sentry: sentry.integration(),
        *("acme", True, NOT_JSON, assert_principal),
    ),
    (
        "an organization, and a body that is not JSON",
        lambda sentry: sentry.organization(reads=True),
        *("acme", True, NOT_JSON, assert_principal),
    ),
    ("not sent as JSON, and no JSON", OLIVIA, "acme", True, NOT_JSON, assert_media_type),
    ("no JSON", OLIVIA, "acme", True, BAD_JSON, assert_parse_error),
    ("no object, so without a session id", OLIVIA, "acme", True, NO_OBJECT, assert_no_object),
    ("a bad session id, and no secret", OLIVIA, "acme", True, BAD_FIELD, assert_fields),
    ("no secret", OLIVIA, "acme", True, GOOD, assert_not_configured),
]


@pytest.mark.parametrize(
    ("who", "slug", "feature", "sent", "expected"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_order(
    make_sentry: Make,
    who: Callable[[Sentry], Headers],
    slug: str,
    feature: bool,
    sent: tuple[str, str],
    expected: Callable[[Answer], None],
) -> None:
    sentry = make_sentry(secret="")
    if not feature:
        sentry.set_flow(False)
    content_type, data = sent
    answer = sentry.api(
        "POST", MINT.format(slug), who(sentry), data=data, content_type=content_type
    )
    expected(answer)


def test_an_agent_is_refused_before_its_body(sentry: Sentry) -> None:
    answer = sentry.api("POST", MINT.format("acme"), sentry.agent(), data="{")
    assert_principal(answer)


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
