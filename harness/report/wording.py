"""Values, statuses and decisions of a transcript, worded for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from harness.report.layout import lay_out
from harness.report.steps import one_line

# Texts that YAML takes for texts without quotes.
_BARE = re.compile(r"(?:[A-Za-z/]|<(?=[A-Za-z]))[\w ./@+<>-]*(?::[\w/][\w ./@+-]*)*(?<! )")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
# Longer values are laid out in lines.
_LINE = 90


def word_arguments(value: Any) -> str:
    """The arguments of a step as a file may have them: `with: first, get: /api/0/`."""
    text = word_flow(value)
    return text[1:-1] if isinstance(value, dict) else text


def word_flow(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, dict):
        pairs = (f"{word_flow(str(key))}: {word_flow(one)}" for key, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(word_flow, value)) + "]"
    if isinstance(value, str) and _BARE.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return spell(value)


def word_status(status: int | None) -> str:
    """The phrase that HTTP has for a status, or nothing."""
    try:
        return HTTPStatus(status).phrase if status is not None else ""
    except ValueError:
        return ""


def word_decision(record: Mapping[str, Any]) -> str:
    """The gist of a decision record: `denied by scope-gate, missing any of org:write`."""
    verb = {"allow": "allowed", "deny": "denied"}.get(str(record.get("decision")), "decided")
    rule = f" by {word_plain(record['rule'])}" if record.get("rule") else ""
    missing = word_plain(record.get("missing") or [])
    return f"{verb}{rule}" + (f", missing any of {missing}" if missing else "")


def word_plain(value: Any) -> str:
    """A text as it is, words in a row, nothing for nothing, else JSON."""
    if value is None or value == []:
        return ""
    return " ".join(value) if _is_words(value) else one_line(value)


def word_claim(value: Any) -> str:
    """A claim of a token: words in a row, else JSON, for a text and a number are not alike."""
    return " ".join(value) if _is_words(value) else spell(value)


def word_pair(expected: Any, came: Any) -> tuple[str, str]:
    """Two values that are compared; what differs looks different."""
    shown = _word_value(expected), _word_value(came)
    return (spell(expected), spell(came)) if expected != came and len({*shown}) == 1 else shown


def word_headers(headers: Sequence[Sequence[str]]) -> str:
    """Headers in lines."""
    return "\n".join(f"{name}: {value}" for name, value in headers)


def spell(value: Any) -> str:
    """A value as JSON, which tells a text from a number."""
    return json.dumps(value, ensure_ascii=False)


def _word_value(value: Any) -> str:
    text = value if isinstance(value, str) else word_flow(value)
    return text if len(text) <= _LINE else lay_out(one_line(value))


def _is_words(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, str) and one and not re.search(r"\s", one) for one in value)
    )
