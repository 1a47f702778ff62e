"""Secrets are planted wherever a secret can stand; no artefact, log or error page has one."""

from __future__ import annotations

import base64
import html
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import jwt
import pytest

from harness.deployment import deploy
from harness.report.junit import render_junit
from harness.scenario.loader import load_scenarios
from harness.scenario.play import play
from harness.scenario.result import Result, Run
from harness.scenario.runner import DEFAULT_SEED
from harness.scenario.targets import InProcess, Venue
from harness.wsgi import WsgiTransport
from tests.report.artefacts import readings, render_all
from tests.scenario.theatre import DESCRIPTION, StandIn, described, scenario_of

# Signs that URLs, JSON, HTML and shells each write in their own way.
ODD = "q\"u'o<t&e>/+=%25 \\back é✓"
SHARED = f"shared-secret {ODD}"
CONTROL = "control-token-0123456789abcdef"
PASSWORD = f"password {ODD}"
USER = "sntryu_" + "ab12" * 16
ORGANIZATION = "sntrys_eyJpYXQiOjE3Njg0Nzg0MDB9_" + "b3JnL3Rva2VuK2NhbmFyeQ/+cd34"
INTEGRATION = "sntryi_" + "cd34" * 16
JWT = jwt.encode({"sub": "7", "scopes": ["org:read"]}, "k" * 32, algorithm="HS256")
AGENT = f"sntryag_{JWT}"
SESSION = "session-canary-0123456789"
CSRF = "csrf-canary-0123456789"
SIGNATURE = "5e" * 32
CANARIES = {
    "shared secret": SHARED,
    "control token": CONTROL,
    "password": PASSWORD,
    "user token": USER,
    "organization token": ORGANIZATION,
    "integration token": INTEGRATION,
    "agent token": AGENT,
    "signature of the agent token": JWT.rpartition(".")[2],
    "header and signature alone": JWT.partition(".")[0] + ".." + JWT.rpartition(".")[2],
    "session cookie": SESSION,
    "CSRF token": CSRF,
    "viewer-context signature": SIGNATURE,
    "Basic": base64.b64encode(f"olivia@example.com:{PASSWORD}".encode()).decode(),
}
_PIECE = 14


def find_canaries(text: str, canaries: dict[str, str] = CANARIES) -> list[str]:
    """The names of the canaries that `text` has, or has a good piece of, in any spelling."""
    found = set()
    for reading in readings(text):
        for name, secret in canaries.items():
            if any(piece in reading for piece in (secret, secret[-_PIECE:], secret[:-2][-_PIECE:])):
                found.add(name)
    return sorted(found)


def everywhere(secret: str) -> dict[str, Any]:
    """An answer that says `secret` in every way that a careless server might."""
    quoted = quote(secret, safe="")
    encoded = {
        "basic": base64.b64encode(f"olivia@example.com:{secret}".encode()).decode(),
        "base64": base64.b64encode(secret.encode()).decode(),
    }
    # What is base64 already is not encoded again.
    return ({} if secret == CANARIES["Basic"] else encoded) | {
        "plain": f"error near {secret}: not found",
        "url": f"http://sentry.test/?next={quoted}&token={quoted}#{quoted.lower()}",
        "form": urlencode({"password": secret}),
        "page": f'<input name="x" value="{html.escape(secret)}">',
        "json": json.dumps({"again": secret, "deeper": json.dumps({"token": secret})}),
        "list": [secret, {secret: secret}],
    }


STEPS = f"""\
  - mel signs in: {{by: basic}}
  - olivia signs in:
  - olivia calls: {{get: "/api/0/?token={USER}", using: session}}
  - olivia calls:
      post: /api/0/x/
      using: none
      headers: {{Authorization: "Bearer {AGENT}", X-Viewer-Context-Signature: {SIGNATURE}}}
      json:
        {{password: {json.dumps(PASSWORD)}, deep: [{{token: {AGENT}}}], note: "see {INTEGRATION}"}}
  - anonymous calls: {{post: /api/0/y/, body: "{{\\"token\\": \\"{USER}\\", not json {SESSION}"}}
    expect:
      status: 200
      json: {{plain: {json.dumps(f"it was {PASSWORD}")}, url: x}}
      headers: {{X-Echo: {json.dumps(SHARED)}}}
"""


def play_canaries() -> Result:
    """Everything says every canary; some checks fail, and tell what came."""
    description = described(
        sentry={"url": "http://sentry.test", "secret": SHARED},
        control={"url": "http://sentry.test/control", "token": CONTROL},
        users=[
            DESCRIPTION["users"][0] | {"password": PASSWORD, "token": USER},
            DESCRIPTION["users"][1] | {"password": PASSWORD, "token": USER},
        ],
        organization_tokens=[{"token": ORGANIZATION, "organization": "acme", "scopes": []}],
        integration_tokens=[{"token": INTEGRATION, "organization": "acme", "scopes": []}],
    )
    body = {name: everywhere(secret) for name, secret in CANARIES.items()}
    cookies = [
        ("Set-Cookie", f"sentrysid={SESSION}; Path=/; HttpOnly"),
        ("Set-Cookie", f"sc={CSRF}; Path=/"),
        ("X-Viewer-Context-Signature", SIGNATURE),
    ]
    echoes = [
        ("Location", f"/?token={quote(AGENT)}&next={quote(quote(USER))}"),
        ("X-Echo", f"{AGENT} {USER} {ORGANIZATION} {SESSION}"),
        ("WWW-Authenticate", f'Bearer error="invalid_token", error_description="{AGENT}"'),
    ]
    page = f'<form><input name="csrfmiddlewaretoken" value="{CSRF}"></form>'
    app = StandIn(
        {
            "GET /auth/login/": (200, [*cookies, ("Content-Type", "text/html")], page),
            "POST /auth/login/": (302, cookies, ""),
            "POST /control/reset/": (204, {}, ""),
            "*": (200, [*cookies, *echoes], body | {"records": []}),
        }
    )
    transport = WsgiTransport(app)
    venue = Venue(description, transport, transport, None)
    return play(scenario_of(STEPS, title="Canaries"), venue, target="a stand-in")


@pytest.fixture(scope="module")
def artefacts() -> dict[str, str]:
    return render_all(Run("a stand-in", "", [play_canaries()]))


def test_the_search_finds_what_is_there() -> None:
    for name, secret in CANARIES.items():
        for said in everywhere(secret).values():
            text = said if isinstance(said, str) else json.dumps(said)
            assert name in find_canaries(text), said
            assert name in find_canaries(json.dumps({"a": text}))
            assert name in find_canaries(html.escape(json.dumps(text)))


def test_the_steps_were_played() -> None:
    result = play_canaries()
    assert result.outcome == "failed"
    assert result.checks[0] >= 3
    assert len([event for event in result.events if event["kind"] == "exchange"]) >= 5


@pytest.mark.parametrize(
    "kind",
    ["json", "junit", "html", "sarif", "sarif, all", "har", "console", "console -v"],
)
def test_no_artefact_has_a_canary(artefacts: dict[str, str], kind: str) -> None:
    assert find_canaries(artefacts[kind]) == []


def test_the_labels_are_there(artefacts: dict[str, str]) -> None:
    for label in ("<agent token 1>", "<user token 1>", "<session cookie 1>", "<password 1>"):
        assert label in artefacts["json"]
    assert "$AGENT_TOKEN_1" in artefacts["json"]


def test_the_text_of_a_network_error_is_masked() -> None:
    class Broken(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError(f"no way to {request.url} with {dict(request.headers)}")

    description = described(control=None)
    venue = Venue(description, Broken(), Broken(), None)
    steps = (
        f'  - anonymous calls: {{get: "/?token={USER}",'
        f' headers: {{Authorization: "Bearer {AGENT}"}}}}\n'
    )
    result = play(scenario_of(steps), venue, target="nobody")
    assert result.outcome == "inconclusive"
    for artefact in render_all(Run("nobody", "", [result])).values():
        assert find_canaries(artefact) == []
    assert "no way to" in render_junit(Run("nobody", "", [result]))


class Spy(httpx.BaseTransport):
    """Passes on, and notes every secret on the wire."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.secrets: dict[str, str] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        for name, secret in (*self._of_request(request), *self._of_response(response)):
            if len(secret) > _PIECE:
                self.secrets[f"{name} {secret}"] = secret
        return response

    def _of_request(self, request: httpx.Request) -> Iterator[tuple[str, str]]:
        for value in request.headers.get_list("authorization"):
            yield "authorization", value.partition(" ")[2].strip()
        for value in request.headers.get_list("x-viewer-context-signature"):
            yield "signature", value
        for cookie in request.headers.get("cookie", "").split(";"):
            yield "cookie", cookie.partition("=")[2].strip()

    def _of_response(self, response: httpx.Response) -> Iterator[tuple[str, str]]:
        for value in response.headers.get_list("set-cookie"):
            yield "cookie", value.partition("=")[2].partition(";")[0]
        try:
            body = response.json()
        except ValueError:
            return
        if isinstance(body, dict) and isinstance(body.get("token"), str):
            yield "token", body["token"]
            yield "signature", body["token"].rpartition(".")[2]


def test_what_was_on_the_wire_of_the_mock_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    names = [
        "approve-and-remint",
        "malformed-credentials",
        "viewer-context-mints",
        "token-signature",
    ]
    with InProcess().open("two-organizations", DEFAULT_SEED) as venue:
        spy = Spy(venue.transport)
        spied = Venue(venue.description, spy, venue.control_transport, venue.renew)
        results = []
        for scenario in load_scenarios(names):
            if venue.renew:
                venue.renew()
            results.append(play(scenario, spied, target="in process"))
    secrets = spy.secrets | {
        user.email: user.password for user in venue.description.users if user.password
    }
    assert len(secrets) > 15
    run = Run("in process", "0", results)
    assert run.counts["passed"] == len(names)
    for kind, artefact in render_all(run).items():
        assert find_canaries(artefact, secrets) == [], kind
    assert find_canaries(caplog.text, secrets) == []


def test_neither_error_pages_nor_the_log_say_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    deployment = deploy(seed=1, frozen=True)
    own = {"shared": deployment.secrets.shared, "control": deployment.secrets.control or ""}
    own |= {
        user["email"]: user["password"]
        for user in deployment.description["users"]
        if user["password"]
    }
    said = []
    with httpx.Client(
        transport=WsgiTransport(deployment.app), base_url="http://sentry.test"
    ) as client:
        for name, secret in CANARIES.items():
            ascii_only = secret if secret.isascii() else name
            bearer = {"Authorization": f"Bearer {ascii_only}"}
            said += [
                client.get("/api/0/", headers=bearer),
                client.get("/api/0/", headers={"Authorization": ascii_only}),
                client.get("/control/clock/", headers=bearer),
                client.get("/api/0/", headers={"Cookie": f"sentrysid={quote(ascii_only)}"}),
                client.get("/api/0/organizations/", params={"cursor": secret, "token": secret}),
                client.get(f"/api/0/nowhere/{quote(secret, safe='')}/", headers=bearer),
                client.post("/api/0/auth/", auth=("olivia@example.com", secret)),
                client.post("/auth/login/", data={"username": "olivia", "password": secret}),
                client.post(
                    "/api/0/organizations/acme/agent/token/", content=b"{" + secret.encode()
                ),
                client.request("PROPFIND", "/api/0/", headers=bearer),
            ]
    deployment.close()
    assert len(said) == 10 * len(CANARIES)
    assert {answer.status_code // 100 for answer in said} <= {2, 3, 4}
    for answer in said:
        shown = answer.text + json.dumps(dict(answer.headers))
        assert find_canaries(shown, CANARIES | own) == [], answer.request.url
    # The client of this test says in its own log what it asks for.
    ours = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    assert ours
    log = "\n".join(f"{one.getMessage()} {one.exc_text}" for one in ours)
    assert find_canaries(log, CANARIES | own) == []
