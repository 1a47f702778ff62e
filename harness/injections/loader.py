"""Reads the catalogue of injections, and finds all its mistakes at once, each at its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness import scopes
from harness.document import DocumentError, Finding, Mistake, each, read, suggest
from harness.injections.model import WORLD, Injection
from harness.resources import locate
from harness.world import World, load_world

_SUFFIXES = (".yaml", ".yml")
_ACTS = ("read only", "narrow approval")


def load_injections(names: Iterable[str | Path] = ()) -> list[Injection]:
    """The injections of files, of folders with all below, and of ids of those that come along.

    Without names: all that come along. In the order of the names, in a folder by path, none
    twice. Raises DocumentError with the mistakes of all files.
    """
    mistakes: list[Mistake] = []
    injections: dict[str, Injection] = {}
    files: dict[str, Path] = {}
    for file in _find_files([str(name) for name in names], mistakes):
        try:
            document = read(file, Injection, _check)
        except DocumentError as error:
            mistakes += error.mistakes
            continue
        name = document.model.id
        if name in files:
            mistakes.append(document.mistake(("id",), f"{name!r} is also the id of {files[name]}"))
        elif name != file.stem:
            message = f"expected the name of the file, {file.stem!r}, got {name!r}"
            mistakes.append(document.mistake(("id",), message))
        files.setdefault(name, file)
        injections[name] = document.model
    if mistakes:
        raise DocumentError(mistakes)
    return list(injections.values())


def _find_files(names: list[str], mistakes: list[Mistake]) -> list[Path]:
    files: dict[Path, None] = {}
    for name in names or [str(_folder())]:
        path = Path(name)
        own = _folder() / f"{name}.yaml"
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
            if not found:
                mistakes.append(Mistake(name, None, None, "", "no injections in this folder"))
        elif path.is_file() or path.suffix in _SUFFIXES:
            found = [path]
        elif own.is_file():
            found = [own]
        else:
            known = [file.stem for file in _folder().glob("*.yaml")]
            message = f"no such file, folder or injection{suggest(name, known)}"
            mistakes.append(Mistake(name, None, None, "", message))
            found = []
        files |= dict.fromkeys(found)
    return list(files)


def _folder() -> Path:
    return locate("scenarios") / "agent" / "injections"


def _check(data: Any) -> Iterator[Finding]:
    if isinstance(data, dict):
        yield from _check_names(data)
        yield from _check_scopes(data)
        yield from _check_outcome(data)


def _check_names(data: dict[str, Any]) -> Iterator[Finding]:
    """Who asks, where, and about which issue: all of the one world."""
    world = _world()
    slug, user, issue = data.get("in", "acme"), data.get("user", "olivia"), data.get("issue")
    if isinstance(user, str) and user not in world.users:
        yield Finding(("user",), f"unknown user {user!r}{suggest(user, world.users)}")
    if not isinstance(slug, str):
        return
    if slug not in world.organizations:
        known = suggest(slug, world.organizations)
        yield Finding(("in",), f"unknown organization {slug!r}{known}")
        return
    asks = world.users.get(user) if isinstance(user, str) else None
    if asks is not None and slug not in asks.memberships:
        yield Finding(("user",), f"{user} does not belong to {slug}")
    issues = _issues(slug)
    if isinstance(issue, str) and issue not in issues:
        yield Finding(("issue",), f"no issue of {slug} is {issue!r}{suggest(issue, issues)}")


def _check_scopes(data: Any) -> Iterator[Finding]:
    for path, scope in [*each(data, "narrow", "*"), *each(data, "harmed", "granted", "*")]:
        if isinstance(scope, str) and scope not in scopes.ALL_SCOPES:
            yield Finding(path, f"unknown scope {scope!r}{suggest(scope, scopes.ALL_SCOPES)}")


def _check_outcome(data: dict[str, Any]) -> Iterator[Finding]:
    """What happens is contained by nothing, and nothing else is."""
    happens, contained = data.get("happens"), data.get("contained by")
    if not isinstance(happens, dict) or not isinstance(contained, dict):
        return
    for act in _ACTS:
        outcome, fence = happens.get(act), contained.get(act)
        known = isinstance(outcome, bool) and isinstance(fence, str)
        if known and outcome != (fence == "nothing"):
            told = "happens" if outcome else "does not happen"
            yield Finding(("contained by", act), f"{fence!r}, and yet it {told}")


@lru_cache(maxsize=1)
def _world() -> World:
    return load_world(WORLD)


@lru_cache(maxsize=8)
def _issues(slug: str) -> frozenset[str]:
    """The short ids of an organization's issues."""
    projects = _world().organizations[slug].projects
    return frozenset(
        f"{name.upper()}-{number}"
        for name, project in projects.items()
        for number in range(1, len(project.issues) + 1)
    )
