"""Requests in process: the mock Sentry beside a bare Flask route, through the same client."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
from flask import Flask

from harness.deployment import IN_PROCESS_URL, deploy
from harness.playground import MockSentry, in_process
from harness.wsgi import WsgiApp, WsgiTransport
from tests.bench.measure import Row, Work, compare

AGAINST = "a bare Flask JSON route"


def bare_app() -> Flask:
    """The least that Flask can do: one route, a small JSON."""
    app = Flask("bare")

    @app.get("/bare/")
    def bare() -> dict[str, str]:
        return {"id": "1", "slug": "acme", "name": "Acme"}

    return app


def measure() -> Iterator[Row]:
    """Read, denied write and mint with the harness's client; the read as plain WSGI too."""
    deployment = deploy(seed="bench")
    with in_process(deployment) as sentry:
        yield from _measure(sentry)
    deployment.close()


def mint_token(sentry: MockSentry) -> tuple[str, str]:
    """The slug of an organization, and an agent token there of somebody who owns it."""
    user, slug = next(
        (user, membership["organization"])
        for user in sentry.description["users"]
        for membership in user["memberships"]
        if membership["role"] == "owner"
    )
    client = sentry.client(user["email"], by="token")
    answer = client.post(f"/api/0/organizations/{slug}/agent/token/", json={"sessionId": "bench"})
    return slug, answer.raise_for_status().json()["token"]


def _measure(sentry: MockSentry) -> Iterator[Row]:
    slug, token = mint_token(sentry)
    owner = next(user["token"] for user in sentry.description["users"] if user["token"])
    path = f"/api/0/organizations/{slug}/"
    bare = bare_app()
    with (
        httpx.Client(
            transport=WsgiTransport(bare), base_url=IN_PROCESS_URL, trust_env=False
        ) as bare_client,
        httpx.Client(
            transport=WsgiTransport(sentry.app), base_url=IN_PROCESS_URL, trust_env=False
        ) as client,
    ):
        agent = {"Authorization": f"Bearer {token}"}
        user = {"Authorization": f"Bearer {owner}"}
        body = {"sessionId": "bench"}
        works: list[Work] = [
            _checked(lambda: bare_client.get("/bare/", headers=agent), 200),
            _checked(lambda: client.get(path, headers=agent), 200),
            _checked(lambda: client.put(path, headers=agent, json={"name": "A"}), 403),
            _checked(lambda: client.post(f"{path}agent/token/", headers=user, json=body), 200),
        ]
        base, read, denied, mint = (1e6 * seconds for seconds in compare(*works, seconds=5))
    yield Row("authorized read, in process", read, "µs", AGAINST, base, goal=2)
    yield Row("denied write, in process", denied, "µs", AGAINST, base)
    yield Row("mint, in process", mint, "µs", AGAINST, base)
    base, read = (
        1e6 * seconds
        for seconds in compare(
            _plain(bare, "/bare/", token), _plain(sentry.app, path, token), seconds=2
        )
    )
    yield Row("authorized read, as plain WSGI", read, "µs", AGAINST, base)


def _checked(send: Any, status: int) -> Work:
    answer = send()
    assert answer.status_code == status, answer.text
    work: Work = send
    return work


def _plain(app: WsgiApp, path: str, token: str) -> Work:
    """A request without any client: what the application itself costs."""
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "sentry.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "sentry.test",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        assert status.startswith("200 "), (status, headers, exc_info)

    def work() -> object:
        return b"".join(app(dict(environ), start_response))

    assert json.loads(b"".join(app(dict(environ), start_response)))
    return work
