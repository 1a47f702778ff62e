"""Tokens that nobody issued: claims and header as one likes, signed with what one has."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.attacks.jws import HASHES, PREFIX, Token, encode, mac, parse, read_object
from harness.attacks.raw_json import Members, write_object

#: A key that is as good as any, but for being the wrong one.
OTHER_KEY = b"a key of thirty-two bytes or more, of somebody else"

DEFAULT_HEADER: Mapping[str, Any] = {"alg": "HS256", "typ": "JWT"}


def forge(
    header: Members,
    claims: Members,
    key: bytes | None,
    *,
    algorithm: str = "",
    prefix: str = PREFIX,
) -> Token:
    """A token of these members, signed with `key`; None leaves the signature empty.

    `algorithm`: of the signature itself, whatever the header says; by default what the
    header says, or HS256 where that is no HMAC.
    """
    fields = list(header)
    token = Token(prefix, _part(fields), _part(claims), "")
    if key is None:
        return token
    told = [value for name, value in fields if name == "alg" and isinstance(value, str)]
    chosen = algorithm or next((alg for alg in told if alg in HASHES), "HS256")
    return resign(token, key, chosen)


def resign(token: Token, key: bytes, algorithm: str = "HS256") -> Token:
    """The same header and claims with a signature under `key`."""
    made = mac(token.signing_input, key, algorithm)
    return Token(token.prefix, token.header, token.payload, made)


def read_members(text: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Header, claims and prefix of a token, not verified. Raises NotAToken."""
    token = parse(text)
    return read_object(token.header), read_object(token.payload), token.prefix


def change(
    members: Mapping[str, Any],
    *,
    put: Mapping[str, Any],
    drop: Iterable[str] = (),
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Sequence[tuple[str, Any]]:
    """Members with some put in place or dropped, and some written twice.

    `before` and `after` come before all others and after them, even where the name is
    there already: which of two counts is for the reader to decide (RFC 8259 section 4).
    """
    dropped = set(drop)
    changed = {name: value for name, value in {**members, **put}.items() if name not in dropped}
    return [*before.items(), *changed.items(), *after.items()]


def digest(key: bytes, text: str) -> str:
    """The hexadecimal HMAC-SHA256 of a header's text, as the Seer service signs one."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def _part(members: Members) -> str:
    return encode(write_object(members).encode("utf-8", "surrogatepass"))
