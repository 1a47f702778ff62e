"""What a person sees on the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.report.console import print_plan, print_run, show_progress
from harness.report.curl import render_curl
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.report.runs import GOOD, planned, played, wicked
from tests.scenario.theatre import scenario_of


def printed(run: Run, *, verbose: bool = False, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=terminal)
    print_run(run, console, verbose=verbose)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_has_every_scenario_and_its_reason() -> None:
    text = printed(played())
    table = text[text.index("outcome") :]
    assert ["passed", "good", "1/1", "It", "holds"] in [line.split() for line in table.splitlines()]
    assert "step 1, mel calls (line 9): status, json" in table
    assert "nobody in this target can be kim" in table
    assert text.rstrip().endswith("1 passed  1 failed  1 inconclusive  target: in process, seed 0")


def test_a_failed_step_is_told_with_its_exchange() -> None:
    text = printed(played())
    for part in (
        "✗ status",
        "expected: 418",
        "came: 200",
        'at /slug: expected "nothing", came "acme"',
        "GET http://sentry.test/api/0/organizations/acme/",
        "Authorization: Bearer <user token 1>",
        "HTTP 200",
        "the server's record: allow by rule",
    ):
        assert part in text
    assert "It holds" not in text[: text.index("outcome")]


def test_verbose_tells_what_passed_as_well() -> None:
    text = printed(played(), verbose=True)
    assert "Look here." in text
    assert "✓ status: 200 to 299" in text
    assert "mel is mia@example.com" in text


def test_a_plan_tells_what_would_be_sent() -> None:
    console = Console(file=io.StringIO(), width=120)
    print_plan(planned(), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "POST http://sentry.test/api/0/organizations/acme/agent/approve/" in text
    assert "(sign in)" in text
    assert "<password 1>" in text


@pytest.mark.parametrize("width", [40, 120])
def test_commands_are_whole_lines(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    for run in (played(), planned()):
        commands = [
            render_curl(event)
            for result in run.results
            for event in result.events
            if event["kind"] == "exchange"
        ]
        assert commands
        print_run(run, console, verbose=True)
        print_plan(run, console, curl=True)
        print_run(run, console, curl=True)
        assert isinstance(console.file, io.StringIO)
        lines = [line.strip() for line in console.file.getvalue().splitlines()]
        assert [command for command in commands if lines.count(command) < 2] == []
    assert "curl" not in printed(played())


def test_a_terminal_is_not_told_what_to_do_by_a_server() -> None:
    for terminal in (False, True):
        text = printed(wicked(), terminal=terminal)
        assert "\\x1b[2J" in text
        assert "\x1b[2J" not in text
        assert "\x00" not in text
        assert "\u202e" not in text


def test_no_markup_of_a_server_is_taken_for_ours() -> None:
    scenario = scenario_of(GOOD, id="markup", title='"[bold]x[/bold] [link=http://h]y[/link]"')
    text = printed(run_scenarios([scenario], InProcess()))
    assert "[bold]x[/bold]" in text


def test_nothing_played_is_said() -> None:
    assert "no scenario was played" in printed(Run("in process", "0", []))


@pytest.mark.parametrize("terminal", [False, True])
def test_a_bar_is_shown_on_a_terminal_only(terminal: bool) -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=terminal)
    run = played()
    with show_progress(console, 3) as note:
        for done, result in enumerate(run.results, 1):
            note(done, 3, result)
    assert isinstance(console.file, io.StringIO)
    assert ("3/3" in console.file.getvalue()) is terminal
