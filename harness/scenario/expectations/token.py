"""Expectations on scopes and tokens: `scopes`, `claims`, `lifetime`, `expires in`, `signed`."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from harness.scenario.book import Book
from harness.scenario.control import parse_time
from harness.scenario.duration import Duration
from harness.scenario.expectations.answer import review_pattern
from harness.scenario.hands import PREFIX
from harness.scenario.matching import MISSING, compare, project
from harness.scenario.names import Actor
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene

# Seconds by which a server's clock may differ from what we take for its time.
_TOLERANCE = 5


class ExpectedScopes(BaseModel):
    """Scopes that must be there, and scopes that must not."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    includes: list[str] = []
    excludes: list[str] = []


def _check_scopes(scene: Scene, expected: list[str] | ExpectedScopes) -> None:
    told = scene.answer.at("/scopes")
    _check_scope_list(scene, "scopes", expected, told)
    claims = read_claims(scene)
    if claims is not None:
        _check_scope_list(scene, "scopes of the token", expected, claims.get("scopes", MISSING))


def _check_scope_list(
    scene: Scene, name: str, expected: list[str] | ExpectedScopes, came: Any
) -> None:
    if not isinstance(came, list):
        message = "there is no list of scopes"
        scene.check(name, expected=_plain(expected), came=came, passed=False, message=message)
        return
    faults = []
    if isinstance(expected, list):
        if came != sorted(expected):
            faults.append(f"expected exactly {sorted(expected)}")
    else:
        faults += [f"lacks {scope}" for scope in expected.includes if scope not in came]
        faults += [f"has {scope}" for scope in expected.excludes if scope in came]
    scene.check(
        name,
        expected=_plain(expected),
        came=came,
        passed=not faults,
        message="; ".join(faults),
    )


def _plain(expected: list[str] | ExpectedScopes) -> Any:
    return (
        sorted(expected) if isinstance(expected, list) else expected.model_dump(exclude_unset=True)
    )


def _check_claims(scene: Scene, expected: dict[str, JsonValue]) -> None:
    claims = read_claims(scene)
    if claims is None:
        _check_no_token(scene, "claims", expected)
        return
    scene.compare(
        "claims",
        expected=expected,
        came=project(expected, claims),
        differences=compare(expected, claims),
    )


def _check_lifetime(scene: Scene, expected: int) -> None:
    claims = read_claims(scene)
    if claims is None:
        _check_no_token(scene, "lifetime", expected)
        return
    issued, expires = claims.get("iat"), claims.get("exp")
    came = expires - issued if isinstance(issued, int) and isinstance(expires, int) else None
    scene.check("lifetime", expected=expected, came=came, passed=came == expected)
    told = parse_time(scene.answer.at("/expiresAt"))
    scene.check(
        "expiresAt is the token's exp",
        expected=expires,
        came=None if told is None else told.timestamp(),
        passed=told is not None and told.timestamp() == expires,
    )


def _check_signed(scene: Scene, expected: bool) -> None:
    token = scene.answer.at("/token")
    secret = scene.stage.target.sentry.secret or ""
    came = isinstance(token, str) and is_signed(token, secret)
    scene.check("signed", expected=expected, came=came, passed=came is expected)


def _check_expires_in(scene: Scene, expected: int) -> None:
    at = parse_time(scene.answer.at("/expiresAt"))
    if at is None:
        message = "expiresAt is no ISO 8601 time with an offset"
        came = scene.answer.at("/expiresAt")
        scene.check("expires in", expected=expected, came=came, passed=False, message=message)
        return
    seconds = (at - _now(scene)).total_seconds()
    passed = abs(seconds - expected) <= _TOLERANCE
    # To the second: the rest is the way there and back.
    scene.check("expires in", expected=expected, came=round(seconds), passed=passed)


def _now(scene: Scene) -> datetime:
    """The server's time: its control API's, else its `Date` header's, else ours."""
    if scene.stage.control is not None:
        return scene.stage.control.now()
    date = scene.answer.header("date")
    try:
        told = parsedate_to_datetime(date) if isinstance(date, str) else None
    except ValueError:
        told = None
    # A time whose zone is unknown (-0000) comes without one, and is in UTC (RFC 5322).
    return datetime.now(UTC) if told is None else told.replace(tzinfo=told.tzinfo or UTC)


def _check_no_token(scene: Scene, name: str, expected: Any) -> None:
    message = "the answer has no agent token that can be decoded"
    scene.check(name, expected=expected, came=None, passed=False, message=message)


def read_claims(scene: Scene) -> dict[str, Any] | None:
    """The claims of the agent token in the answer, not verified; None without one."""
    token = scene.answer.at("/token")
    if not isinstance(token, str) or not token.startswith(PREFIX):
        return None
    parts = token.removeprefix(PREFIX).split(".")
    try:
        claims = json.loads(_decode(parts[1])) if len(parts) == 3 else None
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def is_signed(token: str, secret: str) -> bool:
    """Whether `token` is `sntryag_` and a JWT under HS256 with `secret` (RFC 7515)."""
    signed, _, signature = token.removeprefix(PREFIX).rpartition(".")
    if not secret or not token.startswith(PREFIX) or signed.count(".") != 1:
        return False
    try:
        header = json.loads(_decode(signed.partition(".")[0]))
    except (ValueError, RecursionError):
        return False
    if not isinstance(header, dict) or header.get("alg") != "HS256":
        return False
    digest = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=") == signature.encode()


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _needs_secret(book: Book, *_: Any) -> None:
    book.needs_secret("'signed'")


def _review_claims(book: Book, actor: Actor, used: str | None, claims: Any) -> None:
    review_pattern(book, actor, used, claims)


EXPECTATIONS = [
    Expectation(
        "scopes",
        list[str] | ExpectedScopes,
        _check_scopes,
        description="The scopes that the answer names: exactly these, or includes and excludes. "
        "A token in the answer must carry the same.",
    ),
    Expectation(
        "claims",
        dict[str, JsonValue],
        _check_claims,
        review=_review_claims,
        description="A pattern for the claims of the agent token in the answer.",
    ),
    Expectation(
        "lifetime",
        Duration,
        _check_lifetime,
        description="exp minus iat of the agent token in the answer; expiresAt must be its exp.",
    ),
    Expectation(
        "signed",
        bool,
        _check_signed,
        review=_needs_secret,
        description="Whether the agent token verifies under the shared secret.",
    ),
    Expectation(
        "expires in",
        Duration,
        _check_expires_in,
        description="From now to the answer's expiresAt.",
    ),
]
