"""Signing in and out, cookies, CSRF and sudo."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.sentry.callers import Answer, Headers, Sentry, assert_unauthenticated, cookies

LOGIN, LOGOUT = "/auth/login/", "/auth/logout/"
FORTNIGHT = 14 * 24 * 3600


def open_login(sentry: Sentry) -> tuple[Headers, str]:
    """The login page's cookie, and the CSRF token of its form."""
    page = sentry.send("GET", LOGIN)
    token = field(page, "csrfmiddlewaretoken")
    assert cookies(page)["sc"] == token
    return {"Cookie": f"sc={token}"}, token


def field(page: Answer, name: str) -> str:
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page.text)
    assert tag, page.text
    value = re.search(r'value="([^"]*)"', tag[0])
    return html.unescape(value[1]) if value else ""


def sign_in(sentry: Sentry, name: str = "olivia", **form: str) -> Answer:
    cookie, token = open_login(sentry)
    filled = {
        "username": f"{name}@example.com",
        "password": sentry.password(name),
        "csrfmiddlewaretoken": token,
    }
    return sentry.send("POST", LOGIN, cookie, data=filled | form)


def basic(name: str, password: str) -> Headers:
    text = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def jar(answer: Answer) -> dict[str, Any]:
    """{name: its attributes} of the cookies that an answer sets."""
    found = {}
    for line in answer.headers.getlist("Set-Cookie"):
        for name, morsel in SimpleCookie(line).items():
            found[name] = {key: value for key, value in morsel.items() if value} | {
                "value": morsel.value
            }
    return found


def is_signed_in(sentry: Sentry, credential: Headers) -> bool:
    return sentry.api("GET", "/auth/", credential).status_code == 200


# The pages


def test_the_login_page(sentry: Sentry) -> None:
    page = sentry.send("GET", LOGIN)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    for name in ("username", "password", "csrfmiddlewaretoken", "next"):
        field(page, name)
    assert 'method="post"' in page.text.lower()
    assert set(jar(page)) == {"sc"}


def test_signing_in(sentry: Sentry) -> None:
    answer = sign_in(sentry)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert answer.headers["Cache-Control"] == "no-store"
    session = {"Cookie": f"sentrysid={cookies(answer)['sentrysid']}"}
    assert sentry.api("GET", "/auth/", session).json["email"] == "olivia@example.com"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("way", ["page", "api"])
def test_the_cookies(sentry: Sentry, scheme: str, way: str) -> None:
    if way == "api":
        shown = basic("olivia@example.com", sentry.password("olivia"))
        answer = sentry.api("POST", "/auth/", shown, base_url=f"{scheme}://localhost")
    else:
        cookie, token = open_login(sentry)
        form = {"username": "olivia@example.com", "password": sentry.password("olivia")}
        form["csrfmiddlewaretoken"] = token
        answer = sentry.send("POST", LOGIN, cookie, data=form, base_url=f"{scheme}://localhost")
    found = jar(answer)
    assert set(found) == {"sentrysid", "sc"}
    common: dict[str, Any] = {"path": "/", "samesite": "Lax", "max-age": str(FORTNIGHT)}
    common |= {"secure": True} if scheme == "https" else {}
    key, csrf = found["sentrysid"].pop("value"), found["sc"].pop("value")
    # No script reads the session; our pages' scripts read the other, to send it back.
    assert found["sentrysid"] == common | {"httponly": True}
    assert found["sc"] == common
    # 32 random bytes.
    assert len(key) == 43
    assert not any(key[at : at + 6] in csrf for at in range(len(key) - 5))


def test_the_session_is_stored_hashed(sentry: Sentry) -> None:
    key = cookies(sign_in(sentry))["sentrysid"]
    stored = str(sentry.stored())
    assert key not in stored
    assert hashlib.sha256(key.encode()).hexdigest() in stored


def test_the_password_is_stored_hashed(sentry: Sentry) -> None:
    stored = str(sentry.stored()["auth_user"])
    for user in sentry.world["users"]:
        if user["password"]:
            assert user["password"] not in stored
    hashes = re.findall(r"scrypt:\d+:\d+:\d+\$(\w+)\$", stored)
    assert len(set(hashes)) == len(hashes) == 8


def test_every_session_is_another(sentry: Sentry) -> None:
    first, second = sentry.session("olivia"), sentry.session("olivia")
    assert first["Cookie"] != second["Cookie"]
    assert first["X-CSRFToken"] != second["X-CSRFToken"]


def test_a_cookie_planted_before_signing_in_is_worth_nothing(sentry: Sentry) -> None:
    """No session fixation: the key is always a new one."""
    cookie, token = open_login(sentry)
    planted = "sentrysid=" + "a" * 43
    form = {"username": "olivia@example.com", "password": sentry.password("olivia")}
    headers = {"Cookie": f"{planted}; {cookie['Cookie']}"}
    answer = sentry.send("POST", LOGIN, headers, data=form | {"csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    assert cookies(answer)["sentrysid"] != "a" * 43
    assert not is_signed_in(sentry, {"Cookie": planted})


@pytest.mark.parametrize(
    ("seconds", "live"), [(FORTNIGHT - 1, True), (FORTNIGHT, False), (FORTNIGHT + 1, False)]
)
def test_a_session_expires(sentry: Sentry, seconds: int, live: bool) -> None:
    session = sentry.session("olivia")
    sentry.advance(seconds)
    assert is_signed_in(sentry, session) is live


def test_two_seeded_runs_sign_in_alike(make_sentry: Any) -> None:
    first, second = (sign_in(make_sentry()) for _ in range(2))
    assert first.headers.to_wsgi_list() == second.headers.to_wsgi_list()


# Who may not


def outcome(answer: Answer, *varying: str) -> tuple[int, str, list[str]]:
    """What an answer tells, without what is new each time."""
    text = re.sub(r"[0-9a-f]{64}", "·", answer.text)
    for each in varying:
        text = text.replace(each, "·")
    return answer.status_code, text, sorted(answer.headers.keys())


WRONG = {
    "wrong password": ("olivia@example.com", "wrong"),
    "unknown user": ("nobody@example.com", "wrong"),
    "no password was set": ("nora@example.com", ""),
    "inactive user": ("ada@example.com", None),
    "an integration": ("deploy-bot.acme@integrations.example.com", ""),
    "nothing": ("", ""),
    "another's password": ("mia@example.com", "olivia's"),
    "NUL": ("olivia@example.com\0", "\0"),
    "strange": ("\U0001f984' OR 1=1 --", "\u202e%s{}"),
    "long": ("o" * 10_000, "p" * 10_000),
}


@pytest.mark.parametrize("way", ["page", "api"])
def test_what_was_wrong_is_not_told(sentry: Sentry, way: str) -> None:
    sentry.set_active("ada", False)
    answers = set()
    for name, (username, password) in WRONG.items():
        if name == "inactive user":
            password = sentry.password("ada")
        elif name == "another's password":
            password = sentry.password("olivia")
        if way == "page":
            answer = sign_in(sentry, username=username, password=password or "")
            assert answer.status_code == 403
            assert set(cookies(answer)) <= {"sc"}
        else:
            answer = sentry.api("POST", "/auth/", basic(username, password or ""))
            assert_unauthenticated(answer, "Invalid username/password.")
            assert cookies(answer) == {}
        shown = outcome(answer, html.escape(username)) if username else outcome(answer)
        answers.add(str(shown))
    assert len(answers) == 1


def test_an_email_in_capitals_is_the_same(sentry: Sentry) -> None:
    assert sign_in(sentry, username=" Olivia@Example.COM ").status_code == 302


def test_a_password_is_exact(sentry: Sentry) -> None:
    password = sentry.password("olivia")
    for near in (password + " ", " " + password, password.swapcase(), password[:-1]):
        assert sign_in(sentry, password=near).status_code == 403


@pytest.mark.parametrize(
    ("cookie", "token"),
    [("same", None), ("same", ""), ("same", "0" * 64), (None, "same"), ("0" * 64, "same")],
)
def test_login_wants_the_forms_token(sentry: Sentry, cookie: str | None, token: str | None) -> None:
    """Nobody is signed in as somebody else unseen."""
    held, same = open_login(sentry)
    headers = held if cookie == "same" else {"Cookie": f"sc={cookie}"} if cookie else {}
    form = {"username": "olivia@example.com", "password": sentry.password("olivia")}
    if token is not None:
        form["csrfmiddlewaretoken"] = same if token == "same" else token
    answer = sentry.send("POST", LOGIN, headers, data=form)
    assert answer.status_code == 403
    assert "CSRF Failed" in answer.text
    assert "sentrysid" not in cookies(answer)


def test_login_from_another_origin(sentry: Sentry) -> None:
    cookie, token = open_login(sentry)
    form = {"username": "olivia@example.com", "password": sentry.password("olivia")}
    form["csrfmiddlewaretoken"] = token
    for origin, status in (("http://evil.test", 403), ("null", 403), ("http://localhost", 302)):
        answer = sentry.send("POST", LOGIN, cookie | {"Origin": origin}, data=form)
        assert answer.status_code == status


# Where one lands

SAFE = [
    *("/", "/organizations/acme/", "/approve/?session=s1&scopes=org%3Awrite#x", "/a/../b", "/-"),
    "/?next=//evil.test",
]
UNSAFE = [
    *("", "//evil.test", "///evil.test", "http://evil.test", "https:evil.test", "https:/evil.test"),
    *("\\\\evil.test", "/\\evil.test", "/\\/evil.test", "\t//evil.test", "/\t/evil.test"),
    *("/\n/evil.test", "/\r\nSet-Cookie: a=b", " //evil.test", "evil.test", "./x", "?x", "#x"),
    *("javascript:alert(1)", "data:text/html,x", "/\0", "/\u2028/evil.test", "/\u3000/x"),
    *("//localhost/", "http://localhost/", "//evil.test\\@localhost/", "/\u00e9", "\ufeff//e.test"),
]


@pytest.mark.parametrize("target", SAFE + UNSAFE)
def test_next(sentry: Sentry, target: str) -> None:
    """A path of this host, or the start page: nothing that a browser reads as another host."""
    answer = sign_in(sentry, next=target)
    assert answer.status_code == 302
    assert answer.headers["Location"] == (target if target in SAFE else "/")
    page = sentry.send("GET", LOGIN, query_string={"next": target})
    assert field(page, "next") == (target if target in SAFE else "/")


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "'onfocus='x", '" x="', "<b>"])
def test_the_page_escapes_what_it_shows(sentry: Sentry, text: str) -> None:
    page = sign_in(sentry, username=text, password="x", next=f"/{text}")
    assert page.status_code == 403
    assert text not in page.text
    assert field(page, "next") == f"/{text}"


# Signing out


def test_signing_out(sentry: Sentry) -> None:
    session, other = sentry.session("olivia"), sentry.session("olivia")
    answer = sentry.send("POST", LOGOUT, session)
    assert (answer.status_code, answer.headers["Location"]) == (302, LOGIN)
    assert {name: (each["value"], each["max-age"]) for name, each in jar(answer).items()} == {
        "sentrysid": ("", "0"),
        "sc": ("", "0"),
    }
    assert not is_signed_in(sentry, session)
    assert is_signed_in(sentry, other)


def test_signing_out_wants_csrf(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    token = session.pop("X-CSRFToken")
    for form in ({}, {"csrfmiddlewaretoken": "0" * 64}):
        assert sentry.send("POST", LOGOUT, session, data=form).status_code == 403
        assert is_signed_in(sentry, session)
    assert sentry.send("GET", LOGOUT, session).status_code == 405
    answer = sentry.send("POST", LOGOUT, session, data={"csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    assert not is_signed_in(sentry, session)


def test_signing_out_with_no_session(sentry: Sentry) -> None:
    assert sentry.send("POST", LOGOUT).status_code == 302


# By the API


def test_basic_signs_in(sentry: Sentry) -> None:
    answer = sentry.api("POST", "/auth/", basic("olivia@example.com", sentry.password("olivia")))
    assert answer.status_code == 200
    assert answer.json["email"] == "olivia@example.com"
    held = cookies(answer)
    session = {"Cookie": f"sentrysid={held['sentrysid']}", "X-CSRFToken": held["sc"]}
    changed = sentry.api("PUT", "/organizations/acme/", session, {"name": "Two"})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        *("Basic", "Basic ", "Basic x", "Basic \xe9", "Basic b2xpdmlh", "Basic Og==", "basic =="),
        *("Basic gICAgA==", "Bearer x", "Bearer sntryag_x", "", "Digest x", "Negotiate x"),
    ],
)
def test_what_signs_nobody_in(sentry: Sentry, value: str) -> None:
    before = sentry.stored()
    answer = sentry.api("POST", "/auth/", {"Authorization": value})
    assert_unauthenticated(answer)
    assert cookies(answer) == {}
    assert sentry.stored() == before


def test_no_token_becomes_a_session(sentry: Sentry) -> None:
    before = sentry.stored()
    for token in (sentry.user("olivia"), sentry.agent(), sentry.integration(), {}):
        assert_unauthenticated(sentry.api("POST", "/auth/", token))
    assert sentry.stored() == before


def test_basic_opens_nothing_else(sentry: Sentry) -> None:
    shown = basic("olivia@example.com", sentry.password("olivia"))
    for method, path in (("GET", "/auth/"), ("PUT", "/auth/"), ("GET", "/organizations/acme/")):
        assert_unauthenticated(sentry.api(method, path, shown))


def test_the_api_signs_out(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    bare = {"Cookie": session["Cookie"]}
    assert sentry.api("DELETE", "/auth/", bare).status_code == 403
    assert is_signed_in(sentry, session)
    answer = sentry.api("DELETE", "/auth/", session)
    assert (answer.status_code, answer.data) == (204, b"")
    assert not is_signed_in(sentry, session)
