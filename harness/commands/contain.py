"""`contain`: what the design contains of the injections that a misled agent obeys."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.commands.failure import Misuse
from harness.commands.output import open_console, trimmed
from harness.commands.reports import Reports
from harness.commands.run import find_target
from harness.commands.weakening import announce, read_weaknesses
from harness.deployment import keep_quiet
from harness.document import DocumentError, suggest
from harness.injections import Act, load_injections
from harness.report.containment_console import print_containment
from harness.report.proof_console import show_progress
from harness.scenario.acts import ACTS
from harness.scenario.containment import contain
from harness.scenario.runner import DEFAULT_SEED


def contain_command(
    *,
    names: Sequence[str],
    act_names: Sequence[str],
    target: str | None,
    live: bool,
    weaknesses: Sequence[str],
    jobs: int | None,
    seed: int | None,
    files: Mapping[str, str | None],
    verbose: bool,
) -> int:
    """Plays the acts of the injections, prints what came of them; gives the exit code.

    Raises Misuse for names that there are not, for options that contradict each other, and
    for files that are wrong or cannot be written; nothing was played then.
    """
    if target is not None and live:
        raise Misuse("--live starts a server, --target names one that runs: choose one of them")
    if target is not None and weaknesses:
        raise Misuse("--weaken: a running server is as it is; serve --weaken starts another")
    if target is not None and (jobs or 1) > 1:
        raise Misuse("-j: at a running server injections are played one after another")
    acts = _choose_acts(act_names)
    weakened = read_weaknesses(weaknesses)
    if weakened:
        keep_quiet()
    reports = Reports(files, render=_render)
    try:
        where = find_target(target, live=live, weaknesses=weakened)
        injections = load_injections(names)
        console = open_console(aside=reports.on_stdout)
        with show_progress(console) as on_progress:
            whole = contain(
                injections,
                where,
                acts=acts,
                jobs=jobs or os.cpu_count() or 1,
                seed=DEFAULT_SEED if seed is None else seed,
                on_progress=on_progress,
            )
    except DocumentError as error:
        raise Misuse(str(error)) from None
    with trimmed(console):
        print_containment(whole, console, verbose=verbose)
    announce(weakened)
    reports.write(whole)
    return whole.exit_code


def _choose_acts(names: Sequence[str]) -> tuple[Act, ...]:
    """The acts of these names, in their own order; all without one."""
    for name in names:
        if name not in ACTS:
            raise Misuse(f"--act: there is no act {name!r}{suggest(name, ACTS)}")
    return tuple(act for act in ACTS if act in names or not names)


def _render(kind: str) -> Callable[[Any], str]:
    if kind == "json":
        from harness.report.containment_json import render_containment_json

        return render_containment_json
    from harness.report.containment_page import render_containment

    return render_containment
