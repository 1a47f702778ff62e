"""A deployment: a world in a mock Sentry, in process and on a loopback port."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from harness.deployment import Deployment, Secrets, deploy, serving
from harness.randomness import Randomness


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
