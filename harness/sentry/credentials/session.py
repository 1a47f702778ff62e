"""Sessions: the cookie that signing in sets, its CSRF token, and its sudo.

The cookie is a random key; the database holds its SHA-256. The CSRF token is a
keyed hash of that key: bound to the session, and of no use to find the key.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any

from flask import Request
from sqlalchemy import Row, bindparam, delete, select, update

from harness.defence import defence
from harness.sentry.credentials.stored_token import digest
from harness.sentry.errors import Denied
from harness.sentry.principal import Caller, Credential
from harness.sentry.schema import session, user
from harness.sentry.services import Services

COOKIE = "sentrysid"
CSRF_COOKIE = "sc"
CSRF_FIELD = "csrfmiddlewaretoken"
CSRF_HEADER = "X-CSRFToken"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_find = (
    select(session.c.expires_at, session.c.sudo_until, user.c.id, user.c.email, user.c.is_active)
    .select_from(session.join(user, user.c.id == session.c.user_id))
    .where(session.c.hashed_key == bindparam("hashed_key"))
)
_of_key = session.c.hashed_key == bindparam("key")


def authenticate(request: Request, services: Services) -> Caller | None:
    """The user whose session the request's cookie is; None where it is no live session.

    Raises Denied when the method writes and no valid CSRF token came along.
    """
    caller = read_session(request, services)
    if caller is not None and request.method not in _SAFE:
        check_csrf(request, csrf_token(request.cookies[COOKIE]))
    return caller


def read_session(request: Request, services: Services) -> Caller | None:
    """As `authenticate`, with no CSRF check: for reading pages."""
    key = request.cookies.get(COOKIE)
    if not key:
        return None
    row = services.store.one(_find, hashed_key=digest(key))
    if row is None or not is_live(row.expires_at, services.clock.now()):
        return None
    if not belongs_to_active(row):
        return None
    return Caller(Credential.SESSION, user_id=row.id, email=row.email, sudo_until=row.sudo_until)


def start_session(services: Services, user_id: int) -> str:
    """Signs a user in: returns the new cookie's value. The password was just typed: sudo."""
    key = services.randomness.urlsafe(32)
    now = services.clock.now()
    with services.store.transaction() as connection:
        connection.execute(
            session.insert().values(
                hashed_key=digest(key),
                user_id=user_id,
                date_added=now,
                expires_at=now + services.settings.session_lifetime,
                sudo_until=now + services.settings.sudo_lifetime,
            )
        )
    return key


def renew_sudo(services: Services, key: str) -> None:
    """The user of session `key` just typed the password again."""
    until = services.clock.now() + services.settings.sudo_lifetime
    with services.store.transaction() as connection:
        connection.execute(
            update(session).where(_of_key).values(sudo_until=until), {"key": digest(key)}
        )


@defence(
    "session.expiry",
    title="A session ends by itself",
    cwe=613,
    source="OWASP Session Management",
)
def is_live(expires_at: datetime, now: datetime) -> bool:
    """Whether a session that ends at `expires_at` still opens anything."""
    return now < expires_at


@is_live.weakened("session-never-expires", title="A session cookie is good for ever")
def _(expires_at: datetime, now: datetime) -> bool:
    return True


@defence(
    "session.active-user",
    title="The user of a session is active on each use",
    cwe=613,
    source="OWASP Session Management",
)
def belongs_to_active(row: Row[Any]) -> bool:
    """Whether the session's user may still sign in."""
    return bool(row.is_active)


@belongs_to_active.weakened("inactive-user-session-served", title="Sessions outlive their account")
def _(row: Row[Any]) -> bool:
    return True


@defence(
    "session.end",
    title="Signing out ends the session in the server",
    cwe=613,
    source="OWASP Session Management",
)
def end_session(services: Services, key: str) -> None:
    """Signs out: the cookie `key` opens nothing any more."""
    with services.store.transaction() as connection:
        connection.execute(delete(session).where(_of_key), {"key": digest(key)})


@end_session.weakened("logout-keeps-session", title="Signing out only forgets the cookie")
def _(services: Services, key: str) -> None:
    return None


def csrf_token(key: str) -> str:
    """The CSRF token of the session whose cookie is `key`."""
    return hmac.digest(key.encode(), b"csrf", "sha256").hex()


@defence(
    "session.csrf",
    title="A session's write brings the CSRF token of that session, from our own page",
    cwe=352,
    source="getsentry/sentry#118539",
)
def check_csrf(request: Request, expected: str) -> None:
    """The request must bring `expected` in the header or the form, and come from our pages.

    Raises Denied.
    """
    _check_origin(request)
    _check_token(request, expected)


def _check_origin(request: Request) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise Denied("CSRF Failed: Origin checking failed.", rule="csrf")


def _check_token(request: Request, expected: str) -> None:
    came = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD)
    if not came:
        raise Denied("CSRF Failed: CSRF token missing.", rule="csrf")
    if not hmac.compare_digest(came.encode(errors="replace"), expected.encode()):
        raise Denied("CSRF Failed: CSRF token incorrect.", rule="csrf")


@check_csrf.weakened("csrf-not-checked", title="Any page can make a signed-in browser write")
def _(request: Request, expected: str) -> None:
    return None


@check_csrf.weakened("any-csrf-token-accepted", title="The CSRF token of any session will do")
def _(request: Request, expected: str) -> None:
    _check_origin(request)
    if not (request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD)):
        check_csrf.sound(request, expected)


@check_csrf.weakened("origin-not-checked", title="A CSRF token will do from any page")
def _(request: Request, expected: str) -> None:
    _check_token(request, expected)


def is_sudo(caller: Caller, now: datetime) -> bool:
    """Whether the caller is a session whose password was typed not long ago."""
    return caller.sudo_until is not None and now < caller.sudo_until


def max_age(lifetime: timedelta) -> int:
    """A lifetime in whole seconds, as a cookie's Max-Age has it."""
    return int(lifetime.total_seconds())
