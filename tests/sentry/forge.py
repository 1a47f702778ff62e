"""A JWT encoder of the tests' own, and a signer: they share no code with the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

HEADER: Mapping[str, Any] = {"alg": "HS256", "typ": "JWT"}


def segment(part: bytes) -> str:
    """`part` in base64url with no padding, as RFC 7515 section 2 has it."""
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def encode(
    claims: Mapping[str, Any] | bytes,
    secret: str | bytes,
    *,
    header: Mapping[str, Any] | bytes = HEADER,
    digest: str = "sha256",
) -> str:
    """A JWT of `claims`, signed with HMAC. Bytes go in as they are, whatever they say."""
    parts = (
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)
    )
    signed = ".".join(segment(part) for part in parts)
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{signed}.{segment(hmac.digest(key, signed.encode(), digest))}"


def read_claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified; a prefix before it does not matter."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def sign(message: bytes, secret: str) -> str:
    """The hexadecimal HMAC-SHA256 of `message`."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
