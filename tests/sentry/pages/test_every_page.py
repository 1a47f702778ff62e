"""What all pages have in common: headers, escaping, tokens in forms, and no failure inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from tests.sentry.callers import Sentry
from tests.sentry.pages.reader import ACME, APPROVE, EXPLORER, GRANTS, Page, Reader

Draw: TypeAlias = Callable[[Sentry], Page]

MARKUP = "<img src=x onerror=alert(1)>\"'&"
STATIC = ("page.css", "consent.js", "run.js", "icon.svg")


def _decided(decision: str) -> Draw:
    def draw(sentry: Sentry) -> Page:
        olivia = Reader(sentry)
        return olivia.decide(olivia.link(), decision)

    return draw


PAGES: dict[str, Draw] = {
    "home": lambda sentry: Reader(sentry).open("/"),
    "home of nobody": lambda sentry: Reader(sentry, "").open("/"),
    "sign in": lambda sentry: Reader(sentry, "").open("/auth/login/"),
    "ask": lambda sentry: Reader(sentry).link(),
    "nothing to grant": lambda sentry: Reader(sentry, "mia").link(),
    "link not whole": lambda sentry: Reader(sentry).link(scopes="no"),
    "stranger": lambda sentry: Reader(sentry, "gil").link(),
    "approved": _decided("approve"),
    "rejected": _decided("reject"),
    "refused": lambda sentry: Reader(sentry).send(GRANTS, [("session", "s1")]),
    "grants": lambda sentry: Reader(sentry).open(GRANTS),
    "explorer": lambda sentry: Reader(sentry).open(EXPLORER),
    "conversation": lambda sentry: Reader(sentry).ask()[1],
    "no conversation": lambda sentry: Reader(sentry).open(f"{EXPLORER}7/"),
}
every_page = pytest.mark.parametrize("draw", PAGES.values(), ids=list(PAGES))


@every_page
def test_the_headers(sentry: Sentry, draw: Draw) -> None:
    headers = draw(sentry).headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    for kind in ("script-src", "style-src", "connect-src", "form-action", "img-src"):
        assert policy[kind] == "'self'"


@every_page
def test_nothing_of_a_page_is_inline_or_from_elsewhere(sentry: Sentry, draw: Draw) -> None:
    page = draw(sentry)
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert tag != "style"
        assert tag != "script" or attributes.get("src", "")
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#")), attributes


@every_page
def test_every_form_that_posts_has_its_token(sentry: Sentry, draw: Draw) -> None:
    for form in draw(sentry).forms:
        assert form.attributes.get("method") == "post"
        tokens = [value for name, value in form.fields if name == "csrfmiddlewaretoken"]
        assert [len(token) for token in tokens] == [64]


@every_page
def test_a_page_has_a_title_a_language_and_one_heading(sentry: Sentry, draw: Draw) -> None:
    page = draw(sentry)
    assert page.title.endswith("· mock Sentry")
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert ("html", {"lang": "en"}) in page.tags


# Escaping


def _fields(sentry: Sentry) -> Iterator[Page]:
    """Each page with markup wherever somebody else may have written something."""
    olivia = Reader(sentry)
    name = {"name": MARKUP}
    sentry.api("PUT", f"{ACME}/", sentry.user("olivia"), name)
    yield olivia.open("/")
    yield olivia.link(session=MARKUP)
    yield olivia.decide(olivia.link(session=MARKUP))
    yield olivia.link(session=MARKUP)
    yield olivia.open(GRANTS)
    yield olivia.send(GRANTS, olivia.open(GRANTS).forms[-1].fields)
    yield olivia.decide(olivia.link(session=MARKUP), "reject")
    yield olivia.ask(MARKUP)[1]
    yield olivia.open(EXPLORER)
    yield olivia.open("/organizations/%3Cimg%20src=x%20onerror=alert(1)%3E/agent/grants/")


def test_what_others_wrote_is_text(sentry: Sentry) -> None:
    pages = list(_fields(sentry))
    for page in pages:
        assert "img" not in [tag for tag, _ in page.tags], page.source
        assert "<img src=x onerror=alert(1)>" in page.text, page.source


@pytest.mark.parametrize("weakness", ["page-unescaped"])
def test_the_test_would_find_it(make_sentry: Callable[..., Sentry], weakness: str) -> None:
    for page in _fields(make_sentry(weaknesses=[weakness])):
        assert "img" in [tag for tag, _ in page.tags], page.source


# Requests that nobody's browser sends

PATHS = ("/", "/auth/login/", "/auth/logout/", APPROVE, GRANTS, EXPLORER, f"{EXPLORER}1/")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PURGE", "TRACE"])
def test_other_methods(sentry: Sentry, method: str, path: str) -> None:
    answer = Reader(sentry).answer(method, path)
    assert answer.status_code < 500
    if method == "HEAD":
        assert answer.data == b""
    if method not in ("HEAD", "OPTIONS"):
        assert answer.status_code == 405


BROKEN = [b"\xff\xfe", b"%ff%fe", b"%", b"%00", b"%ed%a0%80", b"\xc3(", b"a" * 5000, b"[]{}&;=&&"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("name", ["olivia", ""])
def test_broken_bytes(sentry: Sentry, name: str, broken: bytes, path: str) -> None:
    reader = Reader(sentry, name)
    token = dict(reader.open("/").forms[0].fields)["csrfmiddlewaretoken"] if name else "0"
    names = (b"session", b"scopes", b"scope", b"decision", b"query", b"input", b"next", b"username")
    form = b"&".join(name + b"=" + broken for name in names)
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "text/plain",
        "",
    ):
        body = form + f"&csrfmiddlewaretoken={token}".encode()
        answer = reader.answer("POST", path, data=body, content_type=kind)
        assert answer.status_code < 500, (kind, answer.text)
    query = form.decode("latin-1")
    answer = reader.answer("GET", path, environ_overrides={"QUERY_STRING": query})
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "٣", "%00"])
def test_numbers_of_conversations_that_are_none(sentry: Sentry, number: str) -> None:
    assert Reader(sentry).answer("GET", f"{EXPLORER}{number}/").status_code == 404


# What pages are drawn with


@pytest.mark.parametrize("name", STATIC)
def test_static_files(sentry: Sentry, name: str) -> None:
    answer = sentry.send("GET", f"/static/{name}", buffered=True)
    assert answer.status_code == 200
    kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.mimetype == kind[name.rpartition(".")[2]]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["../signin.py", "%2e%2e/signin.py", "../templates/base.html", ""])
def test_no_other_file(sentry: Sentry, path: str) -> None:
    assert sentry.send("GET", f"/static/{path}").status_code == 404
