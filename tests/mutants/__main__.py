"""Runs cosmic-ray over the modules that decide, in a copy, and judges who survived.

    python -m tests.mutants --cosmic-ray build/mutants-venv/bin/cosmic-ray [MODULE …]

A survivor is a mistake that no test finds. Each must stand in survivors.toml with the
reason why it may live; one that does not is an error, and so is a reason for nobody.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from tests.mutants.places import is_worthwhile, silent_spans

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.toml")
MODULES = Path(__file__).with_name("modules.toml")
_COPIED = ("harness", "tests", "fixtures", "scenarios", "pyproject.toml", "README.md")
#: Seconds after which a mutant counts as killed: it loops.
_PATIENCE = 120.0


@dataclass(frozen=True)
class Module:
    """A module to mutate, the tests that should find it, and names for weakened forms alone."""

    path: str
    tests: tuple[str, ...]
    helpers: frozenset[str]


@dataclass(frozen=True, order=True)
class Mutant:
    """A mistake: the line as it was and as it became, in a function."""

    module: str
    function: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.module}, {self.function}:\n  - {self.was}\n  + {self.now}"


def read_modules() -> list[Module]:
    """Those that decide, in the order of the file."""
    read = tomllib.loads(MODULES.read_text("utf-8"))["module"]
    return [
        Module(one["path"], tuple(one["tests"]), frozenset(one.get("helpers", ()))) for one in read
    ]


def read_survivors() -> dict[Mutant, str]:
    """{mutant that may live: why}."""
    read = tomllib.loads(SURVIVORS.read_text("utf-8")).get("survivor", [])
    return {
        Mutant(one["module"], one["function"], one["was"], one["now"]): one["reason"]
        for one in read
    }


def mutate(module: Module, folder: Path, cosmic_ray: Path) -> tuple[Counter[str], list[Mutant]]:
    """Makes every mutant of `module` in `folder`: the outcomes, and who survived.

    Raises UsageError where its tests fail without any mutant: they would kill all of them.
    """
    name = module.path.replace("/", ".").removesuffix(".py")
    config, session = folder / f"{name}.toml", folder / f"{name}.sqlite"
    session.unlink(missing_ok=True)
    config.write_text(_config(module), "utf-8")
    try:
        _run(cosmic_ray, "baseline", config, cwd=folder)
    except subprocess.CalledProcessError:
        raise click.UsageError(f"the tests of {module.path} fail as it stands") from None
    _run(cosmic_ray, "init", config, session, cwd=folder)
    skipped = _skip(session, module, (ROOT / module.path).read_text("utf-8"))
    _run(cosmic_ray, "exec", config, session, cwd=folder)
    with sqlite3.connect(session) as database:
        rows = database.execute(
            "select s.definition_name, r.test_outcome, r.worker_outcome, r.diff "
            "from work_results r join mutation_specs s using (job_id)"
        ).fetchall()
    outcomes = Counter(outcome or worker for _, outcome, worker, _ in rows)
    outcomes["SKIPPED"] = skipped
    alive = [
        _read_diff(module, name, diff) for name, outcome, _, diff in rows if outcome == "SURVIVED"
    ]
    return outcomes, sorted(alive)


def _config(module: Module) -> str:
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider"]
    command = " ".join([*words, *(f"'{test}'" for test in module.tests)])
    return "\n".join(
        [
            "[cosmic-ray]",
            f"module-path = {json.dumps(module.path)}",
            f"timeout = {_PATIENCE}",
            "excluded-modules = []",
            f"test-command = {json.dumps(command)}",
            "[cosmic-ray.distributor]",
            'name = "local"',
            "",
        ]
    )


def _skip(session: Path, module: Module, source: str) -> int:
    """Takes out the mutants that would tell nothing: how many."""
    silent = silent_spans(source, module.helpers)
    with sqlite3.connect(session) as database:
        rows = database.execute(
            "select job_id, operator_name, start_pos_row, start_pos_col from mutation_specs"
        ).fetchall()
        gone = [
            (job,)
            for job, operator, line, column in rows
            if any(span.holds(line, column) for span in silent)
            or not is_worthwhile(operator, source, line, column)
        ]
        for table in ("mutation_specs", "work_items"):
            database.executemany(f"delete from {table} where job_id = ?", gone)  # noqa: S608
    return len(gone)


def _read_diff(module: Module, function: str | None, diff: str) -> Mutant:
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was = [line[1:].strip() for line in lines if line.startswith("-")]
    now = [line[1:].strip() for line in lines if line.startswith("+")]
    return Mutant(module.path, function or "", " ".join(was), " ".join(now))


def _run(*command: str | Path, cwd: Path) -> None:
    # Two mutants of one length within a second would share their compiled form.
    plain = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([str(word) for word in command], cwd=cwd, env=plain, check=True)


def _copy(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def _chosen(names: Iterable[str]) -> Iterator[Module]:
    modules, wanted = read_modules(), list(names)
    known = [module.path for module in modules]
    for name in wanted:
        if name not in known:
            raise click.UsageError(f"no module {name!r}; there are {', '.join(known)}")
    yield from (module for module in modules if not wanted or module.path in wanted)


@click.command(help=__doc__)
@click.option("--cosmic-ray", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "build" / "mutants")
@click.argument("modules", nargs=-1)
def main(cosmic_ray: Path, folder: Path, modules: tuple[str, ...]) -> None:
    chosen = list(_chosen(modules))
    known = read_survivors()
    _copy(folder)
    unknown: list[Mutant] = []
    unmet = {mutant for mutant in known if mutant.module in {one.path for one in chosen}}
    for module in chosen:
        outcomes, alive = mutate(module, folder, cosmic_ray.absolute())
        told = ", ".join(f"{count} {word.lower()}" for word, count in sorted(outcomes.items()))
        click.echo(f"{module.path}: {told}")
        unknown += [mutant for mutant in alive if mutant not in known]
        unmet -= set(alive)
    for mutant in unknown:
        click.echo(f"survived, for no reason given: {mutant}")
    for mutant in sorted(unmet):
        click.echo(f"a reason is given, and nobody survived: {mutant}")
    sys.exit(1 if unknown or unmet else 0)


if __name__ == "__main__":
    main()
