"""The pages: sign in, sign out, and where one lands."""

from __future__ import annotations

import re

from flask import Blueprint, Request, Response, redirect, render_template, request

from harness.sentry.credentials import session
from harness.sentry.errors import Denied
from harness.sentry.passwords import check_password
from harness.sentry.services import Services
from harness.sentry.signin import csrf_cookie, safe_next, sign_in, signed_out

_TOKEN = re.compile(r"[0-9a-f]{64}")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def make_pages(services: Services) -> Blueprint:
    """The blueprint of the pages of one application."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def home() -> Response:
        caller = session.read_session(request, services)
        token = session.csrf_token(request.cookies[session.COOKIE]) if caller else None
        return _page("home.html", caller=caller, csrf=token)

    @pages.get("/auth/login/")
    def show_login() -> Response:
        return _login_form(services, request)

    @pages.post("/auth/login/")
    def log_in() -> Response:
        _check_form(request)
        username = request.form.get("username", "")
        user_id = check_password(services.store, username, request.form.get("password", ""))
        if user_id is None:
            return _login_form(services, request, wrong=True)
        answer = redirect(safe_next(request.form.get("next")), 302)
        answer.headers["Cache-Control"] = "no-store"
        for cookie in sign_in(services, user_id, secure=request.is_secure):
            answer.headers.add("Set-Cookie", cookie)
        return answer  # type: ignore[return-value]

    @pages.post("/auth/logout/")
    def log_out() -> Response:
        if session.read_session(request, services) is not None:
            key = request.cookies[session.COOKIE]
            session.check_csrf(request, session.csrf_token(key))
            session.end_session(services, key)
        answer = redirect("/auth/login/", 302)
        answer.headers["Cache-Control"] = "no-store"
        for cookie in signed_out(secure=request.is_secure):
            answer.headers.add("Set-Cookie", cookie)
        return answer  # type: ignore[return-value]

    @pages.errorhandler(Denied)
    def denied(error: Denied) -> Response:
        return _page("denied.html", error.status, detail=error.body["detail"])

    return pages


def _login_form(services: Services, request: Request, *, wrong: bool = False) -> Response:
    # There is no session to bind it to yet: the form must bring what this cookie holds.
    held = request.cookies.get(session.CSRF_COOKIE, "")
    token = held if _TOKEN.fullmatch(held) else services.randomness.hex(32)
    target = safe_next(request.values.get("next"))
    page = _page("login.html", 403 if wrong else 200, csrf=token, target=target, wrong=wrong)
    lifetime = session.max_age(services.settings.session_lifetime)
    page.headers.add("Set-Cookie", csrf_cookie(token, lifetime, secure=request.is_secure))
    return page


def _check_form(request: Request) -> None:
    """The sign-in form must come from our page: nobody is signed in as somebody else unseen."""
    held = request.cookies.get(session.CSRF_COOKIE, "")
    if not _TOKEN.fullmatch(held):
        raise Denied("CSRF Failed: CSRF cookie not set.", rule="csrf")
    session.check_csrf(request, held)


def _page(template: str, status: int = 200, **values: object) -> Response:
    page = Response(render_template(template, **values), status, mimetype="text/html")
    page.headers.update(_HEADERS)
    return page
