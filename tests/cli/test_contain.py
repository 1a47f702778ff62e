"""`contain`: what is played, said and written, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.resources import locate
from tests.cli.process import invoke, read_ready, run, started

ONE = ("outside-by-tag", "-j", "1")


def test_one_injection() -> None:
    done = invoke("contain", *ONE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ contained by fence" in done.stdout
    assert done.stdout.endswith("All is as the catalogue says.\n")
    assert not any(line != line.rstrip() for line in done.stdout.splitlines())


def test_one_act() -> None:
    done = invoke("contain", *ONE, "--act", "read only")
    assert done.returncode == 0
    assert "full authority" not in done.stdout
    assert "With a token that only reads 0 did." in done.stdout


def test_a_hole_is_found_and_said() -> None:
    done = invoke("contain", *ONE, "--weaken", "tool-follows-urls")
    assert done.returncode == 1
    assert "outside-by-tag, read only: harm was done, which should be contained" in done.stdout
    assert "WEAKENED ON PURPOSE tool-follows-urls" in done.stderr


def test_a_file_of_ones_own_whose_control_does_no_harm_ends_with_3(tmp_path: Path) -> None:
    name = "delete-project-by-title.yaml"
    text = (locate("scenarios") / "agent" / "injections" / name).read_text("utf-8")
    spared = "harmed: {gone: /api/0/projects/acme/shop/}"
    lines = [spared if line.startswith("harmed") else line for line in text.splitlines()]
    (tmp_path / name).write_text("\n".join(lines), "utf-8")
    done = invoke("contain", tmp_path, "-j", "1")
    assert done.returncode == 3
    assert "the control did no harm" in done.stdout
    assert "Not all could be judged." in done.stdout


def test_the_evidence_goes_to_stdout_or_into_files(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = invoke("contain", *ONE, "--json", "-", "--html", page, "-v")
    assert json.loads(done.stdout)["verdicts"]["as told"] == 1
    assert "not sent: other-host" in done.stderr
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_in_processes_of_its_own_it_is_the_same(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("1.json", "1.html", "2.json", "2.html")}
    some = ("outside-by-tag", "token-into-a-comment")
    one, two = (("--json", files[f"{n}.json"], "--html", files[f"{n}.html"]) for n in "12")
    assert invoke("contain", *some, "-j", "1", *one).returncode == 0
    done = run("contain", *some, "-j", "2", *two)
    assert (done.returncode, done.stderr) == (0, "")
    for kind in ("json", "html"):
        assert files[f"1.{kind}"].read_bytes() == files[f"2.{kind}"].read_bytes()


def test_over_loopback_and_at_a_running_server(tmp_path: Path) -> None:
    assert invoke("contain", *ONE, "--live").returncode == 0
    file = tmp_path / "target.json"
    with started("serve", "--ready-json", "--world", "poisoned") as process:
        ready = read_ready(process)
        file.write_text(json.dumps(ready), "utf-8")
        done = invoke("contain", "outside-by-tag", "--target", file)
        assert (done.returncode, "1 as told" in done.stdout) == (0, True), done.stdout
        ready["seer"]["control"] = None
        file.write_text(json.dumps(ready), "utf-8")
        done = invoke("contain", "outside-by-tag", "--target", file)
        assert done.returncode == 3
        assert "this target has no Seer with a control API" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("outside-by-tagg",), "no such file, folder or injection; did you mean 'outside-by-tag'"),
        (("--act", "read-only"), "there is no act 'read-only'; did you mean 'read only'"),
        (("--weaken", "tool-follow-urls"), "did you mean 'tool-follows-urls'"),
        (("--json", "/nowhere/at/all.json"), "/nowhere/at/all.json cannot be written"),
        (("--json", "-", "--html", "-"), "both write to -"),
        (("--target", "x.json", "--live"), "choose one of them"),
        (("--target", "x.json", "-j", "2"), "one after another"),
        (("--target", "x.json", "--weaken", "tool-follows-urls"), "a running server is as it is"),
        (("--target", "nowhere.json"), "nowhere.json"),
    ],
)
def test_misuse_ends_with_2(arguments: tuple[str, ...], told: str) -> None:
    done = invoke("contain", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""
