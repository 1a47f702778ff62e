"""`demo`: everything answers where it says, and ends when told."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.process import PATIENCE, invoke, read_ready, started


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_ends_quietly_though_a_page_is_open(ending: signal.Signals) -> None:
    with started("demo", "--no-open", "--ready-json") as process:
        ready = read_ready(process)
        lab = ready["lab"]
        with httpx.Client(base_url=lab["url"], trust_env=False) as client:
            assert client.get(lab["open"]).status_code == 303
            with client.stream("GET", "/api/events") as stream:
                lines = stream.iter_lines()
                assert next(lines).startswith("retry: ")
                process.send_signal(ending)
                for _ in lines:
                    pass
        assert process.wait(PATIENCE) == 0
        assert process.stdout
        assert process.stderr
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""


def test_it_prints_addresses_and_logins() -> None:
    with started("demo", "--no-open") as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(6)]
        assert "/?token=" in lines[0]
        assert lines[1].startswith("Mock Sentry   http://127.0.0.1:")
        assert lines[4].split()[:3] == ["email", "password", "roles"]
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_ready_json_describes_the_services_as_serve_does() -> None:
    with started("demo", "--no-open", "--ready-json", "--seed", "1") as process:
        ready = read_ready(process)
        assert ready.keys() >= {"sentry", "seer", "control", "users", "lab"}
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = invoke("demo", "--no-open", "--port", str(port))
    assert done.returncode == 2
    assert f"cannot listen at port {port}" in done.stderr


def test_a_world_in_which_the_tour_cannot_be_played() -> None:
    done = invoke("demo", "--no-open", "--world", "small")
    assert done.returncode == 2
    assert "2 organizations are needed" in done.stderr


def test_a_world_that_is_not_there() -> None:
    done = invoke("demo", "--no-open", "--world", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
