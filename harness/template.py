"""Names in braces inside texts: `{first.id}`.

A text that is one such name takes the value as it is (a number stays a number);
inside a longer text it is written out. `{{name}}` stands for the text `{name}`.
Braces around anything else, as in JSON, stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str | int, ...]

_NAME = r"\{([A-Za-z][\w+-]*(?:\.[\w+-]+)*)\}"
_PATTERN = re.compile(r"\{" + _NAME + r"\}|" + _NAME)


def fill(value: Any, lookup: Callable[[str], Any]) -> Any:
    """`value` with every name replaced by what `lookup` gives for it; keys too.

    Raises whatever `lookup` raises for a name that it does not know.
    """
    if isinstance(value, str):
        return _fill_text(value, lookup)
    if isinstance(value, dict):
        return {written(fill(key, lookup)): fill(inner, lookup) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, lookup) for inner in value]
    return value


def find_names(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every name that `fill` would look up, with its place."""
    if isinstance(value, str):
        for match in _PATTERN.finditer(value):
            if match[2]:
                yield path, match[2]
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from find_names(key, (*path, key))
            yield from find_names(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from find_names(inner, (*path, index))


def written(value: Any) -> str:
    """A value inside a text: texts as they are, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _fill_text(text: str, lookup: Callable[[str], Any]) -> Any:
    if "{" not in text:
        return text
    whole = _PATTERN.fullmatch(text)
    if whole and whole[2]:
        return lookup(whole[2])
    return _PATTERN.sub(lambda m: f"{{{m[1]}}}" if m[1] else written(lookup(m[2])), text)
