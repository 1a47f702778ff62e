"""`--browser`, `--headed` and `--trace`, and what is said where no browser can be had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.browser import BrowserMissingError, BrowserPeople
from harness.resources import locate
from tests.cli.process import invoke, run

ATTACK = "approval-page-in-a-frame"


@pytest.fixture
def without_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(_: BrowserPeople) -> None:
        raise BrowserMissingError("no Chromium is installed")

    monkeypatch.setattr(BrowserPeople, "check", check)


@pytest.mark.usefixtures("without_browser")
def test_where_there_is_none_nothing_is_proved_loudly() -> None:
    done = invoke("prove", "--browser")
    assert done.returncode == 3
    assert "NOTHING WAS PROVED IN A BROWSER: no Chromium is installed" in done.stderr


@pytest.mark.usefixtures("without_browser")
def test_where_there_is_none_nothing_is_played() -> None:
    done = invoke("run", "denied-write", "--browser")
    assert done.returncode == 2
    assert "no Chromium is installed" in done.stderr


def test_a_proof_without_one_leaves_out_what_needs_one_and_says_so() -> None:
    file = locate("scenarios") / "attack" / f"{ATTACK}.yaml"
    done = invoke("prove", file, "forged-scopes", "--weakness", "signature-not-checked", "-j", "1")
    assert done.returncode == 0
    assert "1 attack needs a browser: prove --browser" in done.stdout
    assert ATTACK not in done.stdout


def test_a_run_without_one_is_inconclusive_by_name_and_left_out_of_a_folder(tmp_path: Path) -> None:
    done = invoke("run", ATTACK)
    assert done.returncode == 3
    assert "this needs users with a browser for 'opens', 'page'" in " ".join(done.stdout.split())
    for name in (ATTACK, "forged-scopes"):
        source = locate("scenarios") / "attack" / f"{name}.yaml"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    done = invoke("run", tmp_path)
    assert done.returncode == 0
    assert "left out: 1 scenario needs users with a browser: run --browser" in done.stderr


def test_the_list_tells_what_needs_one() -> None:
    (entry,) = json.loads(invoke("list", ATTACK, "--json").stdout)
    assert entry["needs"]["browser"] == ["'opens'", "'page'"]


def test_a_plan_of_what_needs_one() -> None:
    done = invoke("run", ATTACK, "--plan")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--headed",), "--headed: there is a window only with --browser"),
        (("--trace", "traces"), "--trace: there is something to trace only with --browser"),
    ],
)
def test_options_that_want_one(options: tuple[str, ...], said: str) -> None:
    done = invoke("run", "denied-write", *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_no_trace_of_a_server_beyond_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BrowserPeople, "check", lambda _: None)
    target = tmp_path / "target.json"
    description = {
        "sentry": {"url": "https://sentry.example.com"},
        "organizations": [],
        "users": [],
        "authorized": True,
    }
    target.write_text(json.dumps(description))
    done = invoke("run", "--browser", "--trace", tmp_path / "traces", "--target", target)
    assert done.returncode == 2
    assert "--trace: it would hold session cookies of a server beyond loopback" in done.stderr


def test_a_window_without_a_display() -> None:
    # In a process of its own: in this one a browser of the tests may be open.
    nowhere = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = run("run", "denied-write", "--browser", "--headed", environ=nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--browser: " in done.stderr
    assert "Traceback" not in done.stderr
