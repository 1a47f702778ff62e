"""The pages to sign in and out, and where one lands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from flask import Blueprint, Request, Response, redirect, request
from sqlalchemy import bindparam, select
from werkzeug.wrappers import Response as WerkzeugResponse

from harness.sentry.credentials import session
from harness.sentry.errors import Denied
from harness.sentry.pages.rendering import find_visitor, show
from harness.sentry.passwords import check_password
from harness.sentry.schema import member, organization
from harness.sentry.services import Services
from harness.sentry.signin import csrf_cookie, safe_next, sign_in, signed_out

#: Beside it stand the templates and what they need.
ROOT: Final = Path(__file__).resolve().parents[1]

_TOKEN = re.compile(r"[0-9a-f]{64}")

_OWN = (
    select(organization.c.slug, organization.c.name)
    .select_from(organization.join(member, member.c.organization_id == organization.c.id))
    .where(member.c.user_id == bindparam("user_id"))
    .order_by(organization.c.slug)
)


def add(pages: Blueprint, services: Services) -> None:
    """Adds the pages of this module."""

    @pages.get("/")
    def home() -> Response:
        visitor = find_visitor(request, services)
        organizations = services.store.all(_OWN, user_id=visitor.caller.user_id) if visitor else ()
        return show("home.html", visitor=visitor, organizations=organizations)

    @pages.get("/auth/login/")
    def show_login() -> Response:
        return _login_form(services, request)

    @pages.post("/auth/login/")
    def log_in() -> Response | WerkzeugResponse:
        _check_form(request)
        username = request.form.get("username", "")
        user_id = check_password(services.store, username, request.form.get("password", ""))
        if user_id is None:
            return _login_form(services, request, wrong=True)
        answer = redirect(safe_next(request.form.get("next")), 302)
        answer.headers["Cache-Control"] = "no-store"
        for cookie in sign_in(services, user_id, secure=request.is_secure):
            answer.headers.add("Set-Cookie", cookie)
        return answer

    @pages.post("/auth/logout/")
    def log_out() -> WerkzeugResponse:
        if session.read_session(request, services) is not None:
            key = request.cookies[session.COOKIE]
            session.check_csrf(request, session.csrf_token(key))
            session.end_session(services, key)
        answer = redirect("/auth/login/", 302)
        answer.headers["Cache-Control"] = "no-store"
        for cookie in signed_out(secure=request.is_secure):
            answer.headers.add("Set-Cookie", cookie)
        return answer

    @pages.errorhandler(Denied)
    def denied(error: Denied) -> Response:
        return show("denied.html", error.status, detail=error.body["detail"])


def _login_form(services: Services, request: Request, *, wrong: bool = False) -> Response:
    # There is no session to bind it to yet: the form must bring what this cookie holds.
    held = request.cookies.get(session.CSRF_COOKIE, "")
    token = held if _TOKEN.fullmatch(held) else services.randomness.hex(32)
    target = safe_next(request.values.get("next"))
    page = show(
        "login.html",
        403 if wrong else 200,
        csrf=token,
        target=target,
        wrong=wrong,
    )
    lifetime = session.max_age(services.settings.session_lifetime)
    page.headers.add("Set-Cookie", csrf_cookie(token, lifetime, secure=request.is_secure))
    return page


def _check_form(request: Request) -> None:
    """The sign-in form must come from our page: nobody is signed in as somebody else unseen."""
    held = request.cookies.get(session.CSRF_COOKIE, "")
    if not _TOKEN.fullmatch(held):
        raise Denied("CSRF Failed: CSRF cookie not set.", rule="csrf")
    session.check_csrf(request, held)
