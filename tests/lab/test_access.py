"""Only whoever has the token of the run is let in, and no other page drives the lab."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from harness.lab.launch import Lab
from tests.lab.visitor import Visitor

API = ["/", "/api/events", "/api/verbs", "/api/scenario.yaml", "/api/attacks", "/static/main.js"]


@pytest.fixture
def stranger(lab: Lab) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=lab.root, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("path", API)
def test_without_the_cookie_nothing_is_shown(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "seer-harness demo" in answer.json()["reasons"][0]


def test_the_address_lets_in_and_leaves_no_token_behind(lab: Lab, stranger: httpx.Client) -> None:
    answer = stranger.get(lab.url)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert lab.url.partition("token=")[2] not in cookie
    page = stranger.get("/")
    assert page.status_code == 200
    assert "The lab" in page.text
    assert lab.url.partition("token=")[2] not in page.text


@pytest.mark.parametrize("token", ["", "x", "é", "0" * 43])
def test_another_token_lets_nobody_in(stranger: httpx.Client, token: str) -> None:
    answer = stranger.get("/", params={"token": token})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("host", ["rebound.test", "127.0.0.1.rebound.test", "rebound.test:80", ""])
def test_a_name_that_was_rebound_is_refused(visitor: Visitor, host: str) -> None:
    assert visitor.client.get("/", headers={"Host": host}).status_code == 403
    assert visitor.post("/api/tour/forward", Host=host).status_code == 403


def test_localhost_is_a_name_of_this_machine(lab: Lab, visitor: Visitor) -> None:
    port = lab.root.rpartition(":")[2]
    assert visitor.client.get("/", headers={"Host": f"localhost:{port}"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["", "null", "http://127.0.0.1:1", "http://evil.test", "https://127.0.0.1.evil.test"]
)
def test_another_page_cannot_drive_it(visitor: Visitor, origin: str) -> None:
    before = visitor.state()["position"]
    assert visitor.post("/api/tour/forward", Origin=origin).status_code == 403
    assert visitor.state()["position"] == before


def test_a_form_cannot_drive_it(visitor: Visitor) -> None:
    headers = {"Origin": visitor.lab.root}
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        sent = {**headers, "Content-Type": kind}
        assert (
            visitor.client.post("/api/tour/forward", content="{}", headers=sent).status_code == 403
        )


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_another_page_reads_nothing(visitor: Visitor, site: str) -> None:
    for path in API[1:]:
        answer = visitor.client.get(path, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403, path


def test_every_answer_forbids_what_the_page_does_not_need(visitor: Visitor) -> None:
    for path in ("/", "/static/main.js", "/api/verbs", "/nowhere"):
        headers = visitor.client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in headers


def test_the_page_has_no_script_of_its_own(visitor: Visitor) -> None:
    page = visitor.client.get("/").text
    assert page.count("<script") == 1
    assert 'src="/static/main.js"' in page
    assert "style=" not in page
    assert "onclick=" not in page


@pytest.mark.parametrize("name", ["..%2fapplication.py", "../application.py", "nothing.js"])
def test_nothing_else_is_served(visitor: Visitor, name: str) -> None:
    assert visitor.client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/step", {}),
        ("/api/step", {"actor": 1, "verb": "calls"}),
        ("/api/step", {"actor": "agent", "verb": "calls", "arguments": []}),
        ("/api/step", []),
        ("/api/attack", {"attack": "x", "more": 1}),
        ("/api/proof", {"attacks": "all"}),
        ("/api/opened", {"text": None}),
    ],
)
def test_a_body_that_does_not_fit_is_refused_in_words(
    visitor: Visitor, path: str, body: object
) -> None:
    answer = visitor.post(path, body)
    assert answer.status_code == 400
    assert answer.json()["reasons"]
