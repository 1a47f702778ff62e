"""Reads script files, and finds all their mistakes at once, each at its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.document import Document, DocumentError, Mistake, parse
from harness.document.source import read_text
from harness.resources import locate
from harness.seer.agent.habits import TEMPERAMENTS, Habit, Temperament
from harness.seer.script.model import ScriptFile, Step
from harness.seer.script.query import captured_names, match_query
from harness.seer.script.review import review_script

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Script:
    """A script that was read without a mistake.

    `fails` and `allows` say how it is graded; `file` is the path as it was given.
    """

    id: str
    title: str
    note: str
    temperament: Temperament
    habits: tuple[Habit, ...]
    asks: str
    plan: tuple[Step, ...]
    fails: tuple[str, ...]
    allows: tuple[str, ...]
    file: str
    document: Document[ScriptFile] = field(repr=False)

    @property
    def captures(self) -> list[str]:
        """The names of the words that `asks` leaves open."""
        return captured_names(self.asks)

    def match(self, query: str) -> dict[str, str] | None:
        """The captured words by name if `query` is what this script's user asks, else None."""
        return match_query(self.asks, query)


def load_scripts(names: Iterable[str | Path] = ()) -> list[Script]:
    """The scripts of files, and of folders with all below; without names, those that come along.

    In the order of the names, in a folder by path, none twice. Raises DocumentError with the
    mistakes of all files.
    """
    mistakes: list[Mistake] = []
    scripts: dict[str, Script] = {}
    for file in _find_files([Path(name) for name in names] or [scripts_folder()], mistakes):
        try:
            script = load_script(file)
        except DocumentError as error:
            mistakes += error.mistakes
            continue
        other = scripts.setdefault(script.id, script)
        if other is not script:
            message = f"{script.id!r} is also the id of {other.file}"
            mistakes.append(script.document.mistake(("id",), message))
    if mistakes:
        raise DocumentError(mistakes)
    return list(scripts.values())


def load_script(path: str | Path) -> Script:
    """The script in a file. Raises DocumentError with all that is wrong with it."""
    return parse_script(read_text(path), name=str(path))


def parse_script(text: str, *, name: str = "<text>") -> Script:
    """The script in a text; `name` stands for the file. Raises DocumentError."""
    document = parse(text, ScriptFile, review_script, name=name)
    script = document.model
    return Script(
        id=script.id,
        title=script.title,
        note=script.note,
        temperament=script.temperament,
        habits=tuple(script.habits),
        asks=script.asks,
        plan=tuple(script.plan),
        fails=tuple(script.fails),
        allows=tuple(script.allows),
        file=name,
        document=document,
    )


def scripts_folder() -> Path:
    """Where the scripts are that come along."""
    return locate("scenarios") / "agent" / "scripts"


def find_script(scripts: Iterable[Script], query: str) -> tuple[Script, dict[str, str]] | None:
    """The script whose user asks `query`, and the words that it captures; None if none fits.

    One that leaves no word open goes before one that does, the honest before clumsy, misled
    and hostile ones; then the id decides.
    """
    fitting = [
        (script, captured) for script in scripts if (captured := script.match(query)) is not None
    ]
    return min(fitting, key=lambda found: _rank(found[0]), default=None)


def _rank(script: Script) -> tuple[bool, int, str]:
    return bool(script.captures), TEMPERAMENTS.index(script.temperament), script.id


def _find_files(paths: Sequence[Path], mistakes: list[Mistake]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in paths:
        found = [path]
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
            if not found:
                mistakes.append(Mistake(str(path), None, None, "", "no scripts in this folder"))
        files |= dict.fromkeys(found)
    return list(files)
