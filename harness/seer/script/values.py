"""What names stand for while a plan is carried out, and how conditions compare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from harness.seer.agent.actions import Answer, Found, Reply
from harness.seer.script.model import Condition
from harness.template import fill, written

Lookup = Callable[[str], Any]


class Missing(Exception):
    """There is nothing of that name: a result lacks the part, or was never got."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {{{name}}}")


def look_up(name: str, known: Mapping[str, Any]) -> Any:
    """What `name` stands for: a key of `known`, then keys of mappings and places of lists.

    A list also has a `length`. Raises Missing.
    """
    if name in known:
        return known[name]
    root, *parts = name.split(".")
    if root not in known:
        raise Missing(name)
    value = known[root]
    for part in parts:
        value = _part(value, part, name)
    return value


def _part(value: Any, part: str, name: str) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list):
        if part == "length":
            return len(value)
        if part.isdecimal() and int(part) < len(value):
            return value[int(part)]
    raise Missing(name)


def show_result(result: Reply | Found | Answer) -> dict[str, Any]:
    """The parts of a result by the names that a plan has for them."""
    match result:
        case Reply():
            return {"status": result.status, "json": result.body, "refusal": result.refusal}
        case Found():
            operations = [
                {"method": found.method, "path": found.path, "scopes": list(found.scopes)}
                for found in result.operations
            ]
            return {"operations": operations}
        case Answer():
            return {"approved": result.approved, "reason": result.reason}


def fill_path(path: str, lookup: Lookup) -> str:
    """A path whose names are filled in so that each stays inside its segment."""
    return written(fill(path, lambda name: quote(written(lookup(name)), safe="")))


def hold(conditions: Iterable[Condition], lookup: Lookup) -> bool:
    """Whether all of them hold; one that looks at something missing does not."""
    try:
        return all(_holds(condition, lookup) for condition in conditions)
    except Missing:
        return False


def _holds(condition: Condition, lookup: Lookup) -> bool:
    value = fill(condition.value, lookup)
    given = condition.model_fields_set
    return (
        ("is_" not in given or _same(value, fill(condition.is_, lookup)))
        and ("is_not" not in given or not _same(value, fill(condition.is_not, lookup)))
        and ("contains" not in given or _contains(value, fill(condition.contains, lookup)))
        and ("has" not in given or condition.has is _has(value))
        and ("matches" not in given or _matches(value, condition.matches))
    )


def _same(one: Any, other: Any) -> bool:
    # In Python true is 1; in JSON it is not.
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _contains(value: Any, inner: Any) -> bool:
    if isinstance(value, str):
        return isinstance(inner, str) and inner in value
    return isinstance(value, list) and any(_same(part, inner) for part in value)


def _has(value: Any) -> bool:
    return isinstance(value, str | list | dict) and bool(value)


def _matches(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and re.search(pattern, value) is not None
