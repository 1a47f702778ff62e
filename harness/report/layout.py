"""JSON laid out in lines, to the letter: keys that come twice stay, numbers as they were spelt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_INDENT = "  "
# What fits in a line stays in one.
_WIDTH = 76
# What is deeper nested would be mostly indentation.
_DEEPEST = 40

_Node = str | list["_Node"]


def lay_out(text: str) -> str:
    """`text` in indented lines if it is a JSON object or list, else as it is."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    pieces = _PIECE.findall(text)
    depths = accumulate((piece in "{[") - (piece in "}]") for piece in pieces)
    if max(depths) > _DEEPEST:
        return text
    first, *rest = pieces
    return "\n".join(_lines(_gather(first, iter(rest)), 0))


def _gather(first: str, pieces: Iterator[str]) -> _Node:
    """The value that begins with `first`: that alone, or its brackets with the entries between.

    The key of an object's entry is a node of its own, with its colon.
    """
    if first not in ("{", "["):
        return first
    nodes: list[_Node] = [first]
    for piece in pieces:
        if piece == ":":
            nodes[-1] = f"{nodes[-1]}: "
        elif piece != ",":
            nodes.append(_gather(piece, pieces))
        if piece in ("}", "]"):
            break
    return nodes


def _lines(node: _Node, depth: int, before: str = "") -> Iterator[str]:
    """The lines of a value that stands behind `before`."""
    start = f"{_INDENT * depth}{before}"
    whole = _whole(node, _WIDTH - len(start))
    if whole is not None or isinstance(node, str):
        yield f"{start}{node if whole is None else whole}"
        return
    yield f"{start}{node[0]}"
    entries = list(_entries(node))
    for index, (key, value) in enumerate(entries):
        *most, last = _lines(value, depth + 1, key)
        yield from most
        yield last + ("," if index + 1 < len(entries) else "")
    yield f"{_INDENT * depth}{node[-1]}"


def _whole(node: _Node, width: int) -> str | None:
    """The value in one line, if it has no more than `width` signs."""
    if isinstance(node, str):
        return node if len(node) <= width else None
    parts = []
    for key, value in _entries(node):
        part = _whole(value, width - len(key))
        if part is None:
            return None
        parts.append(key + part)
        width -= len(parts[-1]) + 2
        if width < 0:
            return None
    return f"{node[0]}{', '.join(parts)}{node[-1]}"


def _entries(node: list[_Node]) -> Iterator[tuple[str, _Node]]:
    """The values of a list or an object, each with its key or nothing."""
    key = ""
    for entry in node[1:-1]:
        if isinstance(entry, str) and entry.endswith(": "):
            key = entry
            continue
        yield key, entry
        key = ""
