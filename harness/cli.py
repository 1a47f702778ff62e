"""The command line: `seer-harness`, or `python -m harness`.

Exit codes: 0 everything as expected, 1 an expectation failed, 2 the command line, a
scenario or a fixture is wrong, 3 inconclusive. Only click is imported here; a command
imports its work when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from harness.commands import options as shared

INCONCLUSIVE = 3
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


@contextmanager
def _imports() -> Iterator[None]:
    """Imports without garbage collection, an eighth of their time: what they make stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@cli.command()
@shared.names
@click.option(
    "--target",
    metavar="FILE",
    help="Play against a running server, described by the JSON that serve --ready-json prints.",
)
@click.option("--live", is_flag=True, help="Play over a loopback port instead of in process.")
@click.option(
    "--browser",
    is_flag=True,
    help="Let users do what they do in Chromium, on the pages; agents go on over HTTP.",
)
@click.option(
    "--trace",
    metavar="FOLDER",
    help="Write a Playwright trace of each user in a scenario that fails, with --browser. "
    "It holds the session cookies of the mock's users; only for servers on loopback.",
)
@click.option("--headed", is_flag=True, help="Show the browser's window; with --browser.")
@click.option("--world", metavar="NAME|FILE", help="Play every scenario in this world.")
@shared.weaken
@shared.scripts
@click.option("--plan", is_flag=True, help="Print what would be sent, and send nothing.")
@shared.seed
@click.option("--shuffle", is_flag=True, help="Play in an order that the seed decides.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Play in N processes at once.",
)
@click.option("--json", metavar="F", help="Write the transcript of the run as JSON; - is stdout.")
@click.option("--junit", metavar="F", help="Write the results as JUnit XML.")
@click.option("--html", metavar="F", help="Write all evidence as one page for people.")
@click.option("--sarif", metavar="F", help="Write what failed as SARIF 2.1.0, for code scanning.")
@click.option("--sarif-all", is_flag=True, help="Put what held into it as well, of kind pass.")
@click.option("--har", metavar="F", help="Write every exchange as HAR 1.2, for a browser's tools.")
@shared.expression
@click.option("-v", "--verbose", is_flag=True, help="Show every step and check.")
@click.option("--curl", is_flag=True, help="Show each exchange as a curl command; -v does, too.")
def run(**options: Any) -> None:
    """Play scenarios and say, with evidence, what held.

    Scenarios are named by file, by folder, or by the id of one that comes along; all
    that come along are played without a name. A target beyond loopback is refused
    unless its file says "authorized": true.
    """
    with _imports():
        from harness.commands.run import run_command

    files = {kind: options.pop(kind) for kind in ("json", "junit", "html", "sarif", "har")}
    sys.exit(run_command(files=files, **options))


@cli.command()
@shared.names
@click.option(
    "--weakness", "weakness_ids", multiple=True, metavar="ID", help="Only this row of the table."
)
@click.option(
    "--attack", "attack_ids", multiple=True, metavar="ID", help="Only this column of the table."
)
@click.option(
    "--exhaustive",
    is_flag=True,
    help="Play attacks also on weaknesses of defences that they do not come to.",
)
@click.option(
    "--browser",
    is_flag=True,
    help="Play the attacks that need users with a browser, in Chromium, and no others.",
)
@shared.all_jobs
@shared.seed
@click.option("--json", metavar="F", help="Write the table with its evidence as JSON.")
@click.option("--html", metavar="F", help="Write the table as one page, each cell with evidence.")
@click.option("-v", "--verbose", is_flag=True, help="Show why each attack broke where it did.")
def prove(**options: Any) -> None:
    """Prove that the attacks can tell a sound server from a weakened one.

    Plays every attack on the sound server, where it must be held, and on the server with
    each one of its defences weakened, where the attacks that list the weakness must break
    it. Fails if one does not, if a weakness is found by nobody, or if an attack never breaks.
    That a weakness is found by nobody is said of all attacks and of a folder's.
    """
    with _imports():
        from harness.commands.prove import prove_command

    files = {kind: options.pop(kind) for kind in ("json", "html")}
    sys.exit(prove_command(files=files, **options))


@cli.command()
@click.argument("names", nargs=-1, metavar="[SCRIPT_ID]...")
@click.option(
    "--target",
    metavar="FILE",
    help="Judge what agents did at a running server, described by the JSON that serve"
    " --ready-json prints. It is only read.",
)
@click.option("--session", metavar="ID", help="Only this agent session.")
@click.option(
    "--since", type=click.IntRange(0), metavar="N", help="Only what came after decision record N."
)
@click.option("--task", metavar="FILE", help="What the agent was asked to do: allowed operations.")
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help="The seed of the world that scripts are played in.  [default: 0]",
)
@click.option("--json", metavar="F", help="Write the verdicts with their evidence as JSON.")
@click.option("--html", metavar="F", help="Write them as one page for people.")
@click.option("-v", "--verbose", is_flag=True, help="Show what each rule came to, with evidence.")
def grade(**options: Any) -> None:
    """Judge how an agent behaved: its own task, the least scopes, no more tokens than needed.

    Without --target the scripts that come along are played in process, and the verdict on
    each must be what its temperament and its file say. Exit code 3: nothing was seen.
    """
    with _imports():
        from harness.commands.grade import grade_command

    files = {kind: options.pop(kind) for kind in ("json", "html")}
    sys.exit(grade_command(files=files, **options))


@cli.command()
@click.argument("names", nargs=-1, metavar="[FILE|FOLDER|ID]...")
@click.option(
    "--act",
    "act_names",
    multiple=True,
    metavar="NAME",
    help="Only this act: full authority, read only or narrow approval; may come twice.",
)
@click.option(
    "--target",
    metavar="FILE",
    help="Play against a running server, described by the JSON that serve --ready-json prints.",
)
@click.option("--live", is_flag=True, help="Play over a loopback port instead of in process.")
@shared.weaken
@shared.all_jobs
@shared.seed
@click.option("--json", metavar="F", help="Write the outcomes with their evidence as JSON.")
@click.option("--html", metavar="F", help="Write them as one page, each outcome with evidence.")
@click.option("-v", "--verbose", is_flag=True, help="Show what decided each act.")
def contain(**options: Any) -> None:
    """Show what the design contains of the injections that a misled agent obeys.

    Plays each injection in three acts: the agent has the user's whole authority, where the
    harm must be done; a token that only reads; a narrow approval. Then the state is looked
    at, and compared with what the catalogue says. All are played without a name.
    """
    with _imports():
        from harness.commands.contain import contain_command

    files = {kind: options.pop(kind) for kind in ("json", "html")}
    sys.exit(contain_command(files=files, **options))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def weaknesses(*, as_json: bool) -> None:
    """List the defences, and the weakened forms that --weaken takes."""
    from harness.commands.weaknesses import show_weaknesses

    show_weaknesses(as_json=as_json)


@cli.command("list")
@shared.names
@shared.expression
@click.option("--json", "as_json", is_flag=True, help="As JSON, with files, tags and needs.")
def list_command(names: tuple[str, ...], expression: str | None, *, as_json: bool) -> None:
    """List scenarios: their ids and titles."""
    from harness.commands.listing import show_scenarios

    show_scenarios(names, expression, as_json=as_json)


@cli.command()
@click.argument("names", nargs=-1, metavar="[FILE|FOLDER|ID]...")
def check(names: tuple[str, ...]) -> None:
    """Check scenarios, scripts, worlds and target files, and print every mistake at its line.

    Without a name, all that come along are checked.
    """
    from harness.commands.check import check_files

    check_files(names)


@cli.command()
@click.argument(
    "kind",
    type=click.Choice(["scenario", "script", "injection", "world", "target"]),
    default="scenario",
)
def schema(kind: str) -> None:
    """Print the JSON Schema of scenario, script, world or target files, for editors."""
    from harness.commands.schema import show_schema

    show_schema(kind)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The IP address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port to listen at; 0, the default, takes a free one.",
)
@shared.world
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
@shared.weaken
@shared.scripts
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
    with _imports():
        from harness.commands.serve import serve as run_server

    run_server(**options)


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port of the lab; 0, the default, takes a free one.",
)
@shared.world
@click.option("--seed", type=int, metavar="N", help="Repeat the ids and names of a run.")
@click.option("--no-open", is_flag=True, help="Open no browser.")
@click.option(
    "--ready-json",
    is_flag=True,
    help="Print one line of JSON that describes all of it when it answers, and nothing else.",
)
def demo(**options: Any) -> None:
    """Show the flow in a browser, walk through it, and run attacks: the lab.

    Starts the mock Sentry, Seer and the lab on loopback until Ctrl-C or SIGTERM. The
    address that is printed lets a browser in.
    """
    with _imports():
        from harness.commands.demo import demo as run_demo

    run_demo(**options)


def main() -> None:
    """Runs the command line of this process and exits with its code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A report shows what a server sent; no character of it may end the report.
        sys.stdout.reconfigure(errors="backslashreplace")
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
    except Exception as error:  # noqa: BLE001 - a crash of ours is no verdict on a server
        import traceback

        traceback.print_exception(error)
        click.echo("the harness itself failed: nothing was judged", err=True)
        code = INCONCLUSIVE
    sys.exit(code)
