"""`prove`, `weaknesses` and `--weaken`: what is played, said and written, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from harness.defence import WEAKNESSES
from harness.resources import locate
from tests.cli.process import invoke, read_ready, run, started

HOLE = ("--attack", "forged-scopes", "--weakness", "signature-not-checked")
SCENARIOS = locate("scenarios")
BROKEN = """\
id: broken
title: An honest token is refused
tags: [token]
attack: {category: token forging, severity: low, cwe: 1, owasp: "API2:2023", source: nobody,
  attacker: [nothing], breaks on: [signature-not-checked]}
steps:
  - agent mints: {for: olivia, in: acme, session: s1, as: first}
    control: true
  - agent calls: {with: first, get: /api/0/organizations/acme/}
    attack: true
    expect: {status: 401}
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    return file


def test_one_cell() -> None:
    done = invoke("prove", *HOLE, "-j", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "signature-not-checked" in done.stdout
    assert "The proof stands" in done.stdout
    assert not any(line != line.rstrip() for line in done.stdout.splitlines())


def test_of_a_few_attacks_not_every_weakness_is_expected(tmp_path: Path) -> None:
    """By id or by file, with the whole table to break on; a folder's have to find them all."""
    told = "The proof stands: 1 attack held on the sound server"
    for name in ("forged-scopes", SCENARIOS / "attack" / "forged-scopes.yaml"):
        done = invoke("prove", name, "-j", "1")
        assert (done.returncode, told in done.stdout) == (0, True), done.stdout
    (tmp_path / "mine.yaml").write_bytes((SCENARIOS / "attack" / "forged-scopes.yaml").read_bytes())
    done = invoke("prove", tmp_path, "-j", "1", "--weakness", "expiry-leeway")
    assert done.returncode == 1
    assert "no attack breaks on expiry-leeway" in done.stdout


def test_where_nothing_had_to_break_it_ends_with_3() -> None:
    done = invoke("prove", *HOLE[:2], "-j", "1", "--weakness", "expiry-leeway")
    assert done.returncode == 3
    assert "Nothing is proved" in done.stdout
    done = invoke("prove", SCENARIOS / "flow", "-j", "1")
    assert (done.returncode, done.stdout) == (3, "Nothing is proved: no attack was played.\n")


def test_why_it_broke() -> None:
    done = invoke("prove", *HOLE, "-j", "1", "-v")
    assert "as listed  signature-not-checked  step 4, attacker calls" in done.stdout
    assert "came: 200" in done.stdout


def test_the_table_goes_to_stdout_or_into_files(tmp_path: Path) -> None:
    page = tmp_path / "table.html"
    done = invoke("prove", *HOLE, "-j", "1", "--json", "-", "--html", page)
    assert json.loads(done.stdout)["table"] == {
        "signature-not-checked": {"forged-scopes": "broken"}
    }
    assert "The proof stands" in done.stderr
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_in_processes_of_its_own_it_is_the_same(tmp_path: Path) -> None:
    """As somebody starts it, with as many processes as there are processors."""
    one, many = tmp_path / "one.json", tmp_path / "many.json"
    assert invoke("prove", *HOLE, "-j", "1", "--json", one).returncode == 0
    done = run("prove", *HOLE, "--json", many)
    assert (done.returncode, done.stderr) == (0, "")
    assert one.read_bytes() == many.read_bytes()


def test_what_does_not_stand_ends_with_1(broken: Path) -> None:
    done = invoke("prove", broken, "-j", "1", "--weakness", "signature-not-checked")
    assert done.returncode == 1
    assert "broken breaks the sound server: step 2, agent calls (line 9): status" in done.stdout


def test_without_a_control_it_ends_with_3(broken: Path) -> None:
    broken.write_text(BROKEN.replace("    control: true\n", "").replace("401", "200"))
    done = invoke("prove", broken, "-j", "1", "--attack", "broken", "--weakness", "expiry-leeway")
    assert done.returncode == 3
    assert "there is no control" in done.stdout
    assert "The proof is inconclusive." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--attack", "forged-scops"), "there is no attack 'forged-scops'; did you mean"),
        (("--weakness", "expiry-leway"), "there is no weakness 'expiry-leway'; did you mean"),
        (("--attack", "zzz"), "no attack 'zzz'; `seer-harness list` lists them"),
        (("--weakness", "x"), "no weakness 'x'; `seer-harness weaknesses` lists them"),
        (("--json", "/nowhere/at/all.json"), "/nowhere/at/all.json cannot be written"),
        (("--json", "-", "--html", "-"), "both write to -"),
        (("nowhere.yaml",), "nowhere.yaml"),
    ],
)
def test_misuse_ends_with_2(arguments: tuple[str, ...], told: str) -> None:
    done = invoke("prove", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_weaknesses_are_listed() -> None:
    done = invoke("weaknesses")
    assert done.returncode == 0
    assert "agent-token.signature: Only a JWT signed with HS256" in done.stdout
    assert "  signature-not-checked " in done.stdout
    entries = json.loads(invoke("weaknesses", "--json").stdout)
    assert {entry["id"] for entry in entries} == WEAKNESSES.keys()


def test_a_hole_is_shown_live() -> None:
    sound = invoke("run", "forged-scopes")
    assert (sound.returncode, sound.stderr) == (0, "")
    weak = invoke("run", "forged-scopes", "--weaken", "signature-not-checked")
    assert weak.returncode == 1
    assert "WEAKENED ON PURPOSE" in weak.stderr
    assert "signature-not-checked: The signature is not looked at" in weak.stderr


def test_attacks_show_their_verdict() -> None:
    done = invoke("run", "forged-scopes", "--weaken", "signature-not-checked")
    assert "broken" in done.stdout
    assert "held" in invoke("run", "forged-scopes").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--weaken", "expiry-leway"), "there is no weakness 'expiry-leway'; did you mean"),
        (("serve", "--weaken", "expiry-leway"), "did you mean 'expiry-leeway'?\n"),
        (("run", "--weaken", "x"), "no weakness 'x'; `seer-harness weaknesses` lists them"),
        (
            ("run", "--weaken", "expiry-leeway", "--weaken", "expiry-not-checked"),
            "expiry-not-checked weakens agent-token.expiry, which is weakened already",
        ),
    ],
)
def test_weaknesses_that_cannot_be(arguments: tuple[str, ...], told: str) -> None:
    done = invoke(*arguments)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_running_server_is_not_weakened(tmp_path: Path) -> None:
    file = tmp_path / "target.json"
    file.write_text("{}")
    done = invoke("run", "--target", file, "--weaken", "expiry-leeway")
    assert done.returncode == 2
    assert "a running server is as it is" in done.stderr


def test_a_weakened_server_says_so_and_is_weak() -> None:
    arguments = ("serve", "--ready-json", "--weaken", "control-open")
    with started(*arguments) as process:
        ready = read_ready(process)
        answer = httpx.get(f"{ready['control']['url']}/clock/")
        assert answer.status_code == 200
        process.terminate()
        assert "WEAKENED ON PURPOSE control-open" in process.communicate()[1]
