"""The command line: `seer-harness`, or `python -m harness`.

Exit codes: 0 everything as expected, 1 an expectation failed, 2 the command line, a
scenario or a fixture is wrong, 3 inconclusive. Only click is imported here; a command
imports its work when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

INTERRUPTED = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 as expected, 1 an expectation failed, 2 the command line, a scenario"
        " or a fixture is wrong, 3 something could not be judged."
    ),
)
@click.version_option(package_name="seer-harness", prog_name="seer-harness")
def cli() -> None:
    """Play security scenarios against a mock Sentry with agent tokens, or another server."""


_world = click.option(
    "--world",
    default="two-organizations",
    show_default=True,
    metavar="NAME|FILE",
    help="The world to put into the mock Sentry.",
)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The IP address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port to listen at; 0, the default, takes a free one.",
)
@_world
@click.option(
    "--db",
    "database",
    metavar="PATH|URL",
    help="A SQLite file or a PostgreSQL URL; in memory unless given. It must be empty or"
    " made by this command, and is set back to the start of the world.",
)
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help="Repeat the ids and names of a run. Secrets become predictable: loopback only.",
)
@click.option("--exposed", is_flag=True, help="Allow a --host that is not on loopback.")
@click.option(
    "--ready-json",
    is_flag=True,
    help="Print one line of JSON that describes the server when it answers, and nothing else.",
)
def serve(**options: Any) -> None:
    """Serve the mock Sentry on loopback until Ctrl-C or SIGTERM.

    Prints its URLs and the logins of the world. SEER_API_SHARED_SECRET and
    SEER_HARNESS_CONTROL_TOKEN, of 32 bytes or more, set the secrets of the run; what
    is not set is drawn anew each time.
    """
    from harness.commands.serve import serve as run_server

    run_server(**options)


def main() -> None:
    """Runs the command line of this process and exits with its code."""
    try:
        code = cli.main(prog_name="seer-harness", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; nothing may complain at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
