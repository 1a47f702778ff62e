"""JSON as text, with what a JSON library would not write: names twice, numbers in any spelling."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Raw:
    """A value that is written as this text, whether or not that is JSON."""

    text: str


Members = Iterable[tuple[str, Any]]


def write_object(members: Members) -> str:
    """A JSON object with these members in this order, a name as often as it comes."""
    return "{" + ",".join(f"{write(name)}:{write(value)}" for name, value in members) + "}"


def write(value: Any) -> str:
    """A value in compact JSON; `Raw` values, at any depth, as they are."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return write_object(value.items())
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(write, value)) + "]"
    return json.dumps(value)


def nest(depth: int) -> Raw:
    """A list in a list, `depth` deep."""
    return Raw("[" * depth + "]" * depth)
