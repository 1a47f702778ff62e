"""`serve`: the services on loopback until a signal ends them."""

from __future__ import annotations

import ipaddress
import json
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType
from typing import Any, NoReturn

import click

from harness.commands.database import database_url
from harness.commands.failure import Misuse
from harness.commands.secrets import CONTROL, SHARED, read_secrets
from harness.commands.weakening import announce, read_weaknesses
from harness.deployment import Deployment, deploy, serving
from harness.document import DocumentError
from harness.sentry import StoreError

_ENDING = (signal.SIGINT, signal.SIGTERM)


def serve(
    *,
    host: str,
    port: int,
    world: str,
    database: str | None,
    seed: int | None,
    weaknesses: Sequence[str],
    scripts: Sequence[str],
    exposed: bool,
    ready_json: bool,
) -> None:
    """Serves the mock Sentry at `host` until SIGTERM or Ctrl-C.

    Raises Misuse for an address, a world, a database, a secret or a weakness that cannot
    be used.
    """
    weakened = read_weaknesses(weaknesses)
    _check_reach(host, seed=seed, exposed=exposed)
    # Requests that wait for a thread are no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    secrets = read_secrets(seed)
    url = "sqlite://" if database is None else database_url(database)
    with _leaving_quietly():
        try:
            deployment = deploy(
                world,
                seed,
                database=url,
                secrets=secrets,
                weaknesses=weakened,
                scripts=scripts,
            )
        except (DocumentError, StoreError) as error:
            raise Misuse(str(error)) from None
        announce(weakened)
        with closing(deployment):
            _serve(deployment, host, port, ready_json=ready_json)


def _serve(deployment: Deployment, host: str, port: int, *, ready_json: bool) -> None:
    # Threads inherit the mask: from here on only `sigwait` sees these signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        with serving(deployment, host, port) as address:
            _announce(deployment.describe(address), as_json=ready_json)
            signal.sigwait(_ENDING)
    except OSError as error:
        raise Misuse(f"cannot listen at {host} port {port}: {error.strerror or error}") from None
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


@contextmanager
def _leaving_quietly() -> Iterator[None]:
    """Signals end the process with 0 while this lasts."""
    before = {ending: signal.signal(ending, _leave) for ending in _ENDING}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """A signal before the server answers: nothing is lost, so it is no failure either."""
    sys.exit(0)


def _check_reach(host: str, *, seed: int | None, exposed: bool) -> None:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise Misuse(f"--host: {host!r} is no IP address") from None
    if loopback:
        return
    if not exposed:
        raise Misuse(
            f"--host: {host} is not on loopback; others could reach this server, which has"
            " demo logins and a control API. Say --exposed if that is meant"
        )
    if seed is not None:
        raise Misuse("--seed makes every secret predictable, so it stays on loopback")


def _announce(description: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(description, ensure_ascii=False))
    else:
        _show(description)
    sys.stdout.flush()


def _show(description: dict[str, Any]) -> None:
    url, control = description["sentry"]["url"], description["control"]
    click.echo(f"Mock Sentry   {url}")
    click.echo(f"Sign in       {url}/auth/login/")
    click.echo(f"Seer          {description['seer']['url']}")
    click.echo(f"Control API   {control['url']}/clock/ (Authorization: Bearer {control['token']})")
    click.echo(f"Shared secret {description['sentry']['secret']}")
    click.echo()
    rows = [
        (
            user["email"],
            user["password"] or "(does not sign in)",
            ", ".join(f"{m['role']} of {m['organization']}" for m in user["memberships"]) or "-",
        )
        for user in description["users"]
    ]
    _show_table(("email", "password", "roles"), rows)
    click.echo()
    click.echo(f"{SHARED} and {CONTROL} set the secrets; --ready-json prints tokens and ids.")
    click.echo("Ctrl-C ends it.")


def _show_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A drawn table for a terminal, columns of plain text for everything else."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*head)
        for row in rows:
            table.add_row(*row)
        Console(highlight=False, markup=False).print(table)
        return
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
