"""Signing in and out: what the pages and `POST /api/0/auth/` share."""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.http import dump_cookie

from harness.sentry.credentials.session import (
    COOKIE,
    CSRF_COOKIE,
    csrf_token,
    max_age,
    start_session,
)
from harness.sentry.services import Services


def sign_in(services: Services, user_id: int, *, secure: bool) -> list[str]:
    """Starts a session; returns the Set-Cookie values that hand it to the browser."""
    key = start_session(services, user_id)
    lifetime = max_age(services.settings.session_lifetime)
    return [
        session_cookie(key, lifetime, secure=secure),
        csrf_cookie(csrf_token(key), lifetime, secure=secure),
    ]


def signed_out(*, secure: bool) -> list[str]:
    """The Set-Cookie values that take a session away from the browser."""
    return [session_cookie("", 0, secure=secure), csrf_cookie("", 0, secure=secure)]


def session_cookie(key: str, lifetime: int, *, secure: bool) -> str:
    """No script reads it, and no cross-site post carries it."""
    return _cookie(COOKIE, key, lifetime, secure=secure, httponly=True)


def csrf_cookie(value: str, lifetime: int, *, secure: bool) -> str:
    """Our own pages read it and send it back in a header."""
    return _cookie(CSRF_COOKIE, value, lifetime, secure=secure, httponly=False)


def _cookie(name: str, value: str, lifetime: int, *, secure: bool, httponly: bool) -> str:
    return dump_cookie(
        name,
        value,
        max_age=lifetime,
        secure=secure,
        httponly=httponly,
        samesite="Lax",
        # A date would be the system's, which is not the one clock.
        sync_expires=False,
    )


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a path of this host, or the start page.

    What a browser might read as another host (`//host`, a backslash, a scheme,
    control characters) is not followed.
    """
    fallback = "/"
    if not target or not target.startswith("/") or target.startswith("//"):
        return fallback
    if "\\" in target or not target.isprintable() or not target.isascii():
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc else target
