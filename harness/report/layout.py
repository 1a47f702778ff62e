"""JSON laid out in lines, to the letter: keys that come twice stay, numbers as they were spelt."""

from __future__ import annotations

import json
import re

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_INDENT = "  "
# What is deeper nested would be mostly indentation.
_DEEPEST = 40


def lay_out(text: str) -> str:
    """`text` in indented lines if it is a JSON object or list, else as it is."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    pieces = _PIECE.findall(text)
    depth, deepest = 0, 0
    for piece in pieces:
        depth += (piece in "{[") - (piece in "}]")
        deepest = max(deepest, depth)
    return text if deepest > _DEEPEST else _join(pieces)


def _join(pieces: list[str]) -> str:
    lines: list[str] = [""]
    depth = 0
    for index, piece in enumerate(pieces):
        after = pieces[index + 1] if index + 1 < len(pieces) else ""
        if piece in ("{", "["):
            lines[-1] += piece
            if after not in ("}", "]"):
                depth += 1
                lines.append(_INDENT * depth)
        elif piece in ("}", "]"):
            if pieces[index - 1] not in ("{", "["):
                depth -= 1
                lines.append(_INDENT * depth)
            lines[-1] += piece
        elif piece == ",":
            lines[-1] += piece
            lines.append(_INDENT * depth)
        else:
            lines[-1] += ": " if piece == ":" else piece
    return "\n".join(lines)
