"""The first rule of a good agent token: it is signed, by the one algorithm, with the one secret.

RFC 7515 (JWS), RFC 7519 (JWT) and RFC 8725 (its best practices) say why. Beside the
rule stand its weakened forms: mistakes that token libraries and their users have made.
"""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import jwt

from harness.defence import defence
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import BadSignature, NoSecret

# The claims are judged elsewhere, times with the application's clock.
_OPTIONS: Any = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
_UNVERIFIED: Any = _OPTIONS | {"verify_signature": False}


@defence(
    "agent-token.signature",
    title="Only a JWT signed with HS256 and the shared secret is read",
    cwe=347,
    source="RFC 8725 section 3.1",
)
def check_signature(encoded: str, secret: str) -> dict[str, Any]:
    """The payload of `encoded`. Raises NoSecret or BadSignature."""
    if not secret:
        raise NoSecret("no-secret")
    if "=" in encoded:
        # RFC 7515 section 2: no padding. The library reads it, and one token would have two texts.
        raise BadSignature("signature")
    return _decode(encoded, secret, [dialect.ALGORITHM], _OPTIONS)


@check_signature.weakened("signature-not-checked", title="The signature is not looked at")
def _(encoded: str, secret: str) -> dict[str, Any]:
    return _decode(encoded, "", None, _UNVERIFIED)


@check_signature.weakened("alg-none-accepted", title="The token's own word `none` is believed")
def _(encoded: str, secret: str) -> dict[str, Any]:
    if str(_header(encoded).get("alg")).lower() == "none":
        return _decode(encoded, "", None, _UNVERIFIED)
    return check_signature.sound(encoded, secret)


@check_signature.weakened("any-hmac-accepted", title="Every HMAC algorithm is accepted")
def _(encoded: str, secret: str) -> dict[str, Any]:
    return _decode(encoded, secret, ["HS256", "HS384", "HS512"], _OPTIONS)


@check_signature.weakened("empty-secret-accepted", title="No secret is a key of no bytes")
def _(encoded: str, secret: str) -> dict[str, Any]:
    return check_signature.sound(encoded, secret) if secret else _decode_keyless(encoded)


@check_signature.weakened("respelled-token-accepted", title="One token has several spellings")
def _(encoded: str, secret: str) -> dict[str, Any]:
    return _decode(encoded, secret, [dialect.ALGORITHM], _OPTIONS)


@check_signature.weakened(
    "short-signature-accepted", title="A signature is compared as far as it goes"
)
def _(encoded: str, secret: str) -> dict[str, Any]:
    payload = _decode(encoded, "", None, _UNVERIFIED)
    if not _sign(encoded, secret.encode()).startswith(_signature(encoded)):
        raise BadSignature("signature")
    return payload


@check_signature.weakened("header-key-trusted", title="A token brings the key that verifies it")
def _(encoded: str, secret: str) -> dict[str, Any]:
    key = _header(encoded).get("jwk")
    if not isinstance(key, dict) or not isinstance(key.get("k"), str):
        return check_signature.sound(encoded, secret)
    return check_signature.sound(encoded, _decode_part(key["k"]).decode(errors="replace"))


@check_signature.weakened(
    "unknown-key-id-accepted", title="A key id that nobody knows is a key of no bytes"
)
def _(encoded: str, secret: str) -> dict[str, Any]:
    if "kid" in _header(encoded):
        return _decode_keyless(encoded)
    return check_signature.sound(encoded, secret)


@check_signature.weakened(
    "critical-header-ignored", title="What a header marks as critical is passed over"
)
def _(encoded: str, secret: str) -> dict[str, Any]:
    if not secret or not hmac.compare_digest(_sign(encoded, secret.encode()), _signature(encoded)):
        raise BadSignature("signature")
    # The library reads a critical header strictly, so what it would do is done here.
    return _read_object(encoded.split(".")[1])


@check_signature.weakened(
    "first-duplicate-counts", title="Of a claim that is written twice the first counts"
)
def _(encoded: str, secret: str) -> dict[str, Any]:
    check_signature.sound(encoded, secret)
    return _read_object(encoded.split(".")[1], first=True)


def _decode_keyless(encoded: str) -> dict[str, Any]:
    """The payload of a token that is signed with a key of no bytes, which the library refuses."""
    if not hmac.compare_digest(_sign(encoded, b""), _signature(encoded)):
        raise BadSignature("signature")
    return _decode(encoded, "", None, _UNVERIFIED)


def _sign(encoded: str, key: bytes) -> bytes:
    return hmac.digest(key, encoded.rpartition(".")[0].encode(), "sha256")


def _signature(encoded: str) -> bytes:
    return _decode_part(encoded.rpartition(".")[2])


def _decode_part(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise BadSignature("signature") from None


def _read_object(part: str, *, first: bool = False) -> dict[str, Any]:
    """The JSON object in a part; `first`: of members of one name the first counts."""
    hook = (lambda pairs: dict(reversed(pairs))) if first else dict
    try:
        payload = json.loads(_decode_part(part), object_pairs_hook=hook)
    except (ValueError, RecursionError):
        raise BadSignature("signature") from None
    if not isinstance(payload, dict):
        raise BadSignature("signature")
    return payload


def _decode(
    encoded: str, secret: str, algorithms: list[str] | None, options: Any
) -> dict[str, Any]:
    try:
        return jwt.decode(encoded, secret, algorithms=algorithms, options=options)
    except (jwt.PyJWTError, ValueError, RecursionError):
        # Chained causes would carry the library's words into the log.
        raise BadSignature("signature") from None


def _header(encoded: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(encoded)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise BadSignature("signature") from None
