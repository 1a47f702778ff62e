"""One token of the corpus, and the parts from which the samples are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from harness.attacks.forging import DEFAULT_HEADER, change, forge
from harness.attacks.jws import PREFIX, Token, encode, mac
from harness.attacks.raw_json import Members

#: The moment at which a sample is verified, unless it says another: 2026-01-15 12:01 UTC.
AT: Final = 1768478460
ISSUED: Final = AT - 60
EXPIRES: Final = AT + 240

#: Made for the corpus; nothing was ever protected by one of them.
SECRETS: Final[Mapping[str, str]] = {
    "service": "token-corpus-test-secret-of-the-service-protects-nothing",
    "other": "token-corpus-test-secret-of-somebody-else-protects-nothing",
    "guess": "secret",
    "empty": "",
}
SERVICE: Final = SECRETS["service"].encode()

CLAIMS: Final[Mapping[str, Any]] = {
    "aud": "sentry-agent-api",
    "sub": "101",
    "org": 4001,
    "scopes": ["org:read", "project:read"],
    "sid": "session-1",
    "iat": ISSUED,
    "exp": EXPIRES,
}


@dataclass(frozen=True)
class Sample:
    """A token with what a verifier must say to it.

    `signed_with`, `verify_with`: names in SECRETS. `at`: seconds since the epoch.
    `jws`: whether the JWT is a valid JWS for HS256 and the secret to verify with,
    whatever it says; None where no JWT is taken out of the token. `reason`: None for
    a token that is accepted. `claims`: what an accepted token is read as.
    """

    id: str
    group: str
    construction: str
    token: str
    reason: str | None = None
    jws: bool | None = True
    signed_with: str | None = "service"
    verify_with: str = "service"
    at: int = AT
    claims: Mapping[str, Any] | None = None

    @property
    def verdict(self) -> Literal["accept", "reject"]:
        return "accept" if self.reason is None else "reject"

    def show(self) -> dict[str, Any]:
        """The sample as the corpus has it."""
        return {
            "id": self.id,
            "group": self.group,
            "construction": self.construction,
            "signed_with": self.signed_with,
            "verify_with": self.verify_with,
            "at": self.at,
            "token": self.token,
            "jws": self.jws,
            "verdict": self.verdict,
            "reason": self.reason,
            "claims": None if self.claims is None else dict(self.claims),
        }


def read_as(**changed: Any) -> dict[str, Any]:
    """What a token of CLAIMS with changes is read as."""
    claims = {**CLAIMS, **changed}
    return {
        "user": int(claims["sub"]),
        "organization": claims["org"],
        "scopes": sorted(set(claims["scopes"])),
        "session": claims["sid"],
        "issued_at": claims["iat"],
        "expires_at": claims["exp"],
    }


def signed(
    put: Mapping[str, Any] | None = None,
    *,
    drop: Iterable[str] = (),
    header: Mapping[str, Any] = DEFAULT_HEADER,
    key: bytes | None = SERVICE,
    algorithm: str = "",
    after: Mapping[str, Any] | None = None,
) -> str:
    """A token of CLAIMS, changed."""
    claims = change(CLAIMS, put=put or {}, drop=drop, before={}, after=after or {})
    return forged(claims, header.items(), key=key, algorithm=algorithm)


def forged(
    claims: Members,
    header: Members | None = None,
    *,
    key: bytes | None = SERVICE,
    algorithm: str = "",
) -> str:
    """A token of these members."""
    members = DEFAULT_HEADER.items() if header is None else header
    return str(forge(members, claims, key, algorithm=algorithm))


def of_bytes(payload: bytes | None = None, header: bytes | None = None) -> str:
    """A token of these very bytes, rightly signed; None for what a good token has."""
    good = forge(DEFAULT_HEADER.items(), CLAIMS.items(), None)
    first = good.header if header is None else encode(header)
    second = good.payload if payload is None else encode(payload)
    return str(Token(PREFIX, first, second, mac(f"{first}.{second}", SERVICE)))
