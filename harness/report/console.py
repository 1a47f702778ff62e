"""A run on the terminal: progress while it lasts, then a table, then what failed and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from harness.events import Outcome, describe_route
from harness.report.curl import render_curl
from harness.report.steps import (
    Event,
    StepView,
    describe_check,
    describe_exchange,
    find_event,
    one_line,
    read_steps,
)
from harness.report.text import visible
from harness.scenario.attack import Verdict
from harness.scenario.result import Result, Run
from harness.scenario.runner import Progress as OnProgress

_STYLES: dict[Outcome | Verdict, str] = {
    "passed": "green",
    "held": "green",
    "failed": "bold red",
    "broken": "bold red",
    "inconclusive": "yellow",
    "planned": "cyan",
}
_MOST_LINES, _MOST_CHARACTERS = 60, 1000


@contextmanager
def show_progress(console: Console, total: int) -> Iterator[OnProgress]:
    """What to give `run_scenarios` as `on_progress`: a bar, on a terminal only."""
    if not console.is_terminal or not total:
        yield lambda _done, _all, _result: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("playing", total=total)

        def note(done: int, _: int, result: Result) -> None:
            progress.update(task, completed=done, description=visible(result.scenario))

        yield note


def print_run(run: Run, console: Console, *, verbose: bool = False, curl: bool = False) -> None:
    """The table of all scenarios, then the failed ones; `verbose` tells every step of all.

    `curl`: with each step that is told its exchanges as commands; `verbose` has them too.
    """
    for result in run.results:
        if verbose or result.outcome == "failed":
            print_result(result, console, verbose=verbose, curl=curl)
    console.print(_table(run))
    console.print(_summary(run))


def print_result(
    result: Result, console: Console, *, verbose: bool = False, curl: bool = False
) -> None:
    """One scenario: its failed steps with their exchanges; `verbose` tells every step."""
    # Commands are longer than the terminal is wide, and stay whole; all else is wrapped.
    console.print(_tell(result, verbose=verbose, curl=curl or verbose), crop=False)


def print_plan(run: Run, console: Console, *, curl: bool = False) -> None:
    """What would be sent, by scenario and step; `curl` as commands as well."""
    for result in run.results:
        console.print(_heading(result))
        if result.outcome == "inconclusive":
            console.print(Padding(_text(result.reason, "yellow"), (0, 0, 0, 2)))
        for view in read_steps(result):
            console.print(Padding(_plan_step(view), (0, 0, 0, 2)))
            if curl:
                console.print(Group(*_commands(view)), crop=False)


def _plan_step(view: StepView) -> Group:
    lines = [_text(_step_line(view), "bold")] if view.step else []
    for exchange in view.of("exchange"):
        purpose = "" if exchange["purpose"] == "step" else f"  ({exchange['purpose']})"
        route = describe_route(exchange)
        told = f"{exchange['method']} {exchange['url']}{purpose}"
        lines.append(_text(f"  {route} {told}" if route else f"  {told}"))
        shown = [f"{name}: {value}" for name, value in exchange["request_headers"]]
        lines += [_text(f"      {line}", "dim") for line in shown if _tells(line)]
        if exchange["request_body"]:
            lines.append(_text(f"      {exchange['request_body']}", "dim"))
    return Group(*lines)


def _tells(line: str) -> bool:
    return not line.lower().startswith(("host:", "accept:", "content-length:", "content-type:"))


def _table(run: Run) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("outcome")
    table.add_column("scenario", overflow="fold")
    table.add_column("checks", justify="right")
    table.add_column("", overflow="fold")
    for result in run.results:
        held, count = result.checks
        about = result.title if result.outcome in ("passed", "planned") else result.reason
        table.add_row(
            Text(result.word, _STYLES[result.word]),
            _text(result.scenario),
            f"{held}/{count}",
            _text(about, "" if result.outcome == "failed" else "dim"),
        )
    return table


def _summary(run: Run) -> Text:
    text = Text()
    for word, count in run.words.items():
        text.append(f"{count} {word}", _STYLES[word]).append("  ")
    if not run.results:
        text.append("no scenario was played", "yellow").append("  ")
    where = f"target: {run.target}" + (f", seed {run.seed}" if run.seed else "")
    text.append(visible(where), "dim")
    return text


def _tell(result: Result, *, verbose: bool, curl: bool) -> Group:
    parts: list[RenderableType] = [_heading(result)]
    started = find_event(result, "started")
    if verbose and started.get("note"):
        parts.append(Padding(_text(started["note"].strip(), "italic"), (0, 0, 0, 2)))
    if verbose and started.get("cast"):
        cast = ", ".join(f"{name} is {who}" for name, who in started["cast"].items())
        parts.append(Padding(_text(cast, "dim"), (0, 0, 0, 2)))
    for view in read_steps(result):
        if verbose or view.failed:
            parts.append(Padding(_tell_step(view), (0, 0, 0, 2)))
            parts += list(_commands(view)) if curl else []
    if result.outcome == "inconclusive":
        parts.append(Padding(_text(result.reason, "yellow"), (0, 0, 0, 2)))
    return Group(*parts)


def _heading(result: Result) -> Text:
    return Text.assemble(
        (f"{result.word}  ", _STYLES[result.word]),
        (visible(result.scenario), "bold"),
        (f"  {visible(result.title)}", ""),
    )


def _tell_step(view: StepView) -> Group:
    style = "red" if view.failed else "green"
    lines: list[Text | Panel | Padding] = []
    if view.step:
        lines.append(_text(_step_line(view), style))
        if view.step["note"]:
            lines.append(_text(f"  {view.step['note'].strip()}", "italic"))
    for check in view.of("check"):
        if check["passed"]:
            lines.append(_text(f"  ✓ {check['name']}: {one_line(check['expected'])}", "dim"))
            continue
        lines.append(_text(f"  ✗ {check['name']}", "red"))
        lines += [_text(f"      {head}: {_short(text)}") for head, text in describe_check(check)]
    if view.failed:
        lines += [Padding(_exchange(exchange), (0, 0, 0, 2)) for exchange in view.of("exchange")]
        lines += [_text(f"  {_decision_line(event)}", "dim") for event in view.of("decision")]
    return Group(*lines)


def _commands(view: StepView) -> Iterator[Line | Text]:
    for exchange in view.of("exchange"):
        if route := describe_route(exchange):
            yield _text(f"    {route} {_outline(exchange)}")
        yield Line(f"    {render_curl(exchange)}", "dim")


def _outline(exchange: Event) -> str:
    """`POST /v1/chat  200`; of another host the whole address."""
    url = exchange["url"]
    place = url if exchange["server"] == "outside" else urlsplit(url).path or "/"
    status = exchange["status"]
    answer = f"no answer: {exchange['error']}" if status is None else str(status)
    return f"{exchange['method']} {place}  {answer}"


class Line:
    """A line that is never broken or cut, so that it can be copied whole."""

    def __init__(self, text: str, style: str) -> None:
        self._text = text
        self._style = style

    def __rich_console__(self, console: Console, _: ConsoleOptions) -> Iterator[Segment]:
        yield Segment(visible(self._text), console.get_style(self._style))
        yield Segment.line()


def _step_line(view: StepView) -> str:
    step = view.step or {}
    role = f", {step['role']}" if step["role"] else ""
    place = f"(line {step['line']}{role})"
    return f"{step['index']}. {view.action} {one_line(step['arguments'])}  {place}"


def _exchange(exchange: Event) -> Panel:
    lines = [_short(line) for line in describe_exchange(exchange)]
    if len(lines) > _MOST_LINES:
        more = len(lines) - _MOST_LINES
        lines = [*lines[:_MOST_LINES], f"… {more} more lines in the JSON report"]
    title = f"{exchange['actor']}: {exchange['purpose']}"
    return Panel(_text("\n".join(lines)), title=_text(title), title_align="left", expand=False)


def _decision_line(event: Event) -> str:
    record = event["record"]
    words = [
        f"{key} {one_line(record[key])}" for key in ("rule", "wanted", "held") if key in record
    ]
    return f"the server's record: {record.get('decision')} by {', '.join(words)}"


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)


def _short(text: str) -> str:
    """What was written is redacted already, so that it may be cut."""
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]}… {len(text)} characters, all in the JSON report"
