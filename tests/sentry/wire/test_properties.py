"""Properties: the arithmetic of scopes, and what reads a token."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness import scopes
from harness.deployment import deploy
from harness.sentry.agent.claims import Claims, TokenError
from harness.sentry.agent.token import Verifier, encode
from harness.signing import verify
from tests.sentry import forge
from tests.sentry.callers import Sentry, agent_bearer
from tests.sentry.conftest import SEED

SECRET = "k" * 32
NOW = 1768478400

# Written down here, not read: see test_scopes_and_roles.
READ_ONLY = {"org:read", "member:read", "team:read", "project:read", "event:read", "alerts:read"}
WORDS = sorted(
    READ_ONLY
    | {"org:write", "org:admin", "org:integrations", "org:ci", "team:write", "team:admin"}
    | {"member:write", "member:admin", "member:invite", "event:write", "event:admin"}
    | {"project:write", "project:admin", "project:releases", "project:distribution"}
    | {"alerts:write"}
)
PASSES_MINT = {"org:read", "org:write", "org:admin"}

some_scopes = st.sets(st.sampled_from(WORDS))
some_words = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=12)

in_process = settings(max_examples=60, deadline=None, derandomize=True)
pure = settings(max_examples=300, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def sentry() -> Iterator[Sentry]:
    """One for all examples: each starts from the world's start."""
    deployment = deploy(seed=SEED, frozen=True)
    yield Sentry(deployment)
    deployment.close()


# Mint = caller ∩ (read-only ∪ live grants) ∩ requested


@in_process
@given(
    role=st.sampled_from(scopes.ROLES),
    credential=some_scopes,
    granted=some_scopes,
    expired=st.booleans(),
    requested=st.none() | some_words,
)
def test_mint(
    sentry: Sentry,
    role: str,
    credential: set[str],
    granted: set[str],
    expired: bool,
    requested: list[str] | None,
) -> None:
    sentry.deployment.reset()
    held = {scope for scope in WORDS if scope in scopes.role_scopes(role)} & credential
    assume(held & PASSES_MINT)
    sentry.set_role("mia", role)
    sentry.plant("mia", granted)
    if expired:
        sentry.advance(4 * 3600)
    minted = sentry.mint(sentry.new_token("mia", credential), scopes=requested)
    expected = held & (READ_ONLY | (set() if expired else granted))
    if requested is not None:
        expected &= set(requested)
    assert minted["scopes"] == sorted(expected)
    assert set(forge.read_claims(minted["token"])["scopes"]) == expected
    assert expected <= held
    # And what the token opens is no wider, now or with a higher role.
    for now in (role, "owner"):
        sentry.set_role("mia", now)
        shown = sentry.api("GET", "/organizations/acme/", agent_bearer(minted["token"][8:]))
        assert shown.status_code == (200 if expected & PASSES_MINT else 403)
        assert set(shown.json.get("access", [])) <= expected


@in_process
@given(st.lists(st.tuples(some_words, st.integers(0, 5)), min_size=1, max_size=5))
def test_approvals_in_a_row(sentry: Sentry, approvals: list[tuple[list[str], int]]) -> None:
    """Each adds what the approver holds and renews; what had expired by then is gone."""
    sentry.deployment.reset()
    own = set(scopes.role_scopes("admin"))
    session = sentry.session("ada")
    hour, ends, expected = 0, 0, set[str]()
    for wanted, hours in approvals:
        sentry.advance(hours * 3600)
        hour += hours
        answer = sentry.approve(session, wanted)
        if own & set(wanted):
            expected = (expected if hour < ends else set()) | own & set(wanted)
            ends = hour + 4
            assert answer.json["scopes"] == sorted(expected)
        else:
            assert answer.status_code == 400
        live = expected if hour < ends else set()
        assert set(sentry.mint(sentry.user("ada"))["scopes"]) == READ_ONLY | live
    assert len(sentry.grants()) == bool(expected)


@in_process
@given(carried=some_words, method=st.sampled_from(["GET", "PUT"]))
def test_the_gate(sentry: Sentry, carried: list[str], method: str) -> None:
    sentry.deployment.reset()
    wanted = PASSES_MINT if method == "GET" else {"org:write", "org:admin"}
    token = sentry.forged(scopes=carried)
    answer = sentry.api(method, "/organizations/acme/", token, {"name": "x"})
    assert (answer.status_code == 200) is bool(wanted & set(carried))
    challenge = answer.headers.get("WWW-Authenticate", "")
    assert ("insufficient_scope" in challenge) is not bool(wanted & set(carried))


# The hierarchy


@pure
@given(some_words, some_words)
def test_expand(first: list[str], second: list[str]) -> None:
    once = scopes.expand(first)
    assert set(first) <= once
    assert scopes.expand(once) == once
    assert once <= scopes.expand([*first, *second])
    assert scopes.expand([*first, *second]) == once | scopes.expand(second)
    assert once - set(first) <= set(WORDS)


# Reading a token

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["sentry-agent-api", "101", "s1", "org:read"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
GOOD: dict[str, Any] = {
    "aud": "sentry-agent-api",
    "sub": "101",
    "org": 4001,
    "scopes": ["org:read"],
    "sid": "s1",
    "iat": NOW,
    "exp": NOW + 300,
}


def read(encoded: str, secret: str = SECRET) -> Claims | None:
    """The claims, or None. Anything but a TokenError passes through, and fails the test."""
    try:
        return Verifier(secret, 1).verify(f"sntryag_{encoded}", encoded, NOW)
    except TokenError as error:
        reason = error.reason
    assert reason.isascii()
    assert len(reason) < 40
    return None


@pure
@given(st.text(alphabet=string.ascii_letters + string.digits + "-_.=~+/", max_size=200))
def test_no_text_verifies(encoded: str) -> None:
    assert read(encoded) is None


@pure
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_no_other_text_verifies(encoded: str) -> None:
    assert read(encoded) is None


@pure
@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=40))
def test_no_bytes_verify(header: bytes, payload: bytes, signature: bytes) -> None:
    assert read(".".join(map(forge.segment, (header, payload, signature)))) is None


@pure
@given(st.binary(max_size=80))
def test_signed_bytes_that_are_no_claims(payload: bytes) -> None:
    assert read(forge.encode(payload, SECRET)) is None


def is_good(claims: dict[str, Any]) -> bool:
    """The contract's words for a token that is accepted at NOW."""

    def whole(name: str) -> bool:
        return type(claims.get(name)) is int and claims[name] >= 0

    def text(value: object) -> bool:
        return isinstance(value, str)

    sub, sid, held = (claims.get(name) for name in ("sub", "sid", "scopes"))
    return (
        claims.get("aud") == "sentry-agent-api"
        and isinstance(sub, str)
        and sub != ""
        and set(sub) <= set("0123456789")
        and int(sub) < 2**31
        and whole("org")
        and claims["org"] < 2**31
        and isinstance(held, list)
        and all(map(text, held))
        and isinstance(sid, str)
        and 1 <= len(sid) <= 128
        and whole("iat")
        and whole("exp")
        and claims["iat"] <= NOW < claims["exp"] < 10**18
    )


@pure
@given(
    changed=st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(max_size=4), json_values),
    left_out=st.sets(st.sampled_from(sorted(GOOD)), max_size=2),
)
def test_claims(changed: dict[str, Any], left_out: set[str]) -> None:
    """A signed token is accepted if and only if its claims are as the contract says."""
    claims = {name: value for name, value in (GOOD | changed).items() if name not in left_out}
    found = read(forge.encode(claims, SECRET))
    assert (found is not None) is is_good(claims)
    if found is not None:
        assert found.user_id == int(claims["sub"])
        assert found.organization_id == claims["org"]
        assert found.scopes == frozenset(claims["scopes"])
        assert (found.issued_at, found.expires_at) == (claims["iat"], claims["exp"])


@pure
@given(
    issued=st.integers(NOW - 400, NOW + 400),
    lifetime=st.integers(-5, 400),
    now=st.floats(NOW - 500, NOW + 900),
)
def test_times(issued: int, lifetime: int, now: float) -> None:
    claims = GOOD | {"iat": issued, "exp": issued + lifetime}
    encoded = forge.encode(claims, SECRET)
    try:
        Verifier(SECRET, 1).verify(encoded, encoded, now)
    except TokenError:
        accepted = False
    else:
        accepted = True
    assert accepted is (lifetime > 0 and issued <= now < issued + lifetime)


@pure
@given(header=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64"]), json_values))
def test_headers(header: dict[str, Any]) -> None:
    found = read(forge.encode(GOOD, SECRET, header=header))
    if header.get("alg") != "HS256":
        assert found is None


@pure
@given(key=st.binary(max_size=64), alg=st.sampled_from(["HS256", "none", "HS512"]))
def test_another_key(key: bytes, alg: str) -> None:
    assume(key != SECRET.encode())
    for digest in ("sha256", "sha512"):
        assert read(forge.encode(GOOD, key, header={"alg": alg}, digest=digest)) is None


@pure
@given(st.data())
def test_one_character_changed(data: st.DataObject) -> None:
    encoded = forge.encode(GOOD, SECRET)
    at = data.draw(st.integers(0, len(encoded) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.=~+/ "))
    assume(other != encoded[at])
    assert read(encoded) is not None
    assert read(encoded[:at] + other + encoded[at + 1 :]) is None


@pure
@given(
    user_id=st.integers(0, 2**31 - 1),
    organization_id=st.integers(0, 2**31 - 1),
    held=some_scopes,
    session_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=128),
    issued_at=st.integers(0, NOW),
    lifetime=st.integers(1, 10**9),
)
def test_what_is_signed_is_read(
    user_id: int,
    organization_id: int,
    held: set[str],
    session_id: str,
    issued_at: int,
    lifetime: int,
) -> None:
    claims = Claims(
        user_id, organization_id, frozenset(held), session_id, issued_at, NOW + lifetime
    )
    token = encode(claims, SECRET)
    assert token.startswith("sntryag_")
    assert Verifier(SECRET, 1).verify(token, token.removeprefix("sntryag_"), NOW) == claims
    header, payload, signature = token.removeprefix("sntryag_").split(".")
    made = forge.sign(f"{header}.{payload}".encode(), SECRET)
    assert signature == base64.urlsafe_b64encode(bytes.fromhex(made)).decode().rstrip("=")


def test_what_is_remembered_is_the_whole_token() -> None:
    """A verified token lends nothing to another that looks like it."""
    verifier = Verifier(SECRET, 2)
    encoded = forge.encode(GOOD, SECRET)
    assert verifier.verify(f"sntryag_{encoded}", encoded, NOW).session_id == "s1"
    others = [encoded[:-1], encoded + "A", encoded.swapcase(), encoded.rpartition(".")[0] + "."]
    for other in others:
        with pytest.raises(TokenError):
            verifier.verify(f"sntryag_{other}", other, NOW)
    with pytest.raises(TokenError):
        verifier.verify(f"sntryag_{encoded}", encoded, NOW + 300)


def test_no_more_than_so_many_are_remembered() -> None:
    verifier = Verifier(SECRET, 3)
    tokens = [forge.encode(GOOD | {"sid": f"s{number}"}, SECRET) for number in range(9)]
    for encoded in tokens * 2:
        assert verifier.verify(encoded, encoded, NOW).session_id
    assert len(verifier._good) == 3


# Signatures


@pure
@given(st.text(max_size=40), st.binary(max_size=60), st.text(max_size=70))
def test_signatures(secret: str, message: bytes, signature: str) -> None:
    right = forge.sign(message, secret)
    assert verify(secret, message, right) is bool(secret)
    if signature != right:
        assert not verify(secret, message, signature)


@in_process
@given(st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "S"]), max_size=80))
def test_a_bearer_is_refused_and_never_an_error(sentry: Sentry, text: str) -> None:
    for value in (f"Bearer {text}", f"Bearer sntryag_{text}", text, json.dumps(text)):
        answer = sentry.api("GET", "/organizations/acme/", {"Authorization": value})
        assert answer.status_code == 401
