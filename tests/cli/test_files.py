"""`list`, `check` and `schema`: what there is, whether it is right, how it is written."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.document.source import load
from harness.resources import locate
from tests.cli.process import invoke
from tests.cli.test_run import GOOD

OF_AGENTS = {"scripts", "injections"}
SCENARIOS = sorted(
    file for file in locate("scenarios").rglob("*.yaml") if OF_AGENTS.isdisjoint(file.parts)
)


def test_list_has_every_scenario_that_comes_along() -> None:
    done = invoke("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        file.stem for file in SCENARIOS
    ]


def test_list_as_json_tells_what_a_scenario_needs() -> None:
    done = invoke("list", "--json", "token-expiry", "mint-read-only")
    (expiry, mint) = json.loads(done.stdout)
    assert expiry["id"] == "token-expiry"
    assert expiry["needs"]["control"]
    assert mint["file"] == "scenarios/flow/mint-read-only.yaml"


def test_list_selects() -> None:
    done = invoke("list", "-k", "token-expiry")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["token-expiry"]
    assert invoke("list", "-k", "and").returncode == 2


def test_check_finds_all_that_comes_along_right() -> None:
    worlds = list((locate("fixtures") / "worlds").glob("*.yaml"))
    others = [*worlds, *(locate("scenarios") / "agent").glob("*s/*.yaml")]
    done = invoke("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(SCENARIOS) + len(others)} files checked, no mistakes\n"


def test_check_tells_every_mistake_of_every_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.replace("mints", "minds"))
    (tmp_path / "world.yaml").write_text("organizations:\n  acme: {open_membership: maybe}\n")
    (tmp_path / "target.json").write_text('{"sentry": {"url": 7}}')
    (tmp_path / "broken.yaml").write_text("steps: [\n")
    (tmp_path / "script.yaml").write_text("temperament: sly\nplan: [sya: hello]\n")
    done = invoke("check", tmp_path, tmp_path / "target.json", tmp_path / "missing.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    for place in (
        "script.yaml:1:",
        "script.yaml:2:",
        "b.yaml:5:",
        "world.yaml:2:",
        "target.json:1:",
        "broken.yaml:",
        "missing.yaml:",
    ):
        assert place in done.stderr
    assert "a.yaml:" not in done.stderr
    assert "Traceback" not in done.stderr


def test_check_tells_scripts_by_their_folder_too(tmp_path: Path) -> None:
    folder = tmp_path / "agent" / "scripts"
    folder.mkdir(parents=True)
    (folder / "bare.yaml").write_text("id: bare\n")
    done = invoke("check", tmp_path)
    assert done.returncode == 2
    assert "missing key 'temperament'" in done.stderr


def test_check_finds_an_id_that_two_files_have(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(GOOD)
    done = invoke("check", tmp_path)
    assert done.returncode == 2
    assert "'reads' is also the id of" in done.stderr


def test_check_of_a_folder_without_files(tmp_path: Path) -> None:
    done = invoke("check", tmp_path)
    assert done.returncode == 2
    assert "no YAML files" in done.stderr


@pytest.mark.parametrize("kind", ["scenario", "script", "world", "target"])
def test_schema_is_a_schema(kind: str) -> None:
    done = invoke("schema", kind)
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_scenarios_fit_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(invoke("schema").stdout))
    for file in SCENARIOS:
        root, mistakes, _ = load(file.read_text("utf-8"), str(file))
        assert not mistakes
        validator.validate(root.value)
    assert not validator.is_valid({"id": "x", "title": "X", "steps": [{"agent minds": {}}]})


def test_schema_of_what_there_is_not() -> None:
    done = invoke("schema", "poem")
    assert done.returncode == 2
    assert "poem" in done.stderr
