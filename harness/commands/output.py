"""Where a command prints for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console

# Wide enough for a title beside an id, where no terminal says how wide it is.
_FILE_WIDTH = 160


def open_console(*, aside: bool) -> Console:
    """For people; `aside` leaves stdout to a report."""
    stream = sys.stderr if aside else sys.stdout
    width = None if stream.isatty() else _FILE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


@contextmanager
def trimmed(console: Console) -> Iterator[None]:
    """In a file lines end where their text ends; a terminal is filled to its edge."""
    if console.is_terminal:
        yield
        return
    with console.capture() as captured:
        yield
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), file=console.file)
