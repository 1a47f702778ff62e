"""Pydantic's errors as mistakes: at a line, in words about the document."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from harness.document.mistake import describe, either, suggest
from harness.document.shape import known_keys
from harness.document.source import Node

Steps = tuple[str | int, ...]

# What pydantic wanted, by its error type.
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "nothing (null)",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "datetime_type": "a time such as 2026-01-31T12:00:00Z",
    "datetime_parsing": "a time such as 2026-01-31T12:00:00Z",
    "datetime_from_date_parsing": "a time such as 2026-01-31T12:00:00Z",
    "timezone_aware": "a time with a zone, such as 2026-01-31T12:00:00Z",
    "date_type": "a date such as 2026-01-31",
    "date_parsing": "a date such as 2026-01-31",
    "date_from_datetime_parsing": "a date such as 2026-01-31",
    "time_delta_type": "a duration such as PT5M",
    "time_delta_parsing": "a duration such as PT5M",
    "url_type": "a URL",
    "url_parsing": "a URL",
}
_LIMITS = {
    "greater_than": ("more than {}", "gt"),
    "greater_than_equal": ("{} or more", "ge"),
    "less_than": ("less than {}", "lt"),
    "less_than_equal": ("{} or less", "le"),
    "string_too_short": ("a text of {} or more characters", "min_length"),
    "string_too_long": ("a text of at most {} characters", "max_length"),
    "string_pattern_mismatch": ("a text that matches {}", "pattern"),
    "too_short": ("{} or more entries", "min_length"),
    "too_long": ("at most {} entries", "max_length"),
}
_CHOICES = ("literal_error", "enum")


def explain(
    error: ValidationError, model: type[BaseModel], root: Node
) -> Iterator[tuple[Steps, str, bool]]:
    """For each mistake: its path in the document, the message, whether its place is the key."""
    placed = [(_place(dict(item), root), dict(item)) for item in error.errors(include_url=False)]
    for path, items in _merge_unions(placed).items():
        for text, at_key in dict.fromkeys(_sentences(items, path, model, root)):
            yield path, text, at_key


def _place(item: dict[str, Any], root: Node) -> Steps:
    """The path in the document that pydantic's `loc` means.

    A `loc` also names members of unions and validators, which are no part of the document,
    and a member may be named like a key. Of the readings that fit, the one whose value is
    what pydantic says it saw is right; of several, the one that uses most of `loc`.
    """
    loc, kind, seen = item["loc"], item["type"], item["input"]
    keyed = loc and loc[-1] == "[key]"
    missing = kind == "missing"
    steps = loc[:-1] if keyed or missing else loc
    readings: list[tuple[Steps, Node]] = [((), root)]
    for step in steps:
        further = [
            ((*path, step), node.parts[step]) for path, node in readings if step in node.parts
        ]
        # A position in a list is never the name of a member.
        readings = further + (readings if isinstance(step, str) or not further else [])
        readings = readings[:32]
    readings.sort(key=lambda reading: -len(reading[0]))
    right = [path for path, node in readings if keyed or node.value == seen]
    path = right[0] if right else readings[0][0]
    return (*path, loc[-1]) if missing else path


def _merge_unions(
    placed: list[tuple[Steps, dict[str, Any]]],
) -> dict[Steps, list[dict[str, Any]]]:
    """The errors by path, without those of union members that the author cannot have meant.

    Each member of a union reports on its own. At the place where the members part, those
    that failed there with the wrong type are forgotten if another got further; if several
    got further, the one with fewest errors is kept.
    """
    placed = _choose_members(placed, 0)
    by_path: dict[Steps, list[dict[str, Any]]] = defaultdict(list)
    for path, item in placed:
        by_path[path].append(item)
    return by_path


def _choose_members(
    placed: list[tuple[Steps, dict[str, Any]]], depth: int
) -> list[tuple[Steps, dict[str, Any]]]:
    groups: dict[Any, list[tuple[Steps, dict[str, Any]]]] = defaultdict(list)
    kept: list[tuple[Steps, dict[str, Any]]] = []
    for path, item in placed:
        if len(item["loc"]) > depth:
            groups[item["loc"][depth]].append((path, item))
        else:
            kept.append((path, item))
    if len(groups) > 1 and (union := _union_at(groups, depth)):
        further = [
            members
            for members in union.values()
            if not all(_wrong_type(item, depth) for _, item in members)
        ]
        if further:
            best = min(further, key=len)
            groups = {name: m for name, m in groups.items() if name not in union or m is best}
    for members in groups.values():
        kept += _choose_members(members, depth + 1)
    return kept


def _union_at(
    groups: dict[Any, list[tuple[Steps, dict[str, Any]]]], depth: int
) -> dict[Any, list[tuple[Steps, dict[str, Any]]]]:
    """The groups whose name at `depth` of `loc` is a union member, not a key of the document."""
    members = {
        name: placed
        for name, placed in groups.items()
        if isinstance(name, str)
        and all(_left_out(path, item["loc"], depth) for path, item in placed)
    }
    return members if len(members) > 1 else {}


def _left_out(path: Steps, loc: Steps, depth: int) -> bool:
    """Whether the step of `loc` at `depth` was left out of `path`."""
    position = 0
    for index, step in enumerate(loc):
        if position < len(path) and path[position] == step:
            position += 1
            if index == depth:
                return False
        elif index == depth:
            return True
    return False


def _wrong_type(item: dict[str, Any], depth: int) -> bool:
    """Whether a union member refused the value itself, not something inside it."""
    kind = item["type"]
    return len(item["loc"]) == depth + 1 and (kind in _EXPECTED or kind in _CHOICES)


def _sentences(
    items: list[dict[str, Any]], path: Steps, model: type[BaseModel], root: Node
) -> Iterator[tuple[str, bool]]:
    """The errors at one path, each as a message and whether it is about the key."""
    expected: dict[str, None] = {}
    choices: list[str] = []
    seen: Any = None
    for item in items:
        context = item.get("ctx", {})
        kind, seen_here = item["type"], item["input"]
        if kind == "missing":
            yield f"missing key {str(item['loc'][-1])!r}", True
        elif kind == "extra_forbidden":
            key = str(item["loc"][-1])
            present = root.find(path[:-1])[0].keys
            known = known_keys(model, path[:-1], map(str, present), item["loc"])
            yield f"unknown key {key!r}{suggest(key, known)}", True
        elif kind in ("value_error", "assertion_error"):
            yield str(context.get("error") or item["msg"]), item["loc"][-1:] == ("[key]",)
        elif kind in ("union_tag_not_found", "union_tag_invalid"):
            yield _tag_sentence(kind, context), False
        else:
            seen = seen_here
            if kind in _CHOICES:
                found = re.findall(r"'([^']*)'", context["expected"])
                choices += found
                expected.update(dict.fromkeys(map(repr, found) if found else [context["expected"]]))
            elif kind in _LIMITS:
                form, name = _LIMITS[kind]
                expected[form.format(context[name])] = None
            elif kind in _EXPECTED:
                expected[_EXPECTED[kind]] = None
            else:
                yield f"{item['msg'].rstrip('.')}; got {describe(seen_here, path)}", False
    if expected:
        text = f"expected {either(expected)}, got {describe(seen, path)}"
        at_key = any(item["loc"][-1:] == ("[key]",) for item in items)
        yield text + _hint(seen, expected, choices), at_key


def _tag_sentence(kind: str, context: dict[str, Any]) -> str:
    name = str(context.get("discriminator", "")).strip("'")
    if kind == "union_tag_not_found":
        return f"missing key {name!r}" if name.isidentifier() else "none of the known forms"
    choices = re.findall(r"'([^']*)'", context["expected_tags"])
    # A discriminator that is a function is shown with its name and parentheses.
    what = name if name.isidentifier() else "form"
    return f"unknown {what} {context['tag']!r}{suggest(context['tag'], choices)}"


def _hint(seen: Any, expected: dict[str, None], choices: list[str]) -> str:
    """What to write instead, where that is plain."""
    if isinstance(seen, str) and choices:
        near = suggest(seen, choices)
        return near if "did you mean" in near else ""
    if "text" in expected and isinstance(seen, bool | int | float):
        return "; write it in quotes"
    if "true or false" in expected and isinstance(seen, str):
        yes = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false"}
        word = yes.get(seen.lower())
        return f"; write {word}" if word else ""
    return ""
