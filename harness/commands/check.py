"""`check`: every mistake in files of every kind, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import click

from harness.commands.failure import Misuse
from harness.document import DocumentError, Mistake
from harness.document.source import load, read_text
from harness.injections import load_injections
from harness.resources import is_of_agents, locate
from harness.scenario.description import read_target
from harness.scenario.loader import load_scenarios
from harness.seer.script.loader import load_scripts
from harness.world import load_world

Kind = Literal["scenario", "script", "injection", "world", "target"]

_SUFFIXES = (".yaml", ".yml")


def check_files(names: Sequence[str]) -> None:
    """Says how many files are right; without names, those that come along are checked.

    Raises Misuse with every mistake of every file.
    """
    files = _find(names or [str(locate("scenarios")), str(locate("fixtures") / "worlds")])
    mistakes: list[Mistake] = []
    kinds: dict[Kind, list[str]] = {}
    for file in files:
        try:
            kinds.setdefault(_kind(file), []).append(file)
        except DocumentError as error:
            mistakes += error.mistakes
    for kind, alike in kinds.items():
        mistakes += _mistakes(kind, alike)
    if mistakes:
        lines = "\n".join(map(str, mistakes))
        raise Misuse(f"{len(mistakes)} mistake{'s' * (len(mistakes) != 1)}\n{lines}")
    click.echo(f"{len(files)} file{'s' * (len(files) != 1)} checked, no mistakes")


def _mistakes(kind: Kind, files: list[str]) -> Iterator[Mistake]:
    try:
        # Together, because two of them may have the same id.
        if kind == "scenario":
            load_scenarios(files)
        elif kind == "script":
            load_scripts(files)
        elif kind == "injection":
            load_injections(files)
    except DocumentError as error:
        yield from error.mistakes
    for file in files:
        try:
            if kind == "world":
                load_world(Path(file))
            elif kind == "target":
                read_target(file)
        except DocumentError as error:
            yield from error.mistakes


def _find(names: Sequence[str]) -> list[str]:
    """The files: those below a folder, and every other name as it is."""
    files: dict[str, None] = {}
    for name in names:
        path = Path(name)
        found = [name]
        if path.is_dir():
            found = [str(file) for file in sorted(path.rglob("*")) if file.suffix in _SUFFIXES]
            if not found:
                raise Misuse(f"{name}: no YAML files in this folder")
        files |= dict.fromkeys(found)
    return list(files)


def _kind(file: str) -> Kind:
    """What a file is meant to be, by its keys. Raises DocumentError if it cannot be read."""
    if not Path(file).is_file() and not file.endswith((*_SUFFIXES, ".json")):
        # The id of a scenario that comes along.
        return "scenario"
    root, _, _ = load(read_text(file), file)
    keys = set(root.value if isinstance(root.value, dict) else ())
    if "sentry" in keys:
        return "target"
    if "steps" in keys:
        return "scenario"
    if "organizations" in keys:
        return "world"
    if keys & {"demands", "harmed"}:
        return "injection"
    if keys & {"plan", "temperament"}:
        return "script"
    if is_of_agents(Path(file)):
        return "injection" if Path(file).parent.name == "injections" else "script"
    return "scenario"
