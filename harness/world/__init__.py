"""The world that a scenario plays in: organizations, users, and what they hold.

    world = load_world("two-organizations")          # or the path of a file
    population = populate(world, Randomness(7), clock.now())

A world file is YAML; `World` says what may stand in it, and `world_schema` says it as
JSON Schema. Names, titles and events that the file leaves out are made up from the
seed, and so are all passwords and tokens, which no file holds.
"""

from __future__ import annotations

from pathlib import Path

from harness.document import DocumentError, Mistake, parse, read, suggest
from harness.resources import locate
from harness.world.model import World, world_schema
from harness.world.population import Population, populate
from harness.world.references import check_references

__all__ = [
    "Population",
    "World",
    "load_world",
    "parse_world",
    "populate",
    "world_names",
    "world_schema",
]

_SUFFIXES = (".yaml", ".yml")


def load_world(name_or_path: str | Path) -> World:
    """The world of that name in `fixtures/worlds`, or in that file.

    A path ends in `.yaml` or `.yml` or has a slash in it, or is a `Path`.
    Raises DocumentError with everything that is wrong with it.
    """
    if isinstance(name_or_path, str) and not _is_path(name_or_path):
        names = world_names()
        if name_or_path not in names:
            message = f"unknown world{suggest(name_or_path, names)}"
            raise DocumentError([Mistake(name_or_path, None, None, "", message)])
        name_or_path = _folder() / f"{name_or_path}.yaml"
    return read(name_or_path, World, check_references).model


def parse_world(text: str, *, name: str = "<text>") -> World:
    """The world in `text`; `name` stands for the file. Raises DocumentError."""
    return parse(text, World, check_references, name=name).model


def world_names() -> list[str]:
    """The worlds that come with the harness."""
    return sorted(file.stem for file in _folder().glob("*.yaml"))


def _is_path(text: str) -> bool:
    return text.endswith(_SUFFIXES) or "/" in text or "\\" in text


def _folder() -> Path:
    return locate("fixtures") / "worlds"
