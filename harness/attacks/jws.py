"""A token in the compact serialisation of RFC 7515 section 7.1, taken apart without verifying."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

#: Before the JWT in an agent token.
PREFIX: Final = "sntryag_"

#: The hash of each HMAC algorithm of RFC 7518 section 3.2.
HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class NotAToken(ValueError):
    """A text that has not the form of a signed token."""


@dataclass(frozen=True)
class Token:
    """A prefix, and the three parts as they are written (base64url, or what stands there)."""

    prefix: str
    header: str
    payload: str
    signature: str

    def __str__(self) -> str:
        return f"{self.prefix}{self.header}.{self.payload}.{self.signature}"

    @property
    def signing_input(self) -> str:
        """What the signature is made over (RFC 7515 section 5.1)."""
        return f"{self.header}.{self.payload}"


def parse(text: str) -> Token:
    """The parts of `text`; nothing in them is checked. Raises NotAToken without three of them."""
    at = text.find("eyJ")
    prefix, rest = (text[:at], text[at:]) if at >= 0 else ("", text)
    parts = rest.split(".")
    if len(parts) != 3:
        raise NotAToken("a signed token has three parts")
    return Token(prefix, *parts)


def read_object(part: str) -> dict[str, Any]:
    """The JSON object in a part. Raises NotAToken."""
    try:
        data = json.loads(decode(part))
    except (ValueError, RecursionError):
        raise NotAToken("this part is no JSON") from None
    if not isinstance(data, dict):
        raise NotAToken("this part is no JSON object")
    return data


def encode(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(part: str) -> bytes:
    """The bytes of base64url, padded or not. Raises NotAToken."""
    part = part.rstrip("=")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise NotAToken("this part is no base64url") from None


def mac(signing_input: str, key: bytes, algorithm: str = "HS256") -> str:
    """The signature part: the HMAC of one of `HASHES`; any key will do, one of no bytes too.

    Raises KeyError for another algorithm.
    """
    return encode(hmac.digest(key, signing_input.encode(), HASHES[algorithm]))
