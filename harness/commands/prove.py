"""`prove`: that the attacks can tell a sound server from a weakened one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness.commands.failure import Misuse
from harness.commands.output import open_console, trimmed
from harness.commands.reports import Reports
from harness.document import DocumentError, suggest
from harness.report.proof_console import print_proof, show_progress
from harness.scenario.loader import load_scenarios
from harness.scenario.model import Scenario
from harness.scenario.proof import list_weaknesses
from harness.scenario.prover import Choice, choose, prove
from harness.scenario.result import INCONCLUSIVE
from harness.scenario.runner import DEFAULT_SEED, People


def prove_command(
    *,
    names: Sequence[str],
    weakness_ids: Sequence[str],
    attack_ids: Sequence[str],
    exhaustive: bool,
    browser: bool,
    jobs: int | None,
    seed: int | None,
    files: Mapping[str, str | None],
    verbose: bool,
) -> int:
    """Plays the table, prints it and writes it; gives the exit code.

    Raises Misuse for an id that there is not, and for files that are wrong or cannot be
    written; nothing was played then.
    """
    people = None
    if browser:
        people = find_people()
        if people is None:
            return INCONCLUSIVE
    reports = Reports(files, render=_render)
    try:
        choice = _choose(
            load_scenarios(names),
            attack_ids,
            weakness_ids,
            exhaustive=exhaustive,
            browser=browser,
        )
        if _names_some(names):
            choice = replace(choice, all_attacks=False)
        console = open_console(aside=reports.on_stdout)
        with show_progress(console) as on_progress:
            proof = prove(
                choice,
                jobs=jobs or os.cpu_count() or 1,
                seed=DEFAULT_SEED if seed is None else seed,
                people=people,
                on_progress=on_progress,
            )
    except DocumentError as error:
        raise Misuse(str(error)) from None
    with trimmed(console):
        print_proof(proof, console, verbose=verbose)
    reports.write(proof)
    return proof.exit_code


def _choose(
    scenarios: Sequence[Scenario],
    attack_ids: Sequence[str],
    weakness_ids: Sequence[str],
    *,
    exhaustive: bool,
    browser: bool,
) -> Choice:
    attacks = [scenario.id for scenario in scenarios if scenario.attack is not None]
    weaknesses = [weakness.id for weakness in list_weaknesses()]
    for option, ids, known, command in (
        ("--attack", attack_ids, attacks, "list"),
        ("--weakness", weakness_ids, weaknesses, "weaknesses"),
    ):
        for name in ids:
            if name not in known:
                hint = suggest(name, known) or f"; `seer-harness {command}` lists them"
                raise Misuse(f"{option}: there is no {option[2:]} {name!r}{hint}")
    return choose(
        scenarios,
        attack_ids=attack_ids,
        weakness_ids=weakness_ids,
        exhaustive=exhaustive,
        browser=browser,
    )


def find_people() -> People | None:
    """Users with a browser; None, said loudly, where no browser can be had."""
    from harness.browser import BrowserMissingError, BrowserPeople

    people = BrowserPeople()
    try:
        people.check()
    except BrowserMissingError as error:
        click.secho(f"NOTHING WAS PROVED IN A BROWSER: {error}", fg="red", bold=True, err=True)
        return None
    return people


def _names_some(names: Sequence[str]) -> bool:
    """Whether files and ids alone were named: of a few attacks nobody expects every weakness."""
    return bool(names) and not any(Path(name).is_dir() for name in names)


def _render(kind: str) -> Callable[[Any], str]:
    if kind == "json":
        from harness.report.proof_json import render_proof_json

        return render_proof_json
    from harness.report.table import render_table

    return render_table
