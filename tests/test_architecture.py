"""Who may import whom, and what no file of the project holds. Read from the source."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = 400

# From the ground up. A part is the first name below `harness`; it may import its own
# modules and what stands on a lower floor.
FLOORS: list[set[str]] = [
    {
        "clock",
        "conduct",
        "defence",
        "document",
        "events",
        "oracle",
        "randomness",
        "redact",
        "resources",
        "scopes",
        "log",
        "network",
        "numbered",
        "signing",
        "spelling",
        "template",
        "transcript",
        "world",
        "wsgi",
    },
    {"mcp", "seer", "sentry"},
    {"deployment"},
    {"attacks", "grading", "injections", "oracle"},
    {"scenario"},
    {"browser", "report"},
    {"lab", "playground"},
    {"commands", "pytest_plugin"},
    {"cli"},
    {"__main__"},
]
SHARED, SERVICES = FLOORS[0], FLOORS[1]
# Below, but not theirs: what passes between a service and the harness is HTTP.
FORBIDDEN: dict[str, set[str]] = {service: {"oracle", "transcript"} for service in SERVICES}
# A second opinion is one only where it was formed apart.
FORBIDDEN["oracle"] = SHARED - {"oracle", "resources"}
FORBIDDEN |= dict.fromkeys(("attacks", "browser", "oracle", "report", "scenario"), SERVICES)
# What is planted is data; who plays it deploys.
FORBIDDEN["injections"] = SERVICES | {"deployment"}
# Judges what it is given: whoever reads it, from whatever server, stands above.
FORBIDDEN["grading"] = SERVICES | {"deployment", "network", "wsgi", "oracle", "world"}


@dataclass(frozen=True)
class Import:
    """`file` imports the module `name` of this project at `line`."""

    file: Path
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.name}"


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(folder: str = "harness") -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports_of(file: Path) -> Iterator[Import]:
    """Imports of the project's own modules, wherever in the file they stand."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif not isinstance(node, ast.ImportFrom):
            continue
        else:
            assert node.level == 0, f"{file}:{node.lineno}: a relative import"
            # `from harness import scopes` imports a module of that name.
            whole = node.module == "harness"
            names = [f"harness.{a.name}" for a in node.names] if whole else [node.module or ""]
        for name in names:
            if name.split(".")[0] == "harness":
                yield Import(file, node.lineno, name)


def floor_of(part: str) -> int:
    for height, parts in enumerate(FLOORS):
        if part in parts:
            return height
    raise AssertionError(f"harness/{part} stands on no floor: say in {Path(__file__).name} where")


def test_every_import_goes_down() -> None:
    wrong = []
    for file in sources():
        own = part_of(module_of(file))
        if not own:
            continue
        for found in imports_of(file):
            other = part_of(found.name)
            below = floor_of(other) < floor_of(own) or {own, other} <= SHARED
            if (other != own and not below) or other in FORBIDDEN.get(own, set()):
                wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_services_import_neither_each_other_nor_what_plays_against_them() -> None:
    above = set().union(*FLOORS[2:])
    wrong = [
        str(found)
        for service in SERVICES
        for file in sources(f"harness/{service}")
        for found in imports_of(file)
        if part_of(found.name) in (SERVICES - {service}) | above
    ]
    assert not wrong, "\n".join(wrong)


def test_the_package_itself_imports_nothing() -> None:
    assert list(imports_of(ROOT / "harness" / "__init__.py")) == []


def test_modules_are_small() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in sources()
        if (lines := file.read_text("utf-8").count("\n")) > MOST_LINES
    }
    assert not long, f"more than {MOST_LINES} lines: {long}"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"/(?:work|root|opt|home)/\w", "a path of somebody's machine"),
        (r"file:///[\w]", "a path of somebody's machine"),
        (r"\b(?:[T]ODO|[F]IXME|[X]XX)\b", "something left open"),
        (r"[N]otImplementedError", "something left open"),
        (r"\btime\.sl[e]ep\(", "waiting by the clock on the wall"),
        (r"(?m)^\s*except(?:\s+(?:Base)?Exception\b.*)?:\s*$", "an except that takes everything"),
    ],
)
def test_no_file_holds(pattern: str, why: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}: {found[0].strip()}"
        for file in tracked()
        if (text := file.read_text("utf-8", "replace"))
        for found in re.finditer(pattern, text)
    ]
    assert not wrong, f"{why}:\n" + "\n".join(wrong)


def tracked() -> list[Path]:
    """The files of the project: as git has them, or in a copy without git what lies there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        folders = ("harness", "scenarios", "fixtures", "tests", ".ci")
        files = [file for name in folders for file in (ROOT / name).rglob("*")]
        files += [file for file in ROOT.iterdir() if file.suffix != ".lock"]
    return [
        file
        for file in files
        if file.is_file()
        and "__pycache__" not in file.parts
        and file != Path(__file__)
        # Pictures hold no words.
        and file.suffix != ".png"
    ]
