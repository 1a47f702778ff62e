r"""Undoes the forms in which an instruction may be hidden from people, and names them.

    for reading in unhide(text):
        reading.text     # what the text says once `reading.forms` are undone, in that order

The first reading is the text itself. Forms may stand inside each other: a page's comment
in base64 in JSON is three steps. All is bounded: steps, readings, and the characters of all
readings together, which never exceed a fixed multiple of what was given.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.spelling import Reading as Unescaped
from harness.spelling import find_runs

#: Forms that one hides in the other, at most.
DEEPEST = 4
#: Readings of one text, at most.
MOST_READINGS = 64
# Characters of all readings of a text: a fixed amount, and a multiple of its own.
_FEWEST_CHARACTERS = 20_000
_MULTIPLE = 12

_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_UNICODE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_QUOTED = re.compile(r"\\[\"\\/nt]")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,1000}>")
_MARKS = re.compile(r"[*`~]|__")
_HEX_RUN = re.compile(r"(?<![0-9a-zA-Z])(?:[0-9a-fA-F]{2}){8,}(?![0-9a-zA-Z])")
_TAG_CHARACTERS = re.compile("[\U000e0020-\U000e007e]+")
_TAG_OFFSET = 0xE0000
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ROTATED = re.compile("|".join(codecs.encode(method, "rot13") for method in _METHODS))
_REVERSED = re.compile("|".join(method[::-1] for method in _METHODS))
# Letters of other scripts that look like Latin ones: Cyrillic, then Greek.
_LOOKALIKES = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u0501\u051b"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03bf\u03bd\u03c1",
    "ABEKMHOPCTYXSIJ" + "aeopcyxsijdq" + "ABEZHIKMNOPTYX" + "ovp",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says once `forms` are undone; none of them: the text itself."""

    text: str
    forms: tuple[str, ...] = ()


def unhide(text: str) -> Iterator[Reading]:
    """The readings of `text`, those with fewer forms undone first; no text twice."""
    left = _FEWEST_CHARACTERS + _MULTIPLE * len(text)
    waiting = deque([Reading(text)])
    seen = {text}
    while waiting:
        reading = waiting.popleft()
        yield reading
        if len(reading.forms) == DEEPEST:
            continue
        for form, undo in _FORMS:
            for found in undo(reading.text):
                left -= len(found)
                if left < 0 or len(seen) == MOST_READINGS:
                    # What was found is still read; nothing more is looked for.
                    yield from waiting
                    return
                if found not in seen and found.strip():
                    seen.add(found)
                    waiting.append(Reading(found, (*reading.forms, form(reading.text))))


def place_of(text: str, start: int) -> str | None:
    """The form of what `text[start]` stands in: a part of a page or of markdown; None: in none."""
    comment = text.rfind("<!--", 0, start)
    if comment >= 0 and text.find("-->", comment, start) < 0:
        return "HTML comment"
    if text.rfind("<", 0, start) > text.rfind(">", 0, start):
        return "HTML attribute"
    if _is_hidden(text, start):
        return "hidden element"
    if text.count("```", 0, start) % 2:
        return "markdown"
    opened = text.rfind("[", 0, start)
    closed = text.find("](", opened + 1) if opened >= 0 else -1
    if closed >= 0 and start < text.find(")", closed) + 1:
        return "markdown"
    return None


def _is_hidden(text: str, start: int) -> bool:
    """Whether the innermost element that is open at `start` is one that is not shown."""
    opened = text.rfind("<", 0, start)
    tag = text[opened : text.find(">", opened, start) + 1] if opened >= 0 else ""
    compact = "".join(tag.lower().split())
    return tag[:2] != "</" and any(
        sign in compact for sign in ("hidden", "display:none", "font-size:0", "opacity:0")
    )


def _read_tag_characters(text: str) -> Iterator[str]:
    runs = _TAG_CHARACTERS.findall(text)
    if runs:
        yield "".join(chr(ord(sign) - _TAG_OFFSET) for run in runs for sign in run)


def _drop_invisible(text: str) -> Iterator[str]:
    yield _INVISIBLE.sub("", text)


def _normalize(text: str) -> Iterator[str]:
    yield unicodedata.normalize("NFKC", text)


def _replace_lookalikes(text: str) -> Iterator[str]:
    yield text.translate(_LOOKALIKES)


def _unescape(text: str) -> Iterator[str]:
    if _escape(text):
        yield Unescaped(text).text


def _escape(text: str) -> str:
    """Which escapes a text has; the first that is there names them all."""
    names = (
        ("percent-encoding", _PERCENT),
        ("unicode escapes", _UNICODE),
        ("HTML entities", _ENTITY),
        ("JSON", _QUOTED),
    )
    return next((name for name, pattern in names if pattern.search(text)), "")


def _read_json(text: str) -> Iterator[str]:
    if text.lstrip()[:1] not in ("{", "["):
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    waiting: list[Any] = [value]
    for _ in range(MOST_READINGS):
        if not waiting:
            return
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting += [part for pair in reversed(found.items()) for part in reversed(pair)]
        elif isinstance(found, list):
            waiting += reversed(found)


def _drop_tags(text: str) -> Iterator[str]:
    yield _TAG.sub("", text)


def _drop_marks(text: str) -> Iterator[str]:
    yield _MARKS.sub("", text)


def _read_base64(text: str) -> Iterator[str]:
    for _, _, run in find_runs(text):
        letters = run.rstrip("=").replace("-", "+").replace("_", "/")
        if len(letters) % 4 != 1:
            yield from _read_bytes(base64.b64decode(letters + "=" * (-len(letters) % 4)))


def _read_hex(text: str) -> Iterator[str]:
    for match in _HEX_RUN.finditer(text):
        yield from _read_bytes(bytes.fromhex(match[0]))


def _read_bytes(data: bytes) -> Iterator[str]:
    """The text that bytes are; nothing where they are none that anybody writes."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if not any(ord(sign) < 32 and sign not in "\t\r\n" for sign in text):
        yield text


def _rotate(text: str) -> Iterator[str]:
    if _ROTATED.search(text):
        yield codecs.encode(text, "rot13")


def _reverse(text: str) -> Iterator[str]:
    if _REVERSED.search(text):
        yield text[::-1]


def _always(name: str) -> Callable[[str], str]:
    return lambda _: name


def _base64_alphabet(text: str) -> str:
    runs = "".join(run for _, _, run in find_runs(text))
    return "base64url" if "-" in runs or "_" in runs else "base64"


# Each: what it is called, for the text that it was found in, and what comes of undoing it.
_FORMS: tuple[tuple[Callable[[str], str], Callable[[str], Iterator[str]]], ...] = (
    (_always("tag characters"), _read_tag_characters),
    (_always("zero-width"), _drop_invisible),
    (_always("full-width"), _normalize),
    (_always("homoglyphs"), _replace_lookalikes),
    (_always("JSON"), _read_json),
    (_escape, _unescape),
    (_always("HTML tags"), _drop_tags),
    (_always("markdown"), _drop_marks),
    (_base64_alphabet, _read_base64),
    (_always("hex"), _read_hex),
    (_always("rot13"), _rotate),
    (_always("reversed"), _reverse),
)
