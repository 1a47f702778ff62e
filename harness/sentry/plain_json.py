"""JSON of a free form that somebody sends: bounded, and text that every database can store."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

#: Lists and objects within each other.
MAX_DEPTH: Final = 16

_REPLACEMENT = "�"


def is_plain(text: str) -> bool:
    """Whether the text has no NUL and no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def check_json(value: Any, depth: int = MAX_DEPTH) -> None:
    """Raises ValueError for JSON that is nested too deeply, or has what cannot be stored."""
    if isinstance(value, str):
        if not is_plain(value):
            raise ValueError("Null characters and lone surrogates are not allowed.")
    elif isinstance(value, float):
        if not isfinite(value):
            raise ValueError("A number is too great.")
    elif isinstance(value, (dict, list)):
        if depth == 0:
            raise ValueError("This is nested too deeply.")
        if isinstance(value, dict):
            check_json(list(value), depth)
            value = list(value.values())
        for inner in value:
            check_json(inner, depth - 1)


def mend_json(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The same JSON with text made plain; what is nested deeper than `depth` is null.

    So is a number that is too great for a float.
    """
    if isinstance(value, str):
        return mend_text(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, (dict, list)):
        if depth == 0:
            return None
        if isinstance(value, list):
            return [mend_json(inner, depth - 1) for inner in value]
        return {mend_text(key): mend_json(inner, depth - 1) for key, inner in value.items()}
    return value


def mend_text(text: str) -> str:
    """The text with a replacement character for each NUL and lone surrogate."""
    if is_plain(text):
        return text
    return "".join(letter if is_plain(letter) else _REPLACEMENT for letter in text)
