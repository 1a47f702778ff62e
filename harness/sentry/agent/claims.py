"""What an agent token says, and what can be wrong with one.

    TokenError
    ├── NoSecret        the application has no secret: nothing is signed, nothing verifies
    ├── BadSignature    not a JWT of the one algorithm, or not signed with the secret
    ├── BadClaims       signed, and a claim is missing or of the wrong type
    ├── NotInTime       signed and well-formed; used before `iat` or from `exp` on
    └── NotServed       good in itself; its user or organization lost what it needs

The reason of a TokenError is a fixed word for the log. It never holds anything
of the token, nor a library's message.
"""

from __future__ import annotations

from dataclasses import dataclass


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


class TokenError(Exception):
    """An agent token that is not accepted; `reason` and `claims` are for the log only."""

    def __init__(self, reason: str, claims: Claims | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.claims = claims


class NoSecret(TokenError):
    """There is no secret to sign or verify with."""


class BadSignature(TokenError):
    """Not a JWT, not HS256, or signed with another key."""


class BadClaims(TokenError):
    """A claim is missing or mistyped."""


class NotInTime(TokenError):
    """Expired, or not valid yet."""


class NotServed(TokenError):
    """The user is no active member any more, or the feature is off."""
