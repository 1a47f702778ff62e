"""Mistakes of the one who typed: said in full, once, and the end with exit code 2."""

from __future__ import annotations

import click

MISUSED = 2


class Misuse(click.ClickException):
    """The command line, a file or the surroundings are wrong; `str()` says all of it."""

    exit_code = MISUSED

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """On stderr, each line of the message a line."""
        click.echo(f"Error: {self.message}", err=True)
