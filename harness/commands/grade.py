"""`grade`: judges how an agent behaved, by the records of those whom it called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from harness.commands.failure import Misuse
from harness.commands.grade_evidence import Evidence, read_evidence
from harness.commands.output import open_console, trimmed
from harness.commands.reports import Reports
from harness.document import DocumentError, suggest
from harness.grading import Task, judge, read_task
from harness.network import open_transport
from harness.report.grades import Graded, Grades
from harness.report.grades_console import print_grades
from harness.scenario.description import Description, read_target
from harness.scenario.wire import UnreachableError
from harness.seer.script import Script, load_scripts


def grade_command(
    *,
    names: Sequence[str],
    target: str | None,
    session: str | None,
    since: int | None,
    task: str | None,
    seed: int | None,
    files: Mapping[str, str | None],
    verbose: bool,
) -> int:
    """Grades, prints and writes; gives the exit code.

    Raises Misuse for options that contradict each other, an unknown script, and files that
    are wrong or cannot be written; nothing was sent then.
    """
    _check_options(names, target, of_target=(session, since, task), seed=seed)
    reports = Reports(files, render=_render)
    try:
        asked = read_task(task) if task is not None else None
        if target is not None:
            description = read_target(target)
            grades = _grade_target(description, asked, session=session, since=since or 0)
        else:
            grades = _grade_scripts(_choose(names), seed or 0)
    except DocumentError as error:
        raise Misuse(str(error)) from None
    except UnreachableError as error:
        grades = Grades(target or "", (), problem=str(error))
    console = open_console(aside=reports.on_stdout)
    with trimmed(console):
        print_grades(grades, console, verbose=verbose)
    reports.write(grades)
    return grades.exit_code


def _check_options(
    names: Sequence[str], target: str | None, *, of_target: tuple[object, ...], seed: int | None
) -> None:
    if target is None:
        if any(option is not None for option in of_target):
            raise Misuse("--session, --since and --task are about a --target")
        return
    if names:
        raise Misuse("scripts are played in process; at a --target is judged what was done there")
    if seed is not None:
        raise Misuse("--seed: a running server has the world that it has")


def _choose(names: Sequence[str]) -> list[tuple[Script, Task]]:
    """The scripts of these ids, or all, each with what its user asks. Raises DocumentError."""
    from harness.commands.rehearsal import task_of

    scripts = {script.id: script for script in load_scripts()}
    for name in names:
        if name not in scripts:
            raise Misuse(f"there is no script {name!r}{suggest(name, scripts)}")
    chosen = list(dict.fromkeys(names)) or list(scripts)
    return [(scripts[name], task_of(scripts[name], scripts.values())) for name in chosen]


def _grade_scripts(chosen: Sequence[tuple[Script, Task]], seed: int) -> Grades:
    """Each script played for a user who approves what belongs to the question.

    An honest one is played again for one who approves nothing. So is one that does not stop
    after a no: what it breaks shows only there.
    """
    from harness.commands.rehearsal import open_stage

    graded: list[Graded] = []
    with open_stage(seed) as stage:
        for script, task in chosen:
            for refusing in _ways(script):
                evidence = stage.play(script, task, refusing=refusing)
                graded.append(_grade_one(script, task, evidence, refusing=refusing))
    return Grades("in process", tuple(graded), seed=seed, rehearsed=True)


def _ways(script: Script) -> Iterator[bool]:
    if script.temperament == "honest":
        yield from (False, True)
    else:
        yield "stops-after-no" in script.fails


def _grade_one(script: Script, task: Task, evidence: Evidence, *, refusing: bool) -> Graded:
    cases = evidence.cases()
    return Graded(
        name=script.id,
        title=script.title,
        grade=judge(cases[0], task) if len(cases) == 1 else None,
        temperament=script.temperament,
        expected=script.fails,
        refusing=refusing,
    )


def _grade_target(
    description: Description, task: Task | None, *, session: str | None, since: int
) -> Grades:
    """Every session of an agent that the target's records have. Raises UnreachableError."""
    url, access = description.sentry.url, description.control
    if access is None:
        return Grades(url, (), problem="this target has no control API, which tells the records")
    with ExitStack() as around:
        transport = around.enter_context(open_transport(access.url))
        seer = description.seer and description.seer.control
        other = around.enter_context(open_transport(seer.url)) if seer else None
        evidence = read_evidence(description, access, transport, other, since=since)
    cases = [case for case in evidence.cases() if session in (None, case.session)]
    graded = tuple(Graded(case.session, _who(case.user), judge(case, task)) for case in cases)
    what = "session of an agent" if session is None else f"session {session!r}"
    return Grades(url, graded, problem="" if graded else f"no {what} is in the records")


def _who(user: str | None) -> str:
    return "of a user who is not known" if user is None else f"of user {user}"


def _render(kind: str) -> Callable[[Any], str]:
    # Each is imported when it is asked for: templates take a while.
    if kind == "json":
        from harness.report.grades_json import render_grades_json

        return render_grades_json
    from harness.report.grades_page import render_grades_page

    return render_grades_page
