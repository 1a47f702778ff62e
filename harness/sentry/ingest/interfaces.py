"""The parts of an SDK's event that are shown as entries: exception, message, request, …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: How many of each are kept, the last ones: they are the closest to what happened.
MOST_EXCEPTIONS: Final = 10
MOST_FRAMES: Final = 100
MOST_BREADCRUMBS: Final = 100
#: Characters of a text within them.
MAX_TEXT: Final = 4096

_REQUEST = ("url", "method", "data", "query_string", "fragment", "env")
_BREADCRUMB = ("type", "category", "level", "message", "data", "timestamp")


def values_of(value: Any) -> list[Any]:
    """A list, or the list that SDKs also send as {"values": […]}; [] for anything else."""
    if isinstance(value, dict):
        value = value.get("values")
    return value if isinstance(value, list) else []


def read_exceptions(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The exceptions in the form of an entry, causes first."""
    sent = said.get("exception")
    alone = isinstance(sent, dict) and "values" not in sent
    found = [sent] if alone else values_of(sent)
    kept = [one for one in found if isinstance(one, dict) and (one.get("type") or one.get("value"))]
    return [_exception(one) for one in kept[-MOST_EXCEPTIONS:]]


def read_message(said: Mapping[str, Any]) -> str:
    """What the event says in words; "" where it says nothing."""
    for name in ("logentry", "message"):
        part = said.get(name)
        if isinstance(part, dict):
            part = part.get("formatted") or part.get("message")
        if isinstance(part, str) and part.strip():
            return part.strip()
    return ""


def read_entries(
    said: Mapping[str, Any], exceptions: list[dict[str, Any]], message: str
) -> list[dict[str, Any]]:
    """[{"type", "data"}] in the order in which they are shown."""
    entries: list[dict[str, Any]] = []
    if exceptions:
        entries.append({"type": "exception", "data": {"values": exceptions}})
    if message:
        entries.append({"type": "message", "data": {"formatted": message[:MAX_TEXT]}})
    crumbs = [one for one in values_of(said.get("breadcrumbs")) if isinstance(one, dict)]
    if crumbs:
        kept = [_pick(crumb, _BREADCRUMB) for crumb in crumbs[-MOST_BREADCRUMBS:]]
        entries.append({"type": "breadcrumbs", "data": {"values": kept}})
    request = said.get("request")
    if isinstance(request, dict):
        # Cookies and headers hold credentials more often than causes: they stay out.
        entries.append({"type": "request", "data": _pick(request, _REQUEST)})
    return entries


def _pick(value: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value.get(name) for name in names}


def _exception(one: Mapping[str, Any]) -> dict[str, Any]:
    stacktrace = one.get("stacktrace")
    frames = stacktrace.get("frames") if isinstance(stacktrace, dict) else None
    shown = None
    if isinstance(frames, list):
        kept = [frame for frame in frames if isinstance(frame, dict)][-MOST_FRAMES:]
        shown = {"frames": [_frame(frame) for frame in kept]}
    return {
        "type": _text(one.get("type")),
        "value": _text(one.get("value")),
        "module": _text(one.get("module")),
        "mechanism": one.get("mechanism") if isinstance(one.get("mechanism"), dict) else None,
        "stacktrace": shown,
    }


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    line = _number(frame.get("lineno"))
    return {
        "filename": _text(frame.get("filename")),
        "absPath": _text(frame.get("abs_path")),
        "module": _text(frame.get("module")),
        "function": _text(frame.get("function")),
        "lineNo": line,
        "colNo": _number(frame.get("colno")),
        "inApp": frame.get("in_app") is not False,
        "context": _context(frame, line),
    }


def _context(frame: Mapping[str, Any], line: int | None) -> list[list[Any]]:
    """[[line number, source], …] around the line."""
    source = frame.get("context_line")
    if line is None or not isinstance(source, str):
        return []
    before = [text for text in values_of(frame.get("pre_context"))[-5:] if isinstance(text, str)]
    after = [text for text in values_of(frame.get("post_context"))[:5] if isinstance(text, str)]
    first = line - len(before)
    lines = [*before, source, *after]
    return [[number, text[:MAX_TEXT]] for number, text in enumerate(lines, first)]


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**31 else None


def _text(value: Any) -> str | None:
    return value[:MAX_TEXT] if isinstance(value, str) and value else None
