"""The agent token: what it claims, how it is signed, when it is good.

    TokenError
    ├── NoSecret        the application has no secret: nothing is signed, nothing verifies
    ├── BadSignature    not a JWT of the one algorithm, or not signed with the secret
    ├── BadClaims       signed, and a claim is missing or of the wrong type
    └── NotInTime       signed and well-formed; used before `iat` or from `exp` on

The reason of a TokenError is a fixed word for the log. It never holds anything
of the token, nor a library's message.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from harness.sentry.agent import dialect

_CLAIMS = ("aud", "sub", "org", "scopes", "sid", "iat", "exp")
# 64-bit keys are the widest that a database compares; a larger number names nobody.
_DIGITS = 18
# RFC 7519 times are compared by this module, with the application's clock.
_OPTIONS: Any = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class TokenError(Exception):
    """An agent token that is not accepted; `reason` is for the log only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoSecret(TokenError):
    """There is no secret to sign or verify with."""


class BadSignature(TokenError):
    """Not a JWT, not HS256, or signed with another key."""


class BadClaims(TokenError):
    """A claim is missing or mistyped."""


class NotInTime(TokenError):
    """Expired, or not valid yet."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an agent token says: who, where, how much, for which session, until when.

    `user_id` and `organization_id` are ids; `issued_at` and `expires_at` seconds
    since the epoch; `session_id` is 1 to 128 characters.
    """

    user_id: int
    organization_id: int
    scopes: frozenset[str]
    session_id: str
    issued_at: int
    expires_at: int


def encode(claims: Claims, secret: str) -> str:
    """The signed agent token for `claims`.

    Raises NoSecret for an empty `secret`.
    """
    if not secret:
        raise NoSecret("no-secret")
    payload = {
        "aud": dialect.AUDIENCE,
        "sub": str(claims.user_id),
        "org": claims.organization_id,
        "scopes": sorted(claims.scopes),
        "sid": claims.session_id,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
    }
    return dialect.wrap(jwt.encode(payload, secret, algorithm=dialect.ALGORITHM))


class Verifier:
    """Verifies agent tokens, and remembers those whose signature and claims were good.

    What is remembered does not depend on time or on the database: expiry is
    checked on each use here, membership and feature by the authenticator.
    """

    def __init__(self, secret: str, remembered: int) -> None:
        self._secret = secret
        self._remembered = remembered
        self._good: OrderedDict[str, Claims] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, token: str, encoded: str, now: float) -> Claims:
        """The claims of `token`, whose JWT is `encoded`, at `now` (seconds since the epoch).

        Raises TokenError.
        """
        claims = self._good.get(token)
        if claims is None:
            claims = _parse(_check_signature(encoded, self._secret))
            self._remember(token, claims)
        _check_time(claims, now)
        return claims

    def _remember(self, token: str, claims: Claims) -> None:
        with self._lock:
            self._good[token] = claims
            while len(self._good) > self._remembered:
                self._good.popitem(last=False)


def _check_signature(encoded: str, secret: str) -> dict[str, Any]:
    if not secret:
        raise NoSecret("no-secret")
    if "=" in encoded:
        # RFC 7515 section 2: no padding. The library reads it, and one token would have two texts.
        raise BadSignature("signature")
    try:
        return jwt.decode(encoded, secret, algorithms=[dialect.ALGORITHM], options=_OPTIONS)
    except (jwt.PyJWTError, ValueError, RecursionError):
        # Chained causes would carry the library's words into the log.
        raise BadSignature("signature") from None


def _parse(payload: dict[str, Any]) -> Claims:
    for name in _CLAIMS:
        if name not in payload:
            raise BadClaims(f"claim-missing:{name}")
    if payload["aud"] != dialect.AUDIENCE:
        raise BadClaims("claim:aud")
    issued_at = _whole("iat", payload["iat"])
    expires_at = _whole("exp", payload["exp"])
    if expires_at <= issued_at:
        raise BadClaims("claim:exp")
    return Claims(
        user_id=_user_id(payload["sub"]),
        organization_id=_whole("org", payload["org"]),
        scopes=frozenset(_scopes(payload["scopes"])),
        session_id=_session_id(payload["sid"]),
        issued_at=issued_at,
        expires_at=expires_at,
    )


def _whole(name: str, value: object) -> int:
    # bool is an int in Python, and True would be organization 1.
    if type(value) is not int or not 0 <= value < 10**_DIGITS:
        raise BadClaims(f"claim:{name}")
    return value


def _user_id(value: object) -> int:
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        raise BadClaims("claim:sub")
    if len(value) > _DIGITS:
        raise BadClaims("claim:sub")
    return int(value)


def _scopes(value: object) -> Iterable[str]:
    if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
        raise BadClaims("claim:scopes")
    return value


def _session_id(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= dialect.SESSION_ID_LENGTH:
        raise BadClaims("claim:sid")
    return value


def _check_time(claims: Claims, now: float) -> None:
    if now >= claims.expires_at:
        raise NotInTime("expired")
    if claims.issued_at > now:
        raise NotInTime("not-yet-valid")
