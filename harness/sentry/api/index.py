"""The API's root, who is calling, and signing in by the API."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from harness.sentry import signin
from harness.sentry.api.users import show_user
from harness.sentry.body import Body, Plain, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.credentials import session
from harness.sentry.errors import Denied, NotFound, Unauthenticated
from harness.sentry.passwords import check_password, describe_failure
from harness.sentry.principal import Credential
from harness.sentry.schema import user


@operation("GET", "/")
def read_index(call: Call) -> dict[str, Any]:
    """{"version", "auth": {"scopes"} or null, "user": … or null}."""
    caller = call.caller
    held = None if caller.scopes is None else {"scopes": sorted(caller.scopes)}
    return {"version": "0", "auth": held, "user": _show_caller(call)}


@operation("GET", "/auth/")
def read_auth(call: Call) -> dict[str, Any]:
    """The user behind the credential. Raises Unauthenticated where there is none."""
    shown = _show_caller(call)
    if shown is None:
        raise Unauthenticated(rule="authentication")
    return shown


@operation("POST", "/auth/")
def sign_in(call: Call) -> Reply:
    """Starts a session from Basic credentials: the user, and the session's cookies.

    Raises Unauthenticated: which of name and password was wrong is not told.
    """
    # Werkzeug fails on a header that is not ASCII.
    shown = call.request.headers.get("Authorization", "")
    given = call.request.authorization if shown.isascii() else None
    username, password = (given.username, given.password) if given else (None, None)
    if username is None or password is None:
        raise Unauthenticated(rule="authentication")
    services = call.services
    user_id = check_password(services.store, username, password)
    if user_id is None:
        raise Unauthenticated(describe_failure(services.store, username), rule="password")
    call.decision.user_id = user_id
    call.decision.rule = "password"
    cookies = signin.sign_in(services, user_id, secure=call.request.is_secure)
    return Reply(_read_user(call, user_id), cookies=cookies)


class PasswordBody(Body):
    """The password, typed again."""

    password: Plain


@operation("PUT", "/auth/")
def confirm_password(call: Call) -> Reply:
    """Renews the session's sudo: the user. Raises Denied for a wrong password."""
    caller = call.caller
    if caller.credential is not Credential.SESSION or caller.email is None:
        raise Unauthenticated(rule="authentication")
    body = read_body(call, PasswordBody)
    if check_password(call.services.store, caller.email, body.password) != caller.user_id:
        raise Denied("Invalid password.", rule="password")
    session.renew_sudo(call.services, call.request.cookies[session.COOKIE])
    call.decision.rule = "password"
    return Reply(_show_caller(call))


@operation("DELETE", "/auth/")
def sign_out(call: Call) -> Reply:
    """Ends the session, if there is one: 204."""
    if call.caller.credential is Credential.SESSION:
        session.end_session(call.services, call.request.cookies[session.COOKIE])
    elif call.caller.credential is not Credential.NONE:
        raise Denied(rule="account-level")
    return Reply(status=204, cookies=signin.signed_out(secure=call.request.is_secure))


def _show_caller(call: Call) -> dict[str, Any] | None:
    user_id = call.caller.user_id
    return None if user_id is None else _read_user(call, user_id)


def _read_user(call: Call, user_id: int) -> dict[str, Any]:
    row = call.services.store.one(select(user).where(user.c.id == user_id))
    if row is None:
        raise NotFound()
    return show_user(row)
