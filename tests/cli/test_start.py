"""The command line starts at once: help imports click and nothing else that is not Python's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.cli import cli, main
from tests.cli.process import ROOT, environment, invoke, run

# What a command line imports, told by the process itself.
_TELL = """
import json, sys
before = set(sys.modules)
from harness.cli import cli
cli.main(sys.argv[1:], prog_name="seer-harness", standalone_mode=False)
found = {name.partition(".")[0] for name in set(sys.modules) - before}
print("\\n" + json.dumps(sorted(found - sys.stdlib_module_names)))
"""


def imported_by(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _TELL, *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("command", [None, *sorted(cli.commands)])
def test_help_imports_only_click(command: str | None) -> None:
    arguments = ["--help"] if command is None else [command, "--help"]
    assert imported_by(*arguments) == ["click", "harness"]


def test_help_tells_the_exit_codes_and_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for word in ("Exit codes: 0", *cli.commands):
        assert word in done.stdout


def test_version() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("seer-harness, version ")


@pytest.mark.parametrize("arguments", [(), ("fly",), ("--fly",), ("serve", "--fly")])
def test_what_is_no_command_or_option_ends_with_2(arguments: tuple[str, ...]) -> None:
    done = invoke(*arguments)
    assert done.returncode == 2
    assert "Usage: seer-harness" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_crash_of_the_harness_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "main", crash)
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 3
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "nothing was judged" in shown
