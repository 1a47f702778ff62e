"""What the README shows is true: commands are run, files are used, tables are complete."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

# Fills the tables of the language; and pytester forgets what is imported while it runs.
import harness.commands.run
import harness.playground  # noqa: F401
from harness.cli import cli
from harness.deployment import deploy
from harness.scenario.description import Description
from harness.scenario.registry import EXPECTATIONS, VERBS
from tests.cli.process import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
# What stands for anything: within a line, or as a line for any number of them.
ANYTHING = "…"


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?m)^```{language}\n(.*?)^```$", README, re.DOTALL)


def files(language: str) -> dict[str, str]:
    """The blocks that begin with a file's name in a comment, by that name."""
    named = {}
    for block in blocks(language):
        found = re.match(r"# (\S+)\n", block)
        assert found, f"a block of {language} without the name of its file:\n{block}"
        named[found[1]] = block
    return named


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.splitlines()[0])
def test_commands_print_what_is_shown(block: str, tmp_path: Path) -> None:
    for name, text in files("yaml").items():
        (tmp_path / name).write_text(text)
    command, *shown = block.splitlines()
    program, *arguments = shlex.split(command.removeprefix("$ "))
    assert program == "seer-harness"
    code = 0
    if shown and (ending := re.fullmatch(r"\[exit (\d)\]", shown[-1])):
        code = int(ending[1])
        shown.pop()
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    lines = [rf"(?:{_pattern(line)}\n)" if line != ANYTHING else r"(?:.*\n)*" for line in shown]
    assert re.fullmatch("".join(lines), done.stdout + done.stderr), done.stdout + done.stderr


def _pattern(line: str) -> str:
    # Columns are as wide as what stands in them.
    words = [re.escape(word).replace(ANYTHING, r"\S*?") for word in line.split()]
    return r"\s*" + r"\s+".join(words)


def test_the_make_targets_are_there() -> None:
    named = set(re.findall(r"\bmake (\w+)", README))
    assert {"run", "test", "demo", "bench", "lint"} <= named
    done = subprocess.run(
        ["make", "--dry-run", *sorted(named)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_python_shown_passes_as_a_test(pytester: pytest.Pytester) -> None:
    for name, text in files("python").items():
        (pytester.path / name).write_text(text)
    pytester.runpytest_inprocess("-p", "no:xdist").assert_outcomes(passed=len(files("python")))


def test_the_pytest_setting_is_one(pytester: pytest.Pytester) -> None:
    (setting,) = blocks("toml")
    assert tomllib.loads(setting)["tool"]["pytest"]["ini_options"].keys() == {"seer_scenarios"}
    (pytester.path / "pyproject.toml").write_text(setting)
    folder = pytester.mkdir("scenarios")
    (folder / "denied.yaml").write_text(files("yaml")["denied.yaml"])
    pytester.runpytest_inprocess("-p", "no:xdist").assert_outcomes(passed=1)


def test_the_ready_json_is_a_target_with_every_field() -> None:
    (shown,) = blocks("json")
    Description.model_validate_json(shown)
    data = json.loads(shown)
    assert data.keys() == set(Description.model_fields)
    deployment = deploy("small", seed=1)
    served = deployment.describe("http://127.0.0.1:9000")
    deployment.close()
    assert served.keys() <= data.keys()
    for name, entries in served.items():
        if isinstance(entries, list) and entries:
            assert entries[0].keys() <= data[name][0].keys() | {"name"}, name


def test_every_verb_expectation_and_command_is_named() -> None:
    for word in (*VERBS, *EXPECTATIONS):
        assert f"`{word}`" in README, word
    for command in cli.commands:
        assert f"`{command}" in README, command


def test_every_option_is_one() -> None:
    options = {
        option
        for command in cli.commands.values()
        for parameter in command.params
        for option in parameter.opts
    }
    for option in re.findall(r"(?<=[ `(])--[a-z][a-z-]*", README):
        assert option in options | {"--help"}, option


def test_the_control_api_is_as_shown() -> None:
    table = re.search(r"(?s)\| request below `/control`.*?\n\n", README)
    assert table
    requests = re.findall(r"`(GET|PUT|POST|DELETE) (/[^`]*)`", table[0])
    assert len(requests) >= 11
    deployment = deploy("small", seed=1)
    client = deployment.app.test_client()
    bearer = {"Authorization": f"Bearer {deployment.secrets.control}"}
    for method, path in requests:
        answer = client.open(f"/control{path.replace('=N', '=0')}", method=method, headers=bearer)
        assert answer.status_code != 404, f"{method} {path}"
        assert answer.status_code < 500, f"{method} {path}"
    deployment.close()
