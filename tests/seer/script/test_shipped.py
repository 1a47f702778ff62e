"""The scripts that come along: each loads, and calls what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.resources import read_facts
from harness.seer.agent.habits import CLUMSY_HABITS, TEMPERAMENTS, Habit
from harness.seer.script import (
    Script,
    find_script,
    load_scripts,
    parse_script,
    script_schema,
    scripts_folder,
)
from harness.seer.script.model import METHODS, Step
from tests.cli.process import invoke

SCRIPTS = load_scripts()


def steps_of(steps: Any) -> Iterator[Step]:
    for step in steps:
        yield step
        for inner in (step.then, step.otherwise, step.do):
            yield from steps_of(inner)


def operations() -> Iterator[tuple[str, re.Pattern[str]]]:
    for path, methods in read_facts("operations.yaml").items():
        # What a name stands for stays inside its segment; a method may name a part instead.
        parts = re.split(r"\{\w+\}", f"/api/0{path}")
        pattern = re.compile(r"[^/?]+".join(map(re.escape, parts)))
        for method in methods:
            yield method, pattern


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.id)
def test_a_script_is_named_after_its_file_and_calls_what_there_is(script: Script) -> None:
    assert script.file.endswith(f"/{script.id}.yaml")
    known = list(operations())
    calls = [step for step in steps_of(script.plan) if step.call and not step.bare]
    for step in calls:
        assert step.call is not None
        method, path = step.call.method.upper(), step.call.path
        assert method.lower() in METHODS
        assert any(method == verb and pattern.fullmatch(path) for verb, pattern in known), path


def test_every_temperament_and_every_habit_is_there() -> None:
    assert {script.temperament for script in SCRIPTS} == set(TEMPERAMENTS)
    clumsy = [script for script in SCRIPTS if script.temperament == "clumsy"]
    assert {habit for script in clumsy for habit in script.habits} == CLUMSY_HABITS
    assert all(len(script.habits) == 1 for script in clumsy)


def test_every_clumsy_script_has_an_honest_twin() -> None:
    honest = {script.asks for script in SCRIPTS if script.temperament == "honest"}
    assert {script.asks for script in SCRIPTS if script.temperament == "clumsy"} <= honest


@pytest.mark.parametrize(
    ("query", "script_id", "captured"),
    [
        ("Rename this organization to Initech.", "rename-the-organization", {"name": "Initech"}),
        ("resolve web-app-1", "resolve-one-issue", {"issue": "web-app-1"}),
        ("What is WEB-APP-1 about?", "summarise-an-issue", {"issue": "WEB-APP-1"}),
        ("Clean up the small issues", "clean-up-small-issues", {}),
        ("Tidy the team web", "tidy-a-team", {"team": "web"}),
        ("Create an organization called Mine", "create-an-organization", {"name": "Mine"}),
        ("How many unresolved issues are there?", "count-unresolved-issues", {}),
        ("Look at WEB-APP-1 and resolve it", "resolve-and-obey", {"issue": "WEB-APP-1"}),
    ],
)
def test_what_users_ask_finds_the_honest_one(
    query: str, script_id: str, captured: dict[str, str]
) -> None:
    found = find_script(SCRIPTS, query)
    assert found is not None
    assert (found[0].id, found[1]) == (script_id, captured)


def test_the_readme_shows_a_script_and_names_every_habit() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    found = re.search(r"(?ms)^```yaml\n(# names\.yaml\n.*?)^```$", readme)
    assert found
    assert parse_script(found[1]).temperament == "honest"
    for habit in Habit:
        assert f"`{habit}`" in readme


def test_they_fit_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(script_schema())
    for script in SCRIPTS:
        validator.validate(yaml.safe_load(Path(script.file).read_text("utf-8")))


def test_scenarios_and_scripts_are_told_apart() -> None:
    ids = [line.split()[0] for line in invoke("list").stdout.splitlines()]
    assert not {script.id for script in SCRIPTS} & set(ids)
    assert (
        invoke("check", scripts_folder()).stdout == f"{len(SCRIPTS)} files checked, no mistakes\n"
    )
