"""Tokens that nobody issued, read back by an implementation that is not ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey

from harness.attacks.forging import OTHER_KEY, change, digest, forge, read_members, resign
from harness.attacks.jws import HASHES, PREFIX, NotAToken, Token, decode, encode, parse, read_object
from harness.attacks.raw_json import Raw, nest, write, write_object

KEY = b"0123456789abcdef0123456789abcdef"
HEADER = {"alg": "HS256", "typ": "JWT"}
CLAIMS: dict[str, Any] = {"sub": "7", "org": 1, "scopes": ["org:read"]}


def forged(**changes: Any) -> Token:
    given: dict[str, Any] = {"header": HEADER.items(), "claims": CLAIMS.items(), "key": KEY}
    return forge(**(given | changes))


def verified(token: Token, key: bytes = KEY, algorithms: list[str] | None = None) -> bytes:
    """The payload, as joserfc reads it. Raises BadSignatureError."""
    text = str(token).removeprefix(token.prefix)
    return jws.deserialize_compact(
        text, OctKey.import_key(key), algorithms=algorithms or ["HS256"]
    ).payload


def test_what_is_signed_with_the_secret_verifies() -> None:
    assert json.loads(verified(forged())) == CLAIMS
    assert str(forged()).startswith(PREFIX)


@pytest.mark.parametrize("algorithm", sorted(HASHES))
def test_the_headers_algorithm_signs(algorithm: str) -> None:
    token = forged(header={"alg": algorithm}.items(), key=KEY * 2)
    assert json.loads(verified(token, KEY * 2, [algorithm])) == CLAIMS


def test_another_algorithm_than_the_header_says() -> None:
    token = forged(header={"alg": "HS512"}.items(), algorithm="HS256")
    with pytest.raises(BadSignatureError):
        verified(token, KEY, ["HS256", "HS384", "HS512"])
    assert token.signature == forged(header={"alg": "HS512"}.items(), algorithm="HS256").signature
    assert len(decode(token.signature)) == 32


def test_the_other_key_is_another() -> None:
    with pytest.raises(BadSignatureError):
        verified(forged(key=OTHER_KEY))
    assert verified(forged(key=OTHER_KEY), OTHER_KEY)


def test_no_key_leaves_the_signature_empty() -> None:
    token = forged(header={"alg": "none"}.items(), key=None)
    assert str(token).endswith(".")
    assert read_object(token.header) == {"alg": "none"}


def test_an_empty_key_signs_too() -> None:
    # RFC 4231 does not have it, and every HMAC does.
    token = forged(key=b"")
    assert len(decode(token.signature)) == 32
    assert token.signature != forged().signature


def test_an_algorithm_that_is_no_hmac_is_signed_with_hs256() -> None:
    token = forged(header={"alg": "nOnE"}.items())
    assert len(decode(token.signature)) == 32


def test_a_token_is_resigned() -> None:
    changed = Token(PREFIX, forged().header, encode(b'{"sub":"8"}'), forged().signature)
    with pytest.raises(BadSignatureError):
        verified(changed)
    assert verified(resign(changed, KEY)) == b'{"sub":"8"}'


def test_members_are_read_without_verifying() -> None:
    header, claims, prefix = read_members(str(forged(key=None)))
    assert (header, claims, prefix) == (HEADER, CLAIMS, PREFIX)


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.b.c.d", "e30.e30", "!.!.!", "bm8.bm8.bm8", "W10.W10.W10", "sntryag_"]
)
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(NotAToken):
        read_members(text)


def test_the_prefix_is_whatever_stands_before_the_jwt() -> None:
    token = str(forged(prefix=""))
    assert parse(token).prefix == ""
    assert parse(f"sntryu_{token}").prefix == "sntryu_"
    assert str(parse(f"sntryu_{token}")) == f"sntryu_{token}"


def test_claims_are_set_dropped_and_written_twice() -> None:
    members = change(
        CLAIMS,
        put={"org": 2, "new": True},
        drop=["scopes"],
        before={"sub": "1"},
        after={"sub": "9"},
    )
    assert members == [("sub", "1"), ("sub", "7"), ("org", 2), ("new", True), ("sub", "9")]
    payload = verified(forged(claims=members))
    assert payload == b'{"sub":"1","sub":"7","org":2,"new":true,"sub":"9"}'


def test_raw_values_are_written_as_they_are() -> None:
    text = write({"a": Raw("1e999"), "b": [Raw("NaN"), "x"], "c": {"d": None}})
    assert text == '{"a":1e999,"b":[NaN,"x"],"c":{"d":null}}'
    assert write_object([("a", 1), ("a", 2)]) == '{"a":1,"a":2}'
    assert write(nest(3)) == "[[[]]]"
    assert write({"a": "\u0661\ud800"}) == '{"a":"\\u0661\\ud800"}'


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_plain_values_are_plain_json(value: Any) -> None:
    assert json.loads(write({"v": value})) == {"v": value}


@given(st.binary(max_size=100))
def test_base64url_has_no_padding(data: bytes) -> None:
    assert decode(encode(data)) == data
    assert "=" not in encode(data)
    assert decode(base64.urlsafe_b64encode(data).decode()) == data


def test_a_header_is_signed_as_the_seer_service_signs() -> None:
    # The vector of the wire's contract.
    context = '{"organization_id":42,"user_id":7}'
    expected = "453176d1b292b33295cd535c88cb333d08ad625b1e603c46093f1ac7a4ddcf07"
    assert digest(b"test-secret", context) == expected
