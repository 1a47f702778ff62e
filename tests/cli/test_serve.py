"""`serve`: answers where it says, ends when told, and refuses what it cannot do, in words."""

from __future__ import annotations

import signal
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.commands.secrets import CONTROL, SHARED, read_secrets
from harness.network import open_transport
from tests.cli.process import PATIENCE, invoke, read_ready, started

LONG = "l" * 32


@pytest.fixture
def plain() -> Any:
    """A client that asks on loopback and reads no proxy settings."""
    with httpx.Client(transport=open_transport("http:"), trust_env=False) as client:
        yield client


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_ready_line_describes_a_server_that_answers_and_ends_on_a_signal(
    ending: signal.Signals, plain: httpx.Client
) -> None:
    with started("serve", "--ready-json") as process:
        ready = read_ready(process)
        root = plain.get(f"{ready['sentry']['url']}/api/0/organizations/acme/")
        user = next(u for u in ready["users"] if u["token"])
        bearer = {"Authorization": f"Bearer {user['token']}"}
        organization = user["memberships"][0]["organization"]
        known = plain.get(
            f"{ready['sentry']['url']}/api/0/organizations/{organization}/", headers=bearer
        )
        control = {"Authorization": f"Bearer {ready['control']['token']}"}
        clock = plain.get(f"{ready['control']['url']}/clock/", headers=control)
        process.send_signal(ending)
        rest, errors = process.communicate(timeout=PATIENCE)
    assert root.status_code == 401
    assert known.status_code == 200
    assert known.json()["slug"] == organization
    assert clock.status_code == 200
    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_ready_json_has_the_documented_fields(plain: httpx.Client) -> None:
    with started("serve", "--ready-json", "--seed", "3") as process:
        ready = read_ready(process)
    assert {"sentry", "control"} <= ready.keys()
    assert ready["sentry"].keys() == {"url", "secret"}
    assert ready["control"].keys() == {"url", "token"}
    fields = {
        "organizations": {"id", "slug", "name"},
        "users": {"id", "email", "password", "token", "memberships"},
        "projects": {"id", "slug", "organization"},
        "teams": {"id", "slug", "organization"},
        "issues": {"id", "shortId", "organization", "project"},
        "organization_tokens": {"token", "organization", "scopes"},
        "integration_tokens": {"token", "organization", "scopes"},
    }
    for name, expected in fields.items():
        assert ready[name], name
        for entry in ready[name]:
            assert expected <= entry.keys(), name
            assert isinstance(entry.get("id", ""), str), name
    assert all(
        membership.keys() == {"organization", "role"}
        for user in ready["users"]
        for membership in user["memberships"]
    )


def test_secrets_differ_from_run_to_run_unless_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED, raising=False)
    monkeypatch.delenv(CONTROL, raising=False)
    first, second = read_secrets(None), read_secrets(None)
    drawn = {first.shared, first.control, second.shared, second.control}
    assert len(drawn) == 4
    assert all(secret and len(secret) >= 32 for secret in drawn)
    assert read_secrets(5) == read_secrets(5) != read_secrets(6)


def test_secrets_come_from_the_environment() -> None:
    changes = {SHARED: "s" * 40, CONTROL: "c" * 40}
    with started("serve", "--ready-json", environ=changes) as process:
        ready = read_ready(process)
    assert ready["sentry"]["secret"] == "s" * 40
    assert ready["control"]["token"] == "c" * 40


@pytest.mark.parametrize("name", [SHARED, CONTROL])
@pytest.mark.parametrize("value", ["", "tooshort-31-bytes-long-aaaaaaaa", f"{LONG} x", f"{LONG}ü"])
def test_a_weak_secret_in_the_environment_is_refused_unseen(name: str, value: str) -> None:
    done = invoke("serve", environ={name: value})
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert not value or value not in done.stderr
    assert done.stdout == ""


def test_people_get_urls_and_logins_that_work(plain: httpx.Client) -> None:
    with started("serve", "--world", "small") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while "Ctrl-C" not in lines[-1]:
            lines.append(process.stdout.readline())
        url = lines[0].split()[-1]
        heading = next(i for i, line in enumerate(lines) if line.startswith("email "))
        email, password = lines[heading + 1].split()[:2]
        signed_in = plain.post(f"{url}/api/0/auth/", auth=(email, password))
        page = plain.get(next(line.split()[-1] for line in lines if line.startswith("Sign in")))
    assert signed_in.status_code == 200
    assert page.status_code == 200


def test_many_are_served_at_once(plain: httpx.Client) -> None:
    with started("serve", "--ready-json") as process:
        ready = read_ready(process)
        bearer = {"Authorization": f"Bearer {ready['users'][0]['token']}"}
        address = f"{ready['sentry']['url']}/api/0/organizations/"

        def ask(_: int) -> int:
            return plain.get(address, headers=bearer).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(ask, range(64)))
    assert set(statuses) == {200}


def test_a_port_in_use_is_said_and_ends_with_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = invoke("serve", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "--exposed"),
        (["--host", "192.0.2.1"], "--exposed"),
        (["--host", "example.com"], "no IP address"),
        (["--host", "0.0.0.0", "--exposed", "--seed", "1"], "--seed"),
        (["--world", "nowhere"], "unknown world"),
        (["--world", "./nowhere.yaml"], "nowhere.yaml"),
        (["--port", "x"], "--port"),
        (["--port", "65536"], "--port"),
        (["--seed", "x"], "--seed"),
        (["--db", "mysql://somebody:hunter2@127.0.0.1/x"], "neither sqlite nor postgresql"),
        (["--db", "postgresql://somebody:hunter2@127.0.0.1:port/x"], "no database URL"),
        (["--db", "postgresql://somebody:hunter2@127.0.0.1:1/x"], "cannot be used"),
        (["--db", "postgresql://somebody:hunter2@127.0.0.1:1/x?odd=1"], "cannot be used"),
        (["--db", "no/such/folder/db.sqlite"], "cannot be used"),
        (["surplus"], "surplus"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_and_ends_with_2(
    arguments: list[str], said: str
) -> None:
    done = invoke("serve", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_file_is_made_and_used_again(tmp_path: Path, plain: httpx.Client) -> None:
    file = tmp_path / "a folder" / "mock.sqlite"
    file.parent.mkdir()
    for _ in range(2):
        with started("serve", "--ready-json", "--db", file) as process:
            ready = read_ready(process)
            bearer = {"Authorization": f"Bearer {ready['users'][0]['token']}"}
            answer = plain.get(f"{ready['sentry']['url']}/api/0/organizations/", headers=bearer)
        assert answer.status_code == 200
    assert file.stat().st_size > 0


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "precious.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE precious (id INTEGER)")
    connection.close()
    before = file.read_bytes()
    done = invoke("serve", "--db", f"sqlite:///{file}")
    assert done.returncode == 2
    assert "did not make" in done.stderr
    assert file.read_bytes() == before


def test_postgresql_serves_too(postgres_url: str, plain: httpx.Client) -> None:
    url = postgres_url.replace("postgresql+psycopg:", "postgresql:")
    with started("serve", "--ready-json", "--db", url) as process:
        ready = read_ready(process)
        bearer = {"Authorization": f"Bearer {ready['users'][0]['token']}"}
        answer = plain.get(f"{ready['sentry']['url']}/api/0/organizations/", headers=bearer)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE)
    assert answer.status_code == 200
    assert (process.returncode, errors) == (0, "")
