"""Signing in and out: what the pages and `POST /api/0/auth/` share."""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.http import dump_cookie

from harness.defence import defence
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


@defence(
    "session.cookie",
    title="No script reads the session's cookie, and no cross-site post carries it",
    cwe=1004,
    source="RFC 6265 section 4.1.2.6",
)
def session_cookie(key: str, lifetime: int, *, secure: bool) -> str:
    """The Set-Cookie value of a session; `lifetime` in seconds, 0 to remove it."""
    return _cookie(COOKIE, key, lifetime, secure=secure, httponly=True)


@session_cookie.weakened("cookie-readable", title="Scripts read the session's cookie")
def _(key: str, lifetime: int, *, secure: bool) -> str:
    return _cookie(COOKIE, key, lifetime, secure=secure, httponly=False)


@session_cookie.weakened("cookie-cross-site", title="Other sites' posts carry the session's cookie")
def _(key: str, lifetime: int, *, secure: bool) -> str:
    # Browsers take `None` only together with `Secure`.
    cookie = session_cookie.sound(key, lifetime, secure=True)
    return cookie.replace("SameSite=Lax", "SameSite=None")


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


@defence(
    "login.next",
    title="Signing in leads to a page of this host",
    cwe=601,
    source="CWE-601",
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


@safe_next.weakened("login-open-redirect", title="Signing in leads wherever the link says")
def _(target: str | None) -> str:
    return target or "/"


@safe_next.weakened("login-lookalike-redirect", title="A path that reads as a host is followed")
def _(target: str | None) -> str:
    return target if target and target.startswith("/") else "/"
