"""YAML documents with line numbers, checked against a pydantic model.

    document = read("worlds/small.yaml", World)
    document.model                                       # the checked World
    document.mistake(("users", "alice", "role"), "…")    # a later finding, at its line

`read` and `parse` raise `DocumentError` with every mistake at once; they never
raise anything else about the document. A document is validated strictly, by the
rules for JSON: `7` is no text and `yes` no truth value, while a list may fill a
tuple or a set and a text a time. Keys are always text (`dict[int, …]` works).

References inside a document are checked by a `Check`. It is given the plain data,
which may be malformed, so that what it finds comes with all other mistakes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from harness.document.explanation import explain
from harness.document.mistake import DocumentError, Mistake, Path, describe, key_path, suggest
from harness.document.source import Node, load, read_text

__all__ = [
    "Check",
    "Document",
    "DocumentError",
    "Finding",
    "Mistake",
    "Path",
    "describe",
    "each",
    "key_path",
    "parse",
    "read",
    "suggest",
]

M = TypeVar("M", bound=BaseModel)


class Finding(NamedTuple):
    """Something wrong at `path`; `at_key`: with the key there, not its value."""

    path: Path
    message: str
    at_key: bool = False


Check = Callable[[Any], Iterable[Finding]]
"""Looks at a document's plain data, which no model has accepted yet."""


def each(data: Any, *pattern: str) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Path and value of all that stands where `pattern` leads; `*` is any key or position.

    What is missing, or not of the shape that `pattern` assumes, is passed over.
    """
    found: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    for step in pattern:
        found = [
            ((*path, key), below)
            for path, value in found
            for key, below in _parts(value)
            if step in ("*", key)
        ]
    yield from found


def _parts(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


@dataclass(frozen=True)
class Document(Generic[M]):
    """A checked document: the model, the plain data it was made from, and the lines of both.

    `name` is the file's path as it was given.
    """

    model: M
    data: Any
    name: str
    _root: Node = field(repr=False)

    def mark(self, path: Iterable[str | int], *, at_key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of what stands at `path`, or of the nearest thing above it.

        For a mapping or list, or with `at_key`, that is where its key stands.
        """
        return self._root.mark(tuple(path), at_key=at_key)

    def mistake(self, path: Iterable[str | int], message: str, *, at_key: bool = False) -> Mistake:
        """A mistake at `path`; raise it, with its siblings, as `DocumentError([...])`."""
        steps = tuple(path)
        line, column = self.mark(steps, at_key=at_key)
        return Mistake(self.name, line, column, key_path(steps), message)


def read(path: str | FilePath, model: type[M], check: Check | None = None) -> Document[M]:
    """The document in the file at `path`, checked against `model` and by `check`.

    Raises DocumentError if the file cannot be read, is not UTF-8, not YAML or not a `model`.
    """
    return parse(read_text(path), model, check, name=str(path))


def parse(
    text: str, model: type[M], check: Check | None = None, *, name: str = "<text>"
) -> Document[M]:
    """The document in `text`, checked against `model` and by `check`.

    `name` stands for the file in mistakes. Raises DocumentError.
    """
    root, mistakes, unsound = load(text, name)
    findings: list[Finding] = []
    checked: M | None = None
    try:
        checked = model.model_validate_json(json.dumps(root.value), strict=True)
    except ValidationError as error:
        findings += (Finding(*found) for found in explain(error, model, root))
    if check is not None:
        findings += check(root.value)
    for path, message, at_key in findings:
        # What has no sound value was reported when it was read.
        if not any(tuple(path[: len(bad)]) == bad for bad in unsound):
            line, column = root.mark(path, at_key=at_key)
            mistakes.append(Mistake(name, line, column, key_path(path), message))
    if mistakes or checked is None:
        raise DocumentError(mistakes)
    return Document(checked, root.value, name, root)
