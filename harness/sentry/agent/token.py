"""The agent token: signed when it is minted, verified when it is used."""

from __future__ import annotations

import threading
from collections import OrderedDict

import jwt

from harness.defence import defence
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import Claims, NoSecret
from harness.sentry.agent.signature import check_signature
from harness.sentry.agent.verification import check_expiry, check_issued, parse_claims


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
        remembered = name_remembered(token)
        claims = self._good.get(remembered)
        if claims is None:
            claims = parse_claims(check_signature(encoded, self._secret))
            self._remember(remembered, claims)
        check_expiry(claims, now)
        check_issued(claims, now)
        return claims

    def forget(self) -> None:
        """Remembers no token any more."""
        with self._lock:
            self._good.clear()

    def _remember(self, name: str, claims: Claims) -> None:
        with self._lock:
            self._good[name] = claims
            while len(self._good) > self._remembered:
                self._good.popitem(last=False)


@defence(
    "agent-token.memory",
    title="A token that was verified is recognised by its whole text",
    cwe=345,
    source="RFC 8725 section 3.3",
)
def name_remembered(token: str) -> str:
    """What a verified token is remembered under."""
    return token


@name_remembered.weakened(
    "signature-not-remembered", title="A known token is recognised by its claims alone"
)
def _(token: str) -> str:
    return token.rpartition(".")[0]
