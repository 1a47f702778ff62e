"""Text from a server, made safe to look at."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

# Control characters but tab and line feed, marks that reverse text, and what XML forbids.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    r"""`text` with every character that a terminal or XML would not show written as `\xNN`."""
    return _HIDDEN.sub(lambda match: _escape(ord(match[0])), text)


def visible_data(value: Any) -> Any:
    """JSON data with every text and key made visible, and every number finite."""
    return _map(value, visible)


def finite(value: Any) -> Any:
    """JSON data in which a number that JSON has no way to write is a text: `inf`, `nan`."""
    return _map(value, lambda text: text)


def _map(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(key)): _map(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_map(inner, change) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
