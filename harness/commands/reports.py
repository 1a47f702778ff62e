"""The files that a run leaves: checked before it begins, each written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.failure import Misuse

if TYPE_CHECKING:
    from harness.report.grades import Grades
    from harness.scenario.containment import Containment
    from harness.scenario.proof import Proof
    from harness.scenario.result import Run

STDOUT = "-"

#: Gives what renders a kind of report.
Render = Callable[[str], Callable[[Any], str]]


class Reports:
    """Where each report goes, by its kind: a file, or `-` for stdout.

    `everything`: SARIF has what held as well. `render`: for reports of other things than
    runs. Raises Misuse for two reports in one place, and for a file that cannot be written:
    a run whose report is lost is a run for nothing.
    """

    def __init__(
        self,
        files: Mapping[str, str | None],
        *,
        everything: bool = False,
        render: Render | None = None,
    ) -> None:
        self._everything = everything
        self._render: Render = render or self._render_run
        self._files = {kind: file for kind, file in files.items() if file is not None}
        places: dict[str, str] = {}
        for kind, file in self._files.items():
            place = STDOUT if file == STDOUT else os.path.realpath(file)
            if place in places and not _is_stream(Path(place)):
                raise Misuse(f"--{places[place]} and --{kind} both write to {file}")
            places[place] = kind
            if file != STDOUT:
                check_writable(file)

    @property
    def on_stdout(self) -> bool:
        """Whether one of them takes stdout for itself."""
        return STDOUT in self._files.values()

    def write(self, made: Run | Proof | Grades | Containment) -> None:
        """Renders and writes them. Raises Misuse for a file that can no longer be written."""
        for kind, file in self._files.items():
            text = self._render(kind)(made)
            if file == STDOUT:
                click.echo(text, nl=False)
            else:
                write_whole(file, text)

    def _render_run(self, kind: str) -> Callable[[Run], str]:
        # Each is imported when it is asked for: templates take a while.
        match kind:
            case "json":
                from harness.report.json_report import render_json

                return render_json
            case "junit":
                from harness.report.junit import render_junit

                return render_junit
            case "html":
                from harness.report.html import render_html

                return render_html
            case "har":
                from harness.report.har import render_har

                return render_har
            case _:
                from harness.defence import DEFENCES
                from harness.report.sarif import render_sarif

                return lambda run: render_sarif(run, DEFENCES, everything=self._everything)


def check_writable(file: str) -> None:
    """Raises Misuse if `file` cannot be written; leaves what is there as it is."""
    path = Path(os.path.realpath(file))
    with _explained(file):
        if path.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(None, "it is read-only")
        if not _is_stream(path):
            part = _part_of(path)
            part.open("xb").close()
            part.unlink()


def write_whole(file: str, text: str) -> None:
    """Puts `text` in place of what `file` holds, whole or not at all. Raises Misuse."""
    path = Path(os.path.realpath(file))
    data = text.encode("utf-8", "backslashreplace")
    with _explained(file):
        if _is_stream(path):
            path.write_bytes(data)
            return
        part = _part_of(path)
        try:
            with part.open("xb") as stream:
                stream.write(data)
            with suppress(FileNotFoundError):
                part.chmod(path.stat().st_mode & 0o7777)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _explained(file: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Misuse(f"{file} cannot be written: {reason or error}") from None


def _is_stream(path: Path) -> bool:
    """Whether it is there and no regular file: a device or a pipe is never replaced."""
    return path.exists() and not path.is_file()


def _part_of(path: Path) -> Path:
    """A name beside `path`: only within one file system is a replacement whole."""
    return path.with_name(f".seer-{secrets.token_hex(6)}.part")
