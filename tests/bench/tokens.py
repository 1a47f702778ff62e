"""Signing and verifying an agent token, beside PyJWT doing no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from time import time
from typing import Any

import jwt

from harness.sentry.agent.claims import Claims
from harness.sentry.agent.token import Verifier, encode
from tests.bench.measure import Row, compare

_SECRET = "0123456789abcdef" * 4
_PREFIX = "sntryag_"
_AUDIENCE = "sentry-agent-api"


def measure() -> Iterator[Row]:
    """Mint, verify a token for the first time, verify it again."""
    now = int(time())
    claims = Claims(
        user_id=101,
        organization_id=4001,
        scopes=frozenset({"org:read", "project:read", "event:read"}),
        session_id="bench",
        issued_at=now,
        expires_at=now + 300,
    )
    payload: dict[str, Any] = {
        "aud": _AUDIENCE,
        "sub": "101",
        "org": 4001,
        "scopes": sorted(claims.scopes),
        "sid": "bench",
        "iat": now,
        "exp": now + 300,
    }
    token = encode(claims, _SECRET)
    encoded = token.removeprefix(_PREFIX)
    again = Verifier(_SECRET, 1024)
    again.verify(token, encoded, now)
    # It remembers one token and is shown two in turn: each is always new to it.
    first = Verifier(_SECRET, 1)
    other = encode(claims.__class__(**{**_fields(claims), "user_id": 102}), _SECRET)
    pair = cycle([(token, encoded), (other, other.removeprefix(_PREFIX))])

    sign, mint, decode, new, known = (
        1e6 * seconds
        for seconds in compare(
            lambda: jwt.encode(payload, _SECRET, algorithm="HS256"),
            lambda: encode(claims, _SECRET),
            lambda: jwt.decode(encoded, _SECRET, algorithms=["HS256"], audience=_AUDIENCE),
            lambda: first.verify(*next(pair), now),
            lambda: again.verify(token, encoded, now),
            seconds=3,
        )
    )
    yield Row("sign a token", mint, "µs", "PyJWT's encode", sign)
    yield Row("verify a token for the first time", new, "µs", "PyJWT's decode", decode, goal=1.2)
    yield Row("verify a token again", known, "µs", "PyJWT's decode", decode, goal=0.2)


def _fields(claims: Claims) -> dict[str, Any]:
    return {name: getattr(claims, name) for name in Claims.__slots__}
