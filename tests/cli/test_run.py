"""`run`: what is played, what is shown and written, and how it ends."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.resources import locate
from tests.cli.process import invoke, read_ready, run, started

FLOW = locate("scenarios") / "flow"
GOOD = """\
id: reads
title: An agent reads
tags: [reading]
steps:
  - agent mints: {for: olivia, in: acme, session: s1, as: first}
  - agent calls: {with: first, get: /api/0/organizations/acme/}
    expect: {status: 200}
"""
FAILING = GOOD.replace("id: reads", "id: fails").replace("status: 200", "status: 204")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reads.yaml").write_text(GOOD)
    (tmp_path / "fails.yaml").write_text(FAILING)
    return tmp_path


def test_what_holds_ends_with_0(folder: Path) -> None:
    done = invoke("run", folder / "reads.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "passed" in done.stdout
    assert "1 passed" in done.stdout


def test_what_fails_ends_with_1_and_shows_the_exchange(folder: Path) -> None:
    done = invoke("run", folder)
    assert done.returncode == 1
    for shown in (
        "1 passed  1 failed",
        "expected: 204",
        "came: 200",
        "GET http://sentry.test/api/0/organizations/acme/",
        "Authorization: Bearer <agent token 1>",
        "HTTP 200",
    ):
        assert shown in done.stdout
    assert "sntryag_" not in done.stdout


def test_a_mistake_ends_with_2_before_anything_is_played(folder: Path) -> None:
    (folder / "reads.yaml").write_text(GOOD.replace("mints", "minds"))
    (folder / "fails.yaml").write_text(FAILING.replace("status: 204", "statos: 204"))
    done = invoke("run", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "reads.yaml:5:" in done.stderr
    assert "fails.yaml:7:" in done.stderr
    assert "did you mean 'status'?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.yaml"], "nowhere.yaml"),
        (["approve-and-remind"], "did you mean 'approve-and-remint'?"),
        (["-k", "one or"], "a word is missing"),
        (["-k", "(" * 3000], "more than 200 words"),
        (["-k", "not " * 3000 + "a"], "more than 200 words"),
        (["-k", "(one"], "')' is missing"),
        (["-k", "one two"], "did not expect 'two'"),
        (["-j", "0"], "-j"),
        (["--seed", "x"], "--seed"),
        (["--world", "nowhere"], "unknown world"),
        (["--target", "nowhere.json"], "nowhere.json"),
        (["--json", "no/such/folder/f.json"], "cannot be written"),
        (["--junit", "."], "cannot be written"),
        (["--target", "x.json", "--live"], "--live"),
        (["--target", "x.json", "--world", "small"], "--world"),
        (["--target", "x.json", "-j", "2"], "-j"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_and_ends_with_2(
    arguments: list[str], said: str
) -> None:
    done = invoke("run", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_played_is_inconclusive(folder: Path) -> None:
    done = invoke("run", folder, "-k", "zzz")
    assert done.returncode == 3
    assert "no scenario was played" in done.stdout


def test_an_expression_selects(folder: Path) -> None:
    def played(expression: str) -> set[str]:
        done = invoke("run", folder, "-k", expression, "--json", "-")
        return {result["scenario"] for result in json.loads(done.stdout)["results"]}

    assert played("reads") == {"reads", "fails"}, "it looks at titles too"
    assert played("READS and not fails") == {"reads"}
    assert played("fails or nothing") == {"fails"}


def test_reports_are_the_same_for_one_seed_however_they_are_played(tmp_path: Path) -> None:
    def reports(name: str, *options: str, call: Any = invoke) -> tuple[bytes, bytes]:
        files = tmp_path / f"{name}.json", tmp_path / f"{name}.xml"
        done = call("run", "--json", files[0], "--junit", files[1], *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return files[0].read_bytes(), files[1].read_bytes()

    first = reports("first")
    assert first == reports("parallel", "-j", "2", "--shuffle", call=run)
    only = ("-k", "approve-and-remint")
    assert reports("seeded", *only, "--seed", "8") != reports("unseeded", *only)
    document = json.loads(first[0])
    assert len(document["results"]) >= 25
    assert not document["counts"]["failed"]
    assert not document["counts"]["inconclusive"]
    assert ET.fromstring(first[1]).tag == "testsuites"  # noqa: S314 - our own


def test_a_report_on_stdout_has_it_for_itself(folder: Path) -> None:
    done = invoke("run", folder, "--json", "-")
    assert done.returncode == 1
    assert json.loads(done.stdout)["counts"] == {
        "passed": 1,
        "failed": 1,
        "inconclusive": 0,
        "planned": 0,
    }
    assert "1 passed  1 failed" in done.stderr


def test_over_a_port_it_is_the_same(folder: Path) -> None:
    done = invoke("run", folder / "reads.yaml", "--live")
    assert done.returncode == 0
    assert "target: loopback" in done.stdout


def test_verbose_tells_every_step(folder: Path) -> None:
    done = invoke("run", folder / "reads.yaml", "-v")
    assert "1. agent mints" in done.stdout
    assert "✓ status: 200" in done.stdout


def test_another_world_has_other_people(folder: Path) -> None:
    done = invoke("run", folder / "reads.yaml", "--world", "flag-off")
    assert done.returncode != 0, "the feature is off there"


class Recorder(http.server.BaseHTTPRequestHandler):
    """A server that counts who comes."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(500)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def recorder() -> Iterator[tuple[str, list[str]]]:
    """The URL of a server, and the paths that it was asked for."""
    asked: list[str] = []
    handler = type("Own", (Recorder,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def target_file(folder: Path, url: str, **changes: Any) -> Path:
    """A description of a target with one user."""
    user = {
        "id": "1",
        "email": "olivia@example.com",
        "password": "p",
        "token": "t" * 40,
        "memberships": [{"organization": "acme", "role": "owner"}],
    }
    description = {
        "sentry": {"url": url, "secret": "s" * 32},
        "organizations": [{"id": "1", "slug": "acme", "name": "Acme"}],
        "users": [user],
    }
    file = folder / "target.json"
    file.write_text(json.dumps(description | changes))
    return file


def test_a_plan_sends_nothing(folder: Path, recorder: tuple[str, list[str]]) -> None:
    url, asked = recorder
    done = invoke("run", folder / "reads.yaml", "--plan", "--target", target_file(folder, url))
    assert done.returncode == 0
    assert f"POST {url}/api/0/organizations/acme/agent/token/" in done.stdout
    assert asked == []


def test_a_target_that_does_not_answer_is_inconclusive(folder: Path) -> None:
    file = target_file(folder, "http://127.0.0.1:1")
    done = invoke("run", folder / "reads.yaml", "--target", file)
    assert done.returncode == 3
    assert "Connection refused" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_target_beyond_loopback_must_be_authorized(folder: Path) -> None:
    file = target_file(folder, "http://192.0.2.1:9000")
    done = invoke("run", folder / "reads.yaml", "--target", file)
    assert done.returncode == 2
    assert '"authorized": true' in done.stderr


@pytest.mark.parametrize(
    "changes",
    [{"users": {}}, {"sentry": {}}, {"surplus": 1}, {"sentry": {"url": "ftp://127.0.0.1"}}],
)
def test_a_target_file_that_is_wrong_is_said(folder: Path, changes: dict[str, Any]) -> None:
    file = target_file(folder, "http://127.0.0.1:1", **changes)
    done = invoke("run", folder / "reads.yaml", "--target", file)
    assert done.returncode == 2
    assert f"{file}:1:" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_target_lacks_is_inconclusive_and_says_why(tmp_path: Path) -> None:
    """The scenarios against a server whose description leaves out what it may leave out."""
    with started("serve", "--ready-json") as process:
        ready = read_ready(process)
        file = tmp_path / "target.json"
        file.write_text(json.dumps(ready))
        whole = invoke("run", FLOW, "--target", file, "--json", "-")
        # One of them plays without a shared secret, which a server that runs was started with.
        unplayed = {one["scenario"] for one in json.loads(whole.stdout)["results"]} - {
            one["scenario"]
            for one in json.loads(whole.stdout)["results"]
            if one["outcome"] == "passed"
        }
        assert (whole.returncode, unplayed) == (3, {"seer-without-a-secret"}), whole.stderr
        ready["control"] = None
        for user in ready["users"]:
            user["password"] = None
        file.write_text(json.dumps(ready))
        done = invoke("run", FLOW, "--target", file, "--json", "-")
    results = json.loads(done.stdout)["results"]
    outcomes = {result["scenario"]: result["outcome"] for result in results}
    assert done.returncode == 3
    assert "failed" not in outcomes.values()
    assert outcomes["mint-read-only"] == "passed"
    assert outcomes["token-expiry"] == "inconclusive"
    reasons = [result["reason"] for result in results if result["outcome"] == "inconclusive"]
    assert all(reasons)
    assert any("control API" in reason for reason in reasons)
    assert any("password" in reason for reason in reasons)
