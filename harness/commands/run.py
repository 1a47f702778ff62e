"""`run`: plays scenarios, shows what came of them, writes the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.commands.failure import Misuse
from harness.commands.output import open_console, trimmed
from harness.commands.reports import Reports
from harness.commands.selection import select
from harness.commands.weakening import announce, read_weaknesses
from harness.deployment import keep_quiet
from harness.document import DocumentError
from harness.report.console import print_plan, print_run, show_progress
from harness.scenario.description import Description, is_loopback, read_target
from harness.scenario.loader import load_scenarios
from harness.scenario.model import Scenario
from harness.scenario.runner import DEFAULT_SEED, People, plan_scenarios, run_scenarios
from harness.scenario.targets import InProcess, Loopback, Running, Seed, Target
from harness.world import load_world


def run_command(
    *,
    names: Sequence[str],
    target: str | None,
    live: bool,
    browser: bool,
    headed: bool,
    trace: str | None,
    world: str | None,
    weaknesses: Sequence[str],
    scripts: Sequence[str],
    plan: bool,
    seed: int | None,
    shuffle: bool,
    jobs: int,
    files: Mapping[str, str | None],
    sarif_all: bool,
    expression: str | None,
    verbose: bool,
    curl: bool,
) -> int:
    """Plays the scenarios that `names` and `expression` select; gives the exit code.

    `files`: where each kind of report goes. Raises Misuse for options that contradict each
    other, and for files that are wrong or cannot be written; nothing was sent then.
    """
    _check_options(target, live=live, world=world, plan=plan, jobs=jobs)
    people = _find_people(browser=browser, headed=headed, trace=trace, plan=plan)
    if weaknesses and target is not None:
        raise Misuse("--weaken: a running server is as it is; serve --weaken starts another")
    if scripts and target is not None:
        raise Misuse(
            "--scripts: a running server's Seer is as it is; serve --scripts starts another"
        )
    weakened = read_weaknesses(weaknesses)
    if weakened:
        keep_quiet()
    reports = Reports(files, everything=sarif_all)
    try:
        where = find_target(
            target, live=live or browser, weaknesses=weakened, scripts=tuple(scripts)
        )
        if trace is not None and isinstance(where, Running):
            _refuse_strangers_traces(where.description)
        scenarios = select(load_scenarios(names), expression)
        if not browser and not _names_some(names):
            scenarios = _leave_out(scenarios)
        if world is not None:
            scenarios = _move_to(world, scenarios)
        console = open_console(aside=reports.on_stdout)
        sown: Seed = DEFAULT_SEED if seed is None else seed
        if plan:
            run = plan_scenarios(scenarios, where, seed=sown)
            with trimmed(console):
                print_plan(run, console, curl=curl)
        else:
            with show_progress(console, len(scenarios)) as on_progress:
                run = run_scenarios(
                    scenarios,
                    where,
                    jobs=jobs,
                    seed=sown,
                    order="shuffled" if shuffle else "listed",
                    people=people,
                    on_progress=on_progress,
                )
            with trimmed(console):
                print_run(run, console, verbose=verbose, curl=curl)
        announce(weakened)
    except DocumentError as error:
        raise Misuse(str(error)) from None
    reports.write(run)
    return run.exit_code


def _names_some(names: Sequence[str]) -> bool:
    return any(not Path(name).is_dir() for name in names)


def _leave_out(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Of all there are, those that need no browser; how many do is said."""
    kept = [scenario for scenario in scenarios if not scenario.browser]
    count = len(scenarios) - len(kept)
    if count:
        needs = "scenarios need" if count != 1 else "scenario needs"
        click.echo(f"left out: {count} {needs} users with a browser: run --browser", err=True)
    return kept


def _find_people(*, browser: bool, headed: bool, trace: str | None, plan: bool) -> People | None:
    """Users in a browser, where they are to be. Raises Misuse where there is none."""
    if headed and not browser:
        raise Misuse("--headed: there is a window only with --browser")
    if trace is not None and not browser:
        raise Misuse("--trace: there is something to trace only with --browser")
    if not browser or plan:
        return None
    from harness.browser import BrowserMissingError, BrowserPeople

    people = BrowserPeople(headed=headed, pictures=True, traces=_make_folder(trace))
    try:
        people.check()
    except BrowserMissingError as error:
        raise Misuse(f"--browser: {error}") from None
    return people


def _refuse_strangers_traces(description: Description) -> None:
    """A trace holds session cookies: of a mock's users nobody minds. Raises Misuse."""
    if not is_loopback(description.sentry.url):
        raise Misuse("--trace: it would hold session cookies of a server beyond loopback")


def _make_folder(name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"--trace: {name}: {error.strerror}") from None
    return folder


def _check_options(
    target: str | None, *, live: bool, world: str | None, plan: bool, jobs: int
) -> None:
    if target is None:
        return
    if live:
        raise Misuse("--live starts a server, --target names one that runs: choose one of them")
    if world is not None:
        raise Misuse("--world: a running server has the world that it has")
    if jobs > 1 and not plan:
        raise Misuse("-j: at a running server scenarios are played one after another")


def find_target(
    file: str | None, *, live: bool, weaknesses: tuple[str, ...], scripts: tuple[str, ...] = ()
) -> Target:
    """Where is played, as the options say. Raises DocumentError for a wrong description."""
    if file is not None:
        return Running(read_target(file))
    kind = Loopback if live else InProcess
    own = kind(weaknesses=weaknesses, scripts=scripts)
    # Every report says on what it was played.
    return (
        replace(own, name=f"{own.name}, weakened: {', '.join(weaknesses)}") if weaknesses else own
    )


def _move_to(world: str, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios in another world; what cannot be cast there is inconclusive."""
    load_world(world)
    return [replace(scenario, world=world) for scenario in scenarios]
