"""A deployment: a world in a mock Sentry, in process and on a loopback port."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from harness.deployment import IN_PROCESS_URL, Deployment, Secrets, deploy, serving
from harness.randomness import Randomness
from harness.wsgi import WsgiTransport


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    made = deploy(seed=7, frozen=True)
    yield made
    made.close()


def test_one_seed_gives_one_deployment(deployment: Deployment) -> None:
    again = deploy(seed=7, frozen=True)
    other = deploy(seed=8, frozen=True)

    assert deployment.description == again.description
    assert deployment.description != other.description
    again.close()
    other.close()


def test_without_a_seed_every_secret_is_new() -> None:
    first, second = deploy(), deploy()

    tokens = {user["token"] for made in (first, second) for user in made.world["users"]}
    assert len(tokens - {None}) == 2 * len([u for u in first.world["users"] if u["token"]])
    assert first.secrets != second.secrets
    first.close()
    second.close()


def test_the_description_is_json_and_says_where(deployment: Deployment) -> None:
    shown = json.loads(json.dumps(deployment.describe("http://127.0.0.1:1")))

    assert shown["sentry"] == {"url": "http://127.0.0.1:1", "secret": deployment.secrets.shared}
    assert shown["control"]["url"] == "http://127.0.0.1:1/control"
    assert all(isinstance(thing["id"], str) for thing in shown["organizations"])


def test_what_is_not_there_is_null_in_the_description() -> None:
    closed = deploy(seed=7, frozen=True, secrets=Secrets(shared="", control=None))

    assert closed.description["control"] is None
    assert closed.description["sentry"]["secret"] is None
    assert closed.app.test_client().get("/control/clock/").status_code == 404
    closed.close()


def test_secrets_do_not_show_when_printed() -> None:
    drawn = Secrets.draw(Randomness(7))

    assert drawn.shared not in repr(drawn)
    assert str(drawn.control) not in repr(drawn)


def test_reset_puts_rows_clock_and_audit_log_back(deployment: Deployment) -> None:
    client = deployment.app.test_client()
    olivia = next(u for u in deployment.world["users"] if u["email"].startswith("olivia@"))
    bearer = {"Authorization": f"Bearer {olivia['token']}"}
    operator = {"Authorization": f"Bearer {deployment.secrets.control}"}
    before = client.get("/api/0/organizations/acme/", headers=bearer).json
    client.put("/api/0/organizations/acme/", headers=bearer, json={"name": "Changed"})
    client.put("/control/clock/", headers=operator, json={"advance": 3600})
    changed = client.get("/api/0/organizations/acme/", headers=bearer).json
    assert changed is not None
    assert changed["name"] == "Changed"

    deployment.reset()

    assert client.get("/control/audit/", headers=operator).json == {"records": []}
    assert client.get("/api/0/organizations/acme/", headers=bearer).json == before
    now = client.get("/control/clock/", headers=operator).json
    assert now == {"now": "2026-01-15T12:00:00+00:00"}


def test_serving_answers_until_the_context_ends(deployment: Deployment) -> None:
    with httpx.Client() as client, serving(deployment) as url:
        assert client.get(f"{url}/api/0/").status_code == 200
        # The connection is kept open by the client: closing must not wait for it.
    with httpx.Client() as client, pytest.raises(httpx.ConnectError):
        client.get(f"{url}/api/0/")


def test_a_port_in_use_is_an_os_error(deployment: Deployment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), serving(deployment, port=port):
            pass


RENAME = "Rename this organization to Initech"


def olivia(deployment: Deployment, client: httpx.Client) -> dict[str, str]:
    """A session of olivia's: headers that write."""
    page = client.get("/auth/login/")
    csrf = page.cookies["sc"]
    password = next(
        u["password"] for u in deployment.world["users"] if u["email"].startswith("olivia@")
    )
    form = {"username": "olivia@example.com", "password": password, "csrfmiddlewaretoken": csrf}
    answer = client.post("/auth/login/", headers={"Cookie": f"sc={csrf}"}, data=form)
    held = answer.cookies
    client.cookies.clear()
    return {
        "Cookie": f"sentrysid={held['sentrysid']}; sc={held['sc']}",
        "X-CSRFToken": held["sc"],
    }


def ask(client: httpx.Client, headers: dict[str, str], query: str) -> int:
    path = "/api/0/organizations/acme/seer/explorer-chat/"
    answer = client.post(path, headers=headers, json={"query": query})
    assert answer.status_code == 200, answer.text
    run_id: int = answer.json()["run_id"]
    return run_id


def test_both_services_are_served_and_reach_each_other(deployment: Deployment) -> None:
    with serving(deployment) as url, httpx.Client(base_url=url) as client:
        told = json.loads(json.dumps(deployment.describe(url)))
        seer = told["seer"]["url"]
        assert urlsplit(seer).hostname == "127.0.0.1"
        assert seer != url
        assert told["seer"]["control"]["url"] == f"{seer}/control"
        assert told["seer"]["control"]["token"] == deployment.secrets.control
        assert client.get(f"{seer}/health/").json() == {"status": "ok"}
        headers = olivia(deployment, client)
        run_id = ask(client, headers, RENAME)
        operator = {"Authorization": f"Bearer {deployment.secrets.control}"}
        settled = client.post(f"{seer}/control/settle/", headers=operator)
        assert settled.json() == {"settled": True}
        path = f"/api/0/organizations/acme/seer/explorer-chat/{run_id}/"
        state = client.get(path, headers=headers).json()["session"]
        assert state["status"] == "awaiting_user_input"
        assert state["pending_user_input"]["data"]["link"].startswith(f"{url}/organizations/acme/")
        exchanges = deployment.network.since(0)
        assert {urlsplit(e["url"]).netloc for e in exchanges} == {
            urlsplit(url).netloc,
            urlsplit(seer).netloc,
        }
    assert deployment.describe(IN_PROCESS_URL) == deployment.description
    assert deployment.network.url("seer") == "http://seer.test"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{seer}/health/")


def test_without_a_seer_there_is_none_in_the_description() -> None:
    closed = deploy(seed=7, frozen=True, secrets=Secrets(shared="", control=None))
    assert closed.description["seer"] == {"url": "http://seer.test", "control": None}
    alone = replace(closed, seer=None)
    assert alone.description["seer"] is None
    closed.close()


class Gate:
    """A Sentry that keeps an agent waiting until it is let."""

    def __init__(self, app: Any) -> None:
        self.reached, self.let = threading.Event(), threading.Event()
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.reached.set()
        assert self.let.wait(20)
        return self._app(environ, start_response)


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_reset_in_the_middle_of_a_run_ends_it(deployment: Deployment, end: str) -> None:
    """The agent's request comes to its end first, and nothing of it is in the new world."""
    client = httpx.Client(transport=WsgiTransport(deployment.app), base_url=IN_PROCESS_URL)
    headers = olivia(deployment, client)
    gate = Gate(deployment.app)
    deployment.network.join("sentry", IN_PROCESS_URL, gate)
    run_id = ask(client, headers, RENAME)
    assert gate.reached.wait(20)
    ending = threading.Thread(target=getattr(deployment, end))
    ending.start()
    ending.join(0.05)
    assert ending.is_alive()
    gate.let.set()
    ending.join(20)
    assert not ending.is_alive()
    assert not [t for t in threading.enumerate() if t.name.startswith("seer-agent")]
    if end == "reset":
        assert deployment.network.since(0) == []
        headers = olivia(deployment, client)
        path = f"/api/0/organizations/acme/seer/explorer-chat/{run_id}/"
        assert client.get(path, headers=headers).status_code == 404
        assert ask(client, headers, "Hello") == run_id


def test_closing_what_is_served_ends_the_agents_at_work(deployment: Deployment) -> None:
    with serving(deployment) as url, httpx.Client(base_url=url) as client:
        ask(client, olivia(deployment, client), RENAME)
    assert not [t for t in threading.enumerate() if t.name.startswith(("seer-agent", "waitress"))]
    again = httpx.Client(transport=WsgiTransport(deployment.app), base_url=IN_PROCESS_URL)
    ask(again, olivia(deployment, again), "Hello")
