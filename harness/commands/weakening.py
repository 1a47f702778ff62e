"""The `--weaken` option: weakened defences, named rightly and said loudly."""

from __future__ import annotations

from collections.abc import Sequence

import click

from harness.commands.failure import Misuse
from harness.defence import WEAKNESSES, UnknownWeaknessError, replacements
from harness.document import suggest
from harness.scenario.attack import known_weaknesses


def read_weaknesses(ids: Sequence[str]) -> tuple[str, ...]:
    """The ids, each once and known.

    Raises Misuse for one that there is not, and for two that weaken one defence.
    """
    if not ids:
        return ()
    known_weaknesses()
    chosen = tuple(dict.fromkeys(ids))
    try:
        replacements(chosen)
    except UnknownWeaknessError as error:
        hint = suggest(error.weakness_id, error.known) or "; `seer-harness weaknesses` lists them"
        raise Misuse(f"--weaken: {error}{hint}") from None
    except ValueError as error:
        raise Misuse(f"--weaken: {error}") from None
    return chosen


def announce(ids: Sequence[str]) -> None:
    """Says on stderr what is not as it should be, so that nobody takes it for the real thing."""
    for name in ids:
        weakness = WEAKNESSES[name]
        click.echo(
            click.style("WEAKENED ON PURPOSE", fg="red", bold=True, reverse=True)
            + f" {name}: {weakness.title} (defence {weakness.defence})",
            err=True,
        )
