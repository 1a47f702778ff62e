"""What is installed is whole: a wheel carries its scenarios, and names all that it imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Extras, imported where they are used; what type checkers have; a part of pydantic.
KNOWN = {"playwright", "pytest", "psycopg", "_typeshed", "pydantic_core"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-index"]
    _run(*pip, "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_scenarios_and_fixtures_and_nothing_of_the_tests(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    for folder in ("scenarios", "fixtures"):
        files = [file for file in (ROOT / folder).rglob("*.yaml") if file.is_file()]
        assert files
        for file in files:
            assert f"harness/_data/{file.relative_to(ROOT).as_posix()}" in names
    assert "harness/py.typed" in names
    assert "harness/report/templates/report.html.j2" in names
    assert not [name for name in names if "test" in name.lower() and "pytest" not in name]


def test_the_installed_wheel_plays_its_scenarios_in_an_empty_folder(
    wheel: Path, tmp_path: Path
) -> None:
    home, empty = tmp_path / "environment", tmp_path / "empty"
    empty.mkdir()
    venv.create(home)
    python = home / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "--no-deps", wheel)
    # What it depends on is here already. A path named in a .pth file brings the packages
    # that stand there, and not the editable install, which is a .pth file of its own.
    site = home / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    where = _run(python, "-c", "import harness; print(harness.__file__)", cwd=empty)
    assert where.startswith(str(home))
    assert "two-organizations" in _run(python, "-c", _WORLDS, cwd=empty)
    listed = _run(home / "bin" / "seer-harness", "list", cwd=empty)
    page = tmp_path / "page.html"
    played = _run(home / "bin" / "seer-harness", "run", "--html", page, cwd=empty)
    assert "mint" in listed
    assert "passed" in played
    assert "approve-and-remint" in page.read_text("utf-8")
    assert list(empty.iterdir()) == []


_WORLDS = "from harness.world import world_names; print(world_names())"


def test_every_import_is_a_declared_dependency() -> None:
    declared = {_name_of(requirement) for requirement in PROJECT["dependencies"]}
    distributions = packages_distributions()
    undeclared = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / "harness").rglob("*.py")
        for name in _imported(file)
        if not declared & {_name_of(found) for found in distributions.get(name, [name])}
    }
    assert not undeclared


def test_every_dependency_is_imported() -> None:
    distributions = packages_distributions()
    used = {
        _name_of(found)
        for file in (ROOT / "harness").rglob("*.py")
        for name in _imported(file)
        for found in distributions.get(name, [name])
    }
    assert {_name_of(requirement) for requirement in PROJECT["dependencies"]} <= used


def test_the_lock_pins_every_requirement_by_hash_and_names_no_place() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+) \\$", lock))
    hashed = re.split(r"(?m)^(?=[a-z0-9-]+==)", lock)[1:]
    extras = [wanted for extra in PROJECT["optional-dependencies"].values() for wanted in extra]
    for requirement in (*PROJECT["dependencies"], *extras):
        assert _name_of(requirement) in pinned, f"{requirement}: run make lock"
    assert all("--hash=sha256:" in entry for entry in hashed)
    assert not re.search(r"://|\bfile:|--(?:extra-)?index-url|--find-links|--trusted-host", lock)


def _imported(file: Path) -> set[str]:
    """The top names of other people's packages that `file` imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names - sys.stdlib_module_names - KNOWN - {"harness", ""}


def _name_of(requirement: str) -> str:
    """The distribution's name in the form that the lock has."""
    found = re.match(r"[\w.-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
