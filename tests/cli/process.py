"""The command line as somebody uses it: a process of its own, or for speed this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from harness.cli import cli

ROOT = Path(__file__).parents[2]
# A command of ours is over in a second or two; a machine under load takes longer.
PATIENCE = 60


def environment(changes: dict[str, str] | None = None) -> dict[str, str]:
    """The environment without what would change the harness or how it draws."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SEER_", "PYTEST", "COV_")) and name not in ("COLUMNS", "NO_COLOR")
    }
    return kept | {"PYTHONPATH": str(ROOT)} | (changes or {})


def run(
    *arguments: str | Path, cwd: Path = ROOT, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`seer-harness ARGUMENTS`, to its end; `environ` is added to its environment."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        cwd=cwd,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True)
class Done:
    """What came of a command in this process."""

    returncode: int
    stdout: str
    stderr: str


def invoke(*arguments: str | Path, environ: dict[str, str] | None = None) -> Done:
    """`seer-harness ARGUMENTS` in this process, to its end: much faster than one of its own.

    What is no mistake of the one who typed, and no exit, is raised.
    """
    hidden: dict[str, str | None] = {name: None for name in os.environ if name.startswith("SEER_")}
    result = CliRunner().invoke(
        cli,
        [str(argument) for argument in arguments],
        env=hidden | (environ or {}),
        prog_name="seer-harness",
        catch_exceptions=False,
    )
    return Done(result.exit_code, result.stdout, result.stderr)


@contextmanager
def started(
    *arguments: str | Path, environ: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """`seer-harness ARGUMENTS`, running; killed at the end, if it still does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        cwd=ROOT,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The first line of stdout, which is the ready JSON."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.stderr and process.stderr.read()
    ready: dict[str, Any] = json.loads(line)
    return ready
