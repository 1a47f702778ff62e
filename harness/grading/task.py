"""What an agent was asked to do, as the operations that belong to it.

    # task.yaml
    allowed:
      - GET /organizations/{organization}/issues/
      - PUT /organizations/*/issues/{issue}/
      - GET /**
    scopes: [event:write]

A segment in braces, or `*`, stands for any one, and `**` at the end for all that follows. The
method may be `*`. `/api/0` in front makes no difference. Without `scopes` nothing is said of
what may be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from harness import scopes
from harness.document import Finding, read, suggest

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*")
_API: Final = "/api/0"
_ANY = re.compile(r"\*|\{[^{}/]*\}")


@dataclass(frozen=True, slots=True)
class Task:
    """Operations that are allowed, `METHOD path`, and the scopes that may be asked for if said."""

    allowed: tuple[str, ...]
    scopes: frozenset[str] | None = None

    def covers(self, method: str, path: str) -> bool:
        """Whether an operation belongs to it; `path` is a route template, or a path."""
        return any(_matches(pattern, method, path) for pattern in self.allowed)


class TaskFile(BaseModel):
    """What a task file may say."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    allowed: Annotated[list[str], Field(min_length=1)]
    scopes: list[str] | None = None


def read_task(path: str | Path) -> Task:
    """The task in a YAML file. Raises DocumentError with every mistake at its line."""
    model = read(path, TaskFile, _review).model
    wanted = None if model.scopes is None else frozenset(model.scopes)
    return Task(tuple(model.allowed), wanted)


def plain_path(path: str) -> str:
    """A path of a plan without its query, in which every name stands for any segment."""
    return re.sub(r"[^/]*\{[^/]*\}[^/]*", "*", path.partition("?")[0])


def _review(data: Any) -> Iterator[Finding]:
    if not isinstance(data, dict):
        return
    for index, pattern in enumerate(_texts(data.get("allowed"))):
        if _split(pattern) is None:
            message = f"expected a method and a path, such as GET /organizations/, got {pattern!r}"
            yield Finding(("allowed", index), message)
    for index, scope in enumerate(_texts(data.get("scopes"))):
        if scope not in scopes.ALL_SCOPES:
            hint = suggest(scope, sorted(scopes.ALL_SCOPES))
            yield Finding(("scopes", index), f"unknown scope {scope!r}{hint}")


def _texts(value: Any) -> list[str]:
    """Those of a list; what is of another type the model reports."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _split(pattern: str) -> tuple[str, str] | None:
    method, _, path = pattern.partition(" ")
    return (method, path) if method in _METHODS and path.startswith("/") else None


def _matches(pattern: str, method: str, path: str) -> bool:
    split = _split(pattern)
    if split is None or split[0] not in ("*", method):
        return False
    wanted, given = _segments(split[1]), _segments(path)
    if wanted and wanted[-1] == "**":
        wanted, given = wanted[:-1], given[: len(wanted) - 1]
    return len(wanted) == len(given) and all(map(_alike, wanted, given))


def _segments(path: str) -> list[str]:
    return path.partition("?")[0].removeprefix(_API).strip("/").split("/")


def _alike(wanted: str, given: str) -> bool:
    """A name in braces on either side is any segment: a route does not tell which one came."""
    return wanted == given or bool(_ANY.fullmatch(wanted) or _ANY.fullmatch(given))
