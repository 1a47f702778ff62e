"""The files that a run leaves: asked for together, checked first, written whole."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.commands.failure import Misuse
from harness.commands.reports import Reports, check_writable, write_whole
from tests.cli.process import Done, invoke

KINDS = ("json", "junit", "html", "sarif", "har")
SCENARIO = """\
id: reads
title: An agent reads
steps:
  - agent mints: {for: olivia, in: acme, session: s1, as: first}
  - agent calls: {with: first, get: /api/0/organizations/acme/}
    expect: {status: 204}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "reads.yaml"
    file.write_text(SCENARIO)
    return file


def run(scenario: Path, *options: str | Path) -> Done:
    return invoke("run", scenario, *options)


def left_behind(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if file.name.startswith(".")]


def test_every_report_at_once(scenario: Path, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in KINDS}
    options = [word for kind, file in files.items() for word in (f"--{kind}", str(file))]
    done = run(scenario, *options)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(files["json"].read_bytes())["results"][0]["curl"]
    assert ElementTree.parse(files["junit"]).getroot().get("failures") == "1"  # noqa: S314 - ours
    assert files["html"].read_text("utf-8").startswith("<!doctype html>")
    assert len(json.loads(files["sarif"].read_bytes())["runs"][0]["results"]) == 1
    assert len(json.loads(files["har"].read_bytes())["log"]["entries"]) == 2
    assert left_behind(tmp_path) == []
    before = {kind: file.read_bytes() for kind, file in files.items()}
    run(scenario, *options)
    assert before == {kind: file.read_bytes() for kind, file in files.items()}


def test_sarif_can_have_what_held(scenario: Path) -> None:
    scenario.write_text(SCENARIO.replace("204", "200"))
    results = [
        json.loads(run(scenario, "--sarif", "-", *more).stdout)["runs"][0]["results"]
        for more in ([], ["--sarif-all"])
    ]
    assert [len(one) for one in results] == [0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_one_report_may_go_to_stdout(scenario: Path, kind: str) -> None:
    done = run(scenario, f"--{kind}", "-")
    assert done.stdout[:1] in "<{"
    assert "1 failed" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["no/such/folder/f", ".", "reads.yaml/f"])
def test_what_cannot_be_written_ends_with_2_before_anything_is_played(
    scenario: Path, tmp_path: Path, kind: str, where: str
) -> None:
    other = tmp_path / "other"
    other.write_text("as it was")
    done = run(
        scenario, "--junit" if kind != "junit" else "--json", other, f"--{kind}", tmp_path / where
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr
    assert other.read_text() == "as it was"
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("file", ["-", "same", "./same"])
def test_two_reports_do_not_share_a_place(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(scenario, "--json", file.replace("./", ""), "--html", file)
    assert done.returncode == 2
    assert "--json and --html both write to" in done.stderr


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file, link = tmp_path / "report", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    with file.open() as reader:
        write_whole(str(link), "new ✓")
        assert reader.read() == "old"
    assert file.read_text("utf-8") == "new ✓"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert left_behind(tmp_path) == []


def test_a_new_file_has_the_mode_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_whole(str(tmp_path / "report"), "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "report")}
    assert len(modes) == 1


def test_what_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report"
    file.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Misuse, match="No space left on device"):
        write_whole(str(file), "new")
    assert file.read_text() == "old"
    assert left_behind(tmp_path) == []


def test_devices_and_pipes_are_written_to_and_stay(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    came: list[str] = []
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()))
    reader.start()
    check_writable(str(pipe))
    write_whole(str(pipe), "through")
    reader.join(timeout=30)
    assert came == ["through"]
    assert pipe.is_fifo()
    null = Path(os.devnull)
    Reports({"json": str(null), "html": str(null)})
    write_whole(str(null), "gone")
    assert null.is_char_device()


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_says_that_the_server_was_weakened(scenario: Path, kind: str) -> None:
    done = run(scenario, f"--{kind}", "-", "--weaken", "signature-not-checked")
    assert "in process, weakened: signature-not-checked" in done.stdout


def test_exchanges_are_shown_as_commands_when_asked(scenario: Path) -> None:
    command = "curl -i \"$SENTRY_URL/api/0/organizations/acme/\" -H 'Accept: application/json'"
    assert command not in run(scenario).stdout
    for option in ("--curl", "-v"):
        assert command in run(scenario, option).stdout
    assert 'curl -i -X POST "$SENTRY_URL' in run(scenario, "--plan", "--curl").stdout
