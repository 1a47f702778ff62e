"""What a signed agent token must say, each rule a defence with its weakened forms.

RFC 7519 (JWT) and RFC 8725 (its best practices) say why; the token's own form is
the dialect's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.defence import defence
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import BadClaims, Claims, NotInTime
from harness.sentry.schema import MAX_ID

_CLAIMS = ("aud", "sub", "org", "scopes", "sid", "iat", "exp")
# Of a time or an id; more are nobody's, and dear to convert.
_DIGITS = 18


def parse_claims(payload: dict[str, Any]) -> Claims:
    """The claims of a verified payload. Raises BadClaims."""
    check_present(payload)
    check_audience(payload["aud"])
    issued_at = read_time("iat", payload["iat"])
    expires_at = read_time("exp", payload["exp"])
    check_lifetime(issued_at, expires_at)
    return Claims(
        user_id=read_user_id(payload["sub"]),
        organization_id=read_organization_id(payload["org"]),
        scopes=frozenset(read_scopes(payload["scopes"])),
        session_id=read_session_id(payload["sid"]),
        issued_at=issued_at,
        expires_at=expires_at,
    )


@defence(
    "agent-token.complete",
    title="Every claim is required",
    cwe=20,
    source="RFC 7519 section 4",
)
def check_present(payload: dict[str, Any]) -> None:
    """Raises BadClaims when one of the seven claims is missing."""
    for name in _CLAIMS:
        if name not in payload:
            raise BadClaims(f"claim-missing:{name}")


@check_present.weakened("missing-claims-filled-in", title="Missing claims get convenient values")
def _(payload: dict[str, Any]) -> None:
    payload.setdefault("iat", 0)
    payload.setdefault("aud", dialect.AUDIENCE)
    payload.setdefault("exp", 10**11)
    payload.setdefault("sid", "unknown")
    check_present.sound(payload)


@check_present.weakened("foreign-claims-read", title="Scopes under other dialects' names count too")
def _(payload: dict[str, Any]) -> None:
    check_present.sound(payload)
    if isinstance(payload.get("scope"), str):
        payload["scopes"] = [*read_scopes(payload["scopes"]), *payload["scope"].split()]


@defence(
    "agent-token.audience",
    title="The audience is this API's, as one string",
    cwe=346,
    source="RFC 8725 section 3.9",
)
def check_audience(audience: object) -> None:
    """Raises BadClaims for any other audience, and for a list with the right one in it."""
    if audience != dialect.AUDIENCE:
        raise BadClaims("claim:aud")


@check_audience.weakened("audience-not-checked", title="A token for another API is accepted")
def _(audience: object) -> None:
    return None


@check_audience.weakened("audience-list-accepted", title="One audience of many is enough")
def _(audience: object) -> None:
    if not isinstance(audience, list) or dialect.AUDIENCE not in audience:
        check_audience.sound(audience)


@defence(
    "agent-token.lifetime",
    title="A token expires after it was issued",
    cwe=20,
    source="RFC 7519 section 4.1.4",
)
def check_lifetime(issued_at: int, expires_at: int) -> None:
    """Raises BadClaims unless `exp` is later than `iat`."""
    if expires_at <= issued_at:
        raise BadClaims("claim:exp")


@defence(
    "agent-token.times",
    title="`iat` and `exp` are whole seconds",
    cwe=843,
    source="RFC 7519 section 2",
)
def read_time(name: str, value: object) -> int:
    """The seconds that the claim says. Raises BadClaims for any other type, bool included."""
    # bool is an int in Python, and True would be the year 1970.
    if type(value) is not int or not 0 <= value < 10**_DIGITS:
        raise BadClaims(f"claim:{name}")
    return value


@read_time.weakened("times-coerced", title="A time in text or with a fraction is converted")
def _(name: str, value: object) -> int:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        raise BadClaims(f"claim:{name}") from None


@defence(
    "agent-token.organization",
    title="`org` is an integer",
    cwe=843,
    source="RFC 7519 section 4",
)
def read_organization_id(value: object) -> int:
    """The id that the claim says. Raises BadClaims for any other type, bool included."""
    # bool is an int in Python, and True would be organization 1.
    if type(value) is not int or not 0 <= value <= MAX_ID:
        raise BadClaims("claim:org")
    return value


@read_organization_id.weakened("organization-coerced", title="An organization in text is converted")
def _(value: object) -> int:
    return _coerce("org", value)


@read_organization_id.weakened("boolean-organization-accepted", title="True is organization 1")
def _(value: object) -> int:
    return int(value) if isinstance(value, bool) else read_organization_id.sound(value)


@defence(
    "agent-token.subject",
    title="`sub` is a user's id in ASCII digits",
    cwe=843,
    source="RFC 7519 section 4.1.2",
)
def read_user_id(value: object) -> int:
    """The id that the claim says. Raises BadClaims for a number, a sign, or other digits."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        raise BadClaims("claim:sub")
    if len(value) > _DIGITS or int(value) > MAX_ID:
        raise BadClaims("claim:sub")
    return int(value)


@read_user_id.weakened("subject-coerced", title="Whatever converts to a number is a user")
def _(value: object) -> int:
    return _coerce("sub", value)


@defence(
    "agent-token.scopes",
    title="`scopes` is a list of strings",
    cwe=843,
    source="RFC 7519 section 4",
)
def read_scopes(value: object) -> Iterable[str]:
    """The scopes that the claim says. Raises BadClaims for any other type."""
    if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
        raise BadClaims("claim:scopes")
    return value


@read_scopes.weakened("scopes-coerced", title="A mapping or a text of scopes is converted")
def _(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        return [str(scope) for scope in value]
    return value.split() if isinstance(value, str) else read_scopes.sound(value)


@defence(
    "agent-token.session",
    title="`sid` is a session id of 1 to 128 characters",
    cwe=843,
    source="RFC 7519 section 4",
)
def read_session_id(value: object) -> str:
    """The session that the claim says. Raises BadClaims for any other type or length."""
    if not isinstance(value, str) or not 1 <= len(value) <= dialect.SESSION_ID_LENGTH:
        raise BadClaims("claim:sid")
    return value


@read_session_id.weakened("session-coerced", title="Any value is somebody's session")
def _(value: object) -> str:
    return str(value)


@defence(
    "agent-token.expiry",
    title="From `exp` on a token is expired, with no leeway",
    cwe=613,
    source="RFC 7519 section 4.1.4",
)
def check_expiry(claims: Claims, now: float) -> None:
    """Raises NotInTime from the expiry on. `now` is in seconds since the epoch."""
    if now >= claims.expires_at:
        raise NotInTime("expired", claims)


@check_expiry.weakened("expiry-not-checked", title="An expired token is still served")
def _(claims: Claims, now: float) -> None:
    return None


@check_expiry.weakened("expiry-leeway", title="A token lives a minute longer than it says")
def _(claims: Claims, now: float) -> None:
    check_expiry.sound(claims, now - 60)


@defence(
    "agent-token.issued",
    title="A token is not used before it was issued",
    cwe=613,
    source="RFC 7519 section 4.1.6",
)
def check_issued(claims: Claims, now: float) -> None:
    """Raises NotInTime before `iat`. `now` is in seconds since the epoch."""
    if claims.issued_at > now:
        raise NotInTime("not-yet-valid")


@check_issued.weakened("future-token-accepted", title="A token from the future is served")
def _(claims: Claims, now: float) -> None:
    return None


@check_lifetime.weakened("backward-lifetime-accepted", title="A token may expire before its issue")
def _(issued_at: int, expires_at: int) -> None:
    return None


def _coerce(name: str, value: object) -> int:
    try:
        return int(str(value)) if not isinstance(value, bool) else int(value)
    except ValueError:
        raise BadClaims(f"claim:{name}") from None
