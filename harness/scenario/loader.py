"""Reads scenario files, and finds all their mistakes at once, each at its line."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

# Importing them fills the tables of the language.
import harness.scenario.expectations
import harness.scenario.verbs  # noqa: F401
from harness.document import DocumentError, Mistake, key_path, suggest
from harness.document.explanation import explain
from harness.document.source import Node, load, read_text
from harness.resources import is_of_agents, locate
from harness.scenario.attack import find_unknown
from harness.scenario.book import Book, review_cast
from harness.scenario.cast import CastModel, IssuePart, ThingPart, TokenPart, UserPart
from harness.scenario.model import (
    BESIDE,
    DEFAULT_WORLD,
    Frame,
    Scenario,
    Step,
    StepFrame,
    expect_model,
    read_expectations,
)
from harness.scenario.names import Actor, WorldNames
from harness.scenario.registry import EXPECTATIONS, VERBS, Arguments, Verb
from harness.scenario.verdict import review_steps
from harness.world import load_world

Path = tuple[str | int, ...]
P = TypeVar("P", bound=BaseModel)

_SUFFIXES = (".yaml", ".yml")
# Below the scenarios that come along, and none: other parts read them.


def load_scenarios(names: Iterable[str | FilePath] = ()) -> list[Scenario]:
    """The scenarios of files, of folders with all below, and of ids of those that come along.

    Without names: all that come along. Scripts of agents that lie in a folder are passed over.
    In the order of the names, in a folder by path, none twice. Raises DocumentError with the
    mistakes of all files.
    """
    mistakes: list[Mistake] = []
    scenarios: dict[str, Scenario] = {}
    for file in _find_files([str(name) for name in names], mistakes):
        try:
            scenario = load_scenario(file)
        except DocumentError as error:
            mistakes += error.mistakes
            continue
        other = scenarios.setdefault(scenario.id, scenario)
        if other is not scenario:
            message = f"{scenario.id!r} is also the id of {other.file}"
            mistakes.append(Mistake(str(file), 1, 1, "id", message))
    if mistakes:
        raise DocumentError(mistakes)
    return list(scenarios.values())


def load_scenario(path: str | FilePath) -> Scenario:
    """The scenario in a file. Raises DocumentError with all that is wrong with it."""
    return parse_scenario(read_text(path), name=str(path))


def parse_scenario(text: str, *, name: str = "<text>") -> Scenario:
    """The scenario in a text; `name` stands for the file. Raises DocumentError."""
    root, mistakes, unsound = load(text, name)
    reader = _Reader(name, root)
    scenario = reader.read()
    for path, at_key, message in reader.findings:
        # What has no sound value was reported when it was read.
        if not any(path[: len(bad)] == bad for bad in unsound):
            line, column = root.mark(path, at_key=at_key)
            mistakes.append(Mistake(name, line, column, key_path(path), message))
    if mistakes or scenario is None:
        raise DocumentError(mistakes)
    return scenario


def _find_files(names: Sequence[str], mistakes: list[Mistake]) -> list[FilePath]:
    files: dict[FilePath, None] = {}
    for name in names or [str(locate("scenarios"))]:
        path = FilePath(name)
        if path.is_dir():
            found = _scenarios_below(path)
            if not found:
                mistakes.append(Mistake(name, None, None, "", "no scenario files in this folder"))
        elif is_of_agents(path):
            message = "for an agent, and no scenario: 'check' reads it"
            mistakes.append(Mistake(name, None, None, "", message))
            continue
        elif path.is_file() or path.suffix in _SUFFIXES:
            found = [path]
        else:
            own = _own_scenarios()
            found = [own[name]] if name in own else []
            if not found:
                message = f"no such file, folder or scenario{suggest(name, own)}"
                mistakes.append(Mistake(name, None, None, "", message))
        files |= dict.fromkeys(found)
    return list(files)


def _own_scenarios() -> dict[str, FilePath]:
    """The scenarios that come along, by id: their files are named after it."""
    return {file.stem: file for file in _scenarios_below(locate("scenarios"))}


def _scenarios_below(folder: FilePath) -> list[FilePath]:
    files = sorted(p for p in folder.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    return [file for file in files if not is_of_agents(file)]


def names_of_world(world: str) -> WorldNames:
    """The names in a world, which is named or a file. Raises DocumentError."""
    # A file may be another one the next time.
    return _read_names(world) if _is_path(world) else _names_of_own_world(world)


@functools.lru_cache(maxsize=64)
def _names_of_own_world(world: str) -> WorldNames:
    return _read_names(world)


def _is_path(world: str) -> bool:
    return world.endswith(_SUFFIXES) or "/" in world


def _read_names(world: str) -> WorldNames:
    model = load_world(world)
    organizations = model.organizations.values()
    return WorldNames(
        users=frozenset(model.users),
        organizations=frozenset(model.organizations),
        projects=frozenset(
            slug for organization in organizations for slug in organization.projects
        ),
        teams=frozenset(slug for organization in organizations for slug in organization.teams),
    )


class _Reader:
    """Reads one document; `findings` has path, whether the key is meant, and message."""

    def __init__(self, name: str, root: Node) -> None:
        self.findings: list[tuple[Path, bool, str]] = []
        self._name = name
        self._root = root
        self._data: dict[str, Any] = root.value if isinstance(root.value, dict) else {}

    def read(self) -> Scenario | None:
        """The scenario; None, or one that is not to be used, where there are findings."""
        frame = self._validate(Frame, self._root, ())
        if frame is not None and frame.attack is not None:
            unknown = find_unknown(frame.attack)
            self.findings += [(("attack", *path), False, message) for path, message in unknown]
        world = self._world()
        book = Book(frame.cast if frame else _sketch_cast(self._data.get("cast")), world)
        with book.at("cast"):
            review_cast(book)
        steps = list(self._read_steps(book, "steps"))
        afterwards = list(self._read_steps(book, "afterwards"))
        self.findings += review_steps(
            steps, afterwards, frame and frame.attack, is_attack="attack" in self._data
        )
        self.findings += [(path, False, message) for path, message in book.mistakes]
        if frame is None:
            return None
        return Scenario(
            id=frame.id,
            title=frame.title,
            note=frame.note,
            tags=tuple(frame.tags),
            world=self._world_path(frame.world),
            cast=frame.cast,
            steps=tuple(steps),
            afterwards=tuple(afterwards),
            file=self._name,
            wanted=book.wanted,
            control=tuple(book.control),
            secret=tuple(book.secret),
            sessions=dict(book.sessions),
            seer=tuple(book.seer),
            browser=tuple(book.browser),
            attack=frame.attack,
            secretless=not frame.server.secret,
        )

    def _world(self) -> WorldNames:
        world = self._data.get("world", DEFAULT_WORLD)
        if not isinstance(world, str) or not world:
            return WorldNames()
        try:
            return names_of_world(self._world_path(world))
        except DocumentError as error:
            self.findings += [(("world",), False, str(mistake)) for mistake in error.mistakes]
            return WorldNames()

    def _world_path(self, world: str) -> str:
        """A path is meant from the scenario's own folder."""
        return str(FilePath(self._name).parent / world) if _is_path(world) else world

    def _read_steps(self, book: Book, section: str) -> Iterator[Step]:
        steps = self._data.get(section)
        for index, data in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(data, dict):
                with book.at(section, index):
                    step = self._read_step(book, (section, index), data, index)
                if step is not None:
                    yield step

    def _read_step(self, book: Book, path: Path, data: dict[str, Any], index: int) -> Step | None:
        beside = {key: value for key, value in data.items() if key in BESIDE}
        node, _ = self._root.find(path)
        frame = self._validate(StepFrame, node, path, beside)
        expect = beside.get("expect")
        expect_node, _ = self._root.find((*path, "expect"))
        if isinstance(expect, dict):
            self._validate(expect_model(), expect_node, (*path, "expect"))
        actions = [key for key in data if key not in BESIDE]
        if len(actions) != 1:
            found = f"got {' and '.join(map(repr, actions))}" if actions else "got none"
            self.findings.append((path, False, f"expected one action '<actor> <verb>', {found}"))
            return None
        action = actions[0]
        parsed = self._read_action(book, (*path, action), action)
        if parsed is None:
            return None
        actor, verb = parsed
        book.templates(beside.get("for each"), ("for each",))
        book.locals = frame.for_each if frame else ()
        book.templates(data[action], (action,))
        arguments = self._read_arguments(book, (*path, action), data[action], actor, verb)
        acts_for = next(iter(book.cast.users), None)
        if arguments is not None:
            with book.at(action):
                acts_for = verb.acts_for(book, actor, arguments)
        if isinstance(expect, dict):
            self._review_expectations(book, expect, actor, verb, acts_for)
        book.locals = ()
        return Step(
            index=index + 1,
            actor=actor,
            verb=verb.name,
            arguments=data[action] or {},
            expect=expect if isinstance(expect, dict) else {},
            note=frame.note if frame else "",
            for_each=frame.for_each if frame else {},
            line=self._root.mark((*path, action), at_key=True)[0],
            acts_for=acts_for,
            role=frame.role if frame else None,
        )

    def _read_action(self, book: Book, path: Path, action: str) -> tuple[Actor, Verb] | None:
        name, _, word = action.partition(" ")
        actor = book.actor(name)
        verb = VERBS.get(word)
        if not word:
            self.findings.append((path, True, f"expected '<actor> <verb>', got {action!r}"))
            return None
        if actor is None:
            message = f"unknown actor {name!r}{suggest(name, book.actor_names())}"
            self.findings.append((path, True, message))
        if verb is None:
            known = [
                verb.name for verb in VERBS.values() if actor is None or actor.kind in verb.actors
            ]
            self.findings.append((path, True, f"unknown verb {word!r}{suggest(word, known)}"))
        if actor is None or verb is None:
            return None
        if actor.kind not in verb.actors:
            known = [verb.name for verb in VERBS.values() if actor.kind in verb.actors]
            message = f"the {actor.kind} {name!r} never {word}{suggest(word, known)}"
            self.findings.append((path, True, message))
            return None
        return actor, verb

    def _read_arguments(
        self, book: Book, path: Path, data: Any, actor: Actor, verb: Verb
    ) -> BaseModel | None:
        node, _ = self._root.find(path)
        given = {} if data is None else data
        arguments: BaseModel | None = self._validate(verb.arguments, node, path, given)
        if arguments is None:
            arguments = _sketch_arguments(verb.arguments, given)
        if arguments is not None:
            with book.at(path[-1]):
                verb.review(book, actor, arguments)
        return arguments

    def _review_expectations(
        self, book: Book, expect: dict[str, Any], actor: Actor, verb: Verb, acts_for: str | None
    ) -> None:
        if not verb.answers and expect:
            book.mistake(("expect",), f"{verb.name!r} has no answer to expect anything of")
        book.templates(expect, ("expect",))
        for name in filter(EXPECTATIONS.__contains__, expect):
            try:
                value = read_expectations({name: expect[name]})[name]
            except ValidationError:
                # Reported where the section was checked.
                continue
            with book.at("expect", name):
                EXPECTATIONS[name].review(book, actor, acts_for, value)

    def _validate(self, model: type[BaseModel], node: Node, path: Path, data: Any = ...) -> Any:
        """The model of what stands at `path`, or None after noting what is wrong."""
        value = node.value if data is ... else data
        try:
            return model.model_validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            for place, message, at_key in explain(error, model, node):
                self.findings.append(((*path, *place), at_key, message))
            return None


def _sketch_arguments(model: type[BaseModel], data: Any) -> BaseModel | None:
    """Arguments without their unknown keys, so that the names in the rest are looked up too.

    None where more is wrong: what a name means may then be open.
    """
    if not isinstance(data, dict) or not issubclass(model, Arguments):
        return None
    fields = {info.alias or name: name for name, info in model.model_fields.items()}
    known = {key: value for key, value in data.items() if key in fields}
    required = {key for key, name in fields.items() if model.model_fields[name].is_required()}
    try:
        model.model_validate_json(json.dumps(known), strict=True)
    except ValidationError as error:
        if any(item["loc"] for item in error.errors()) or required - known.keys():
            return None
    return model.model_construct(
        {fields[key] for key in known}, **{fields[key]: value for key, value in known.items()}
    )


def _sketch_cast(data: Any) -> CastModel:
    """The names of a cast that is wrong, so that steps which use them are not wrong as well."""
    if not isinstance(data, dict):
        return CastModel()

    def parts(kind: str, model: type[P], stand_in: P) -> dict[str, P]:
        entries = data.get(kind)
        return {
            name: _sketch_part(model, entry, stand_in)
            for name, entry in (entries.items() if isinstance(entries, dict) else ())
        }

    listed = data.get("organizations")
    known = [n for n in listed if isinstance(n, str)] if isinstance(listed, list) else []
    thing = ThingPart.model_construct(of=next(iter(known), ""))
    token = TokenPart.model_construct(of=next(iter(known), ""))
    users = parts("users", UserPart, UserPart())
    projects = parts("projects", ThingPart, thing)
    return CastModel.model_construct(
        organizations=known,
        users=users,
        teams=parts("teams", ThingPart, thing),
        projects=projects,
        issues=parts("issues", IssuePart, IssuePart.model_construct(of=next(iter(projects), ""))),
        organization_tokens=parts("organization tokens", TokenPart, token),
        integration_tokens=parts("integration tokens", TokenPart, token),
        user_tokens=parts(
            "user tokens", TokenPart, TokenPart.model_construct(of=next(iter(users), ""))
        ),
    )


def _sketch_part(model: type[P], data: Any, stand_in: P) -> P:
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError:
        return stand_in
