"""The agent token: what is in it, what is not accepted, and what is judged on every use.

Tokens are forged by an encoder of the tests' own.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.sentry.schema import feature, member, organization
from tests.sentry import forge
from tests.sentry.callers import (
    OPAQUE,
    Answer,
    Headers,
    Sentry,
    agent_bearer,
    assert_challenge,
    bearer,
)
from tests.sentry.conftest import Make

READS = "/organizations/acme/"
SECRET = "x" * 64


def read(sentry: Sentry, credential: Headers) -> Answer:
    return sentry.api("GET", READS, credential)


def assert_refused(answer: Answer) -> None:
    assert (answer.status_code, answer.json) == (401, OPAQUE)
    assert answer.headers["WWW-Authenticate"] == 'xBasic realm="api"'


def test_what_mint_makes(sentry: Sentry) -> None:
    token = sentry.mint(sentry.user("olivia"), session="s1", scopes=["org:read"])["token"]
    header, payload, signature = token.removeprefix("sntryag_").split(".")
    assert forge.read_claims(f"{header}.{header}.")["alg"] == "HS256"
    assert forge.read_claims(token) == {
        "aud": "sentry-agent-api",
        "sub": str(sentry.user_id("olivia")),
        "org": sentry.organization_id("acme"),
        "scopes": ["org:read"],
        "sid": "s1",
        "iat": 1768478400,
        "exp": 1768478700,
    }
    again = forge.segment(bytes.fromhex(forge.sign(f"{header}.{payload}".encode(), sentry.secret)))
    assert signature == again


def test_a_right_forgery_is_accepted(sentry: Sentry) -> None:
    """The positive control of everything below."""
    answer = read(sentry, sentry.forged())
    assert answer.status_code == 200
    assert answer.json["access"] == ["org:read"]


# Claims

BAD_CLAIMS: dict[str, list[Any]] = {
    "aud": [None, "", "sentry", "Sentry-Agent-Api", ["sentry-agent-api"], 1, True, {}],
    "sub": [
        *(None, 101, 101.0, True, ["101"], {}),
        *("", "-101", "+101", " 101", "101 ", "101.0", "1e2", "0x65", "1_01", "olivia"),
        *("\u0661\u0660\u0661", "\u00b9\u2070\u00b9", "1" * 19, "999999", "0"),
    ],
    "org": [None, "4001", "acme", 4001.0, True, [4001], {}, -1, 0, 2**31, 2**63, 10**30],
    "scopes": [None, "org:read", "", {}, {"org:read": 1}, 1, True, [1], [None], [["org:read"]]],
    "sid": [None, "", "s" * 129, 1, True, ["s1"], {}],
    "iat": [None, "1768478400", 1768478400.0, True, [], -1, float("nan"), -float("inf")],
    "exp": [None, "1768478700", 1768478700.0, True, [], -1, float("inf"), 10**18, 10**30],
}


@pytest.mark.parametrize("claim", BAD_CLAIMS)
def test_every_claim_is_required(sentry: Sentry, claim: str) -> None:
    claims = sentry.claims()
    del claims[claim]
    assert_refused(read(sentry, agent_bearer(forge.encode(claims, sentry.secret))))


@pytest.mark.parametrize(
    ("claim", "value"), [(claim, value) for claim, values in BAD_CLAIMS.items() for value in values]
)
def test_a_mistyped_claim(sentry: Sentry, claim: str, value: Any) -> None:
    assert_refused(read(sentry, sentry.forged(**{claim: value})))


@pytest.mark.parametrize("claim", ["org", "iat", "exp"])
def test_a_number_longer_than_python_reads(sentry: Sentry, claim: str) -> None:
    text = json.dumps(sentry.claims(**{claim: 0}))
    payload = text.replace(f'"{claim}": 0', f'"{claim}": 1{"0" * 5000}').encode()
    assert_refused(read(sentry, agent_bearer(forge.encode(payload, sentry.secret))))


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"null", b"[]", b'"text"', b"1", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000],
)
def test_a_payload_that_is_no_claims(sentry: Sentry, payload: bytes) -> None:
    assert_refused(read(sentry, agent_bearer(forge.encode(payload, sentry.secret))))


@pytest.mark.parametrize(
    "claims",
    [
        {"sid": "s"},
        {"sid": "s" * 128},
        {"sid": "\U0001d564" * 128},
        {"scopes": ["org:read", "org:read"]},
        {"scopes": ["org:read", "no:such", ""]},
        # Unknown claims mean nothing here, whatever they mean elsewhere.
        {"nbf": 9_999_999_999, "iss": 5, "jti": [], "role": "owner", "act": {"sub": "102"}},
        # As other dialects name them.
        {"scope": "org:read org:write", "scp": ["org:write"], "user_id": 102, "organization": 1},
    ],
)
def test_what_is_accepted(sentry: Sentry, claims: dict[str, Any]) -> None:
    answer = read(sentry, sentry.forged(**claims))
    assert answer.status_code == 200
    assert answer.json["access"] == ["org:read"]


def test_no_scope_is_a_valid_token(sentry: Sentry) -> None:
    assert_challenge(read(sentry, sentry.forged(scopes=[])), "org:admin org:read org:write")


def test_of_a_claim_sent_twice_one_is_judged(sentry: Sentry) -> None:
    """What was checked is what is used: the values cannot be set against each other."""
    twice = json.dumps(sentry.claims())[:-1] + ', "org": true}'
    assert_refused(read(sentry, agent_bearer(forge.encode(twice.encode(), sentry.secret))))


# Time

NOW = 1768478400


@pytest.mark.parametrize(
    ("issued", "expires", "accepted"),
    [
        (NOW, NOW + 1, True),
        (NOW - 300, NOW + 1, True),
        (0, NOW + 10**6, True),
        # At `exp` the token is expired.
        (NOW - 300, NOW, False),
        (NOW - 300, NOW - 1, False),
        # There is no leeway for a clock that goes wrong.
        (NOW + 1, NOW + 300, False),
        # `exp` after `iat`.
        (NOW, NOW, False),
        (NOW - 5, NOW - 5, False),
        (NOW + 10, NOW + 5, False),
    ],
)
def test_time(sentry: Sentry, issued: int, expires: int, accepted: bool) -> None:
    answer = read(sentry, sentry.forged(iat=issued, exp=expires))
    if accepted:
        assert answer.status_code == 200
    else:
        assert_refused(answer)


@pytest.mark.parametrize(("seconds", "accepted"), [(0, True), (299.99, True), (300, False)])
def test_a_minted_token_lives_for_five_minutes(
    sentry: Sentry, seconds: float, accepted: bool
) -> None:
    token = sentry.agent()
    assert read(sentry, token).status_code == 200
    sentry.advance(seconds)
    assert (read(sentry, token).status_code == 200) is accepted


def test_the_clock_moved_back_makes_a_token_of_the_future(sentry: Sentry) -> None:
    token = sentry.agent()
    assert read(sentry, token).status_code == 200
    sentry.advance(-1)
    assert_refused(read(sentry, token))


# Signatures and headers

HEADERS: list[tuple[dict[str, Any], str]] = [
    ({"alg": "none"}, "sha256"),
    ({"alg": "None"}, "sha256"),
    ({"alg": ""}, "sha256"),
    ({"alg": None}, "sha256"),
    ({"alg": ["HS256"]}, "sha256"),
    ({"alg": "hs256"}, "sha256"),
    ({"alg": "HS384"}, "sha384"),
    ({"alg": "HS512"}, "sha512"),
    ({"alg": "HS384"}, "sha256"),
    ({"alg": "RS256"}, "sha256"),
    ({"alg": "PS256"}, "sha256"),
    ({"alg": "ES256"}, "sha256"),
    ({"alg": "EdDSA"}, "sha256"),
    ({"typ": "JWT"}, "sha256"),
    ({}, "sha256"),
    # A header that must be understood, and is not (RFC 7515 section 4.1.11).
    ({"alg": "HS256", "crit": ["exp2"], "exp2": 1}, "sha256"),
    ({"alg": "HS256", "crit": []}, "sha256"),
    ({"alg": "HS256", "b64": False, "crit": ["b64"]}, "sha256"),
    ({"alg": "HS256", "b64": False}, "sha256"),
    ({"alg": "HS256", "kid": 1}, "sha256"),
]


@pytest.mark.parametrize(("header", "digest"), HEADERS)
def test_only_hs256(sentry: Sentry, header: dict[str, Any], digest: str) -> None:
    jwt = forge.encode(sentry.claims(), sentry.secret, header=header, digest=digest)
    assert_refused(read(sentry, agent_bearer(jwt)))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256"])
def test_no_signature(sentry: Sentry, alg: str) -> None:
    jwt = forge.encode(sentry.claims(), sentry.secret, header={"alg": alg})
    unsigned = jwt.rpartition(".")[0]
    assert_refused(read(sentry, agent_bearer(f"{unsigned}.")))
    assert_refused(read(sentry, agent_bearer(unsigned)))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"HS256"',
        b"\xff",
        b"[" * 100_000,
        b'{"alg":"HS256","alg":"none"}',
    ],
)
def test_a_header_that_is_none(sentry: Sentry, header: bytes) -> None:
    jwt = forge.encode(sentry.claims(), sentry.secret, header=header)
    assert_refused(read(sentry, agent_bearer(jwt)))


def test_a_header_chooses_no_key(sentry: Sentry) -> None:
    header = {
        "alg": "HS256",
        "kid": "../../dev/null",
        "jku": "http://sentry.test/keys",
        "jwk": {"kty": "oct", "k": forge.segment(SECRET.encode())},
    }
    forged = forge.encode(sentry.claims(), SECRET, header=header)
    assert_refused(read(sentry, agent_bearer(forged)))
    signed = forge.encode(sentry.claims(), sentry.secret, header=header)
    assert read(sentry, agent_bearer(signed)).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "secret", "None", "\0", SECRET])
def test_another_key(sentry: Sentry, key: str) -> None:
    assert_refused(read(sentry, agent_bearer(forge.encode(sentry.claims(), key))))


@pytest.mark.parametrize("spoil", ["header", "payload", "signature"])
def test_one_character_changed(sentry: Sentry, spoil: str) -> None:
    parts = forge.encode(sentry.claims(), sentry.secret).split(".")
    at = ("header", "payload", "signature").index(spoil)
    parts[at] = ("B" if parts[at][0] != "B" else "C") + parts[at][1:]
    assert_refused(read(sentry, agent_bearer(".".join(parts))))


def test_a_payload_of_another_token(sentry: Sentry) -> None:
    narrow = forge.encode(sentry.claims(), sentry.secret).split(".")
    wide = forge.encode(sentry.claims(scopes=["org:admin"]), "guess").split(".")
    assert_refused(read(sentry, agent_bearer(f"{narrow[0]}.{wide[1]}.{narrow[2]}")))


def test_one_token_has_one_text(sentry: Sentry) -> None:
    """No padding, no other alphabet, no spare bits, nothing around it or inside."""
    jwt = forge.encode(sentry.claims(), sentry.secret)
    assert read(sentry, agent_bearer(jwt)).status_code == 200
    body, _, signature = jwt.rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = alphabet[alphabet.index(signature[-1]) ^ 1]
    others = [
        *(f"{jwt}=", f"{jwt}==", f"{jwt}.", f".{jwt}", f"{jwt}.{signature}", f"{jwt}~", f"{jwt}A"),
        *(f"{body}.{signature[:-1]}", f"{body}.{signature[:-1]}{spare}", f"{body}.~{signature}"),
        *(
            f"{body}=.{signature}",
            body.replace(".", "=.") + f".{signature}",
            f"{body}..{signature}",
        ),
        *(jwt.replace(".", " ."), f" {jwt}", jwt.replace(".", "\t."), "", ".", "..", "a.b.c"),
        *("sntryag_" + jwt, jwt.upper(), jwt.replace(".", ","), f'"{jwt}"'),
    ]
    for other in others:
        assert_refused(read(sentry, agent_bearer(other)))
    assert_refused(read(sentry, bearer("sntryag_")))


def test_without_a_secret_nothing_is_minted_and_nothing_verifies(make_sentry: Make) -> None:
    sentry = make_sentry(secret="")
    for key in ("", "x" * 64):
        forged = agent_bearer(forge.encode(sentry.claims(), key))
        assert_refused(read(sentry, forged))
    body = {"sessionId": "s1"}
    answer = sentry.api("POST", "/organizations/acme/agent/token/", sentry.user("olivia"), body)
    assert (answer.status_code, list(answer.json)) == (503, ["detail"])


def test_a_token_opens_no_other_sentry(make_sentry: Make) -> None:
    first, second = make_sentry(secret="1" * 64), make_sentry(secret="2" * 64)
    token = first.agent()
    assert read(first, token).status_code == 200
    assert_refused(read(second, token))


@pytest.mark.parametrize("org", [True, 1.0, "1", [1]])
def test_what_looks_like_organization_1_is_none(sentry: Sentry, org: Any) -> None:
    """There is one with that id here, and olivia owns it."""
    at = sentry.services.clock.now()
    row = {"id": 1, "slug": "first", "name": "First", "open_membership": True, "options": {}}
    membership = {"organization_id": 1, "user_id": sentry.user_id("olivia"), "role": "owner"}
    flow = {"organization_id": 1, "name": "organizations:seer-agent-token-flow"}
    with sentry.services.store.transaction() as connection:
        connection.execute(
            organization.insert().values(row | {"default_role": "member", "date_added": at})
        )
        connection.execute(member.insert().values(membership | {"date_added": at}))
        connection.execute(feature.insert().values(flow))
    path = "/organizations/first/"
    assert sentry.api("GET", path, sentry.forged(org=1)).status_code == 200
    assert_refused(sentry.api("GET", path, sentry.forged(org=org)))
