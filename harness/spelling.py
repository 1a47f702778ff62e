r"""How a secret may be spelt in a message: escaped for a URL, for JSON, for a page, as base64.

Escapes may stand inside each other, as JSON does within JSON, or a URL within a page. So a
text is read until nothing is left to undo, and what is found there has its place in the
text itself: in `token=a%2526b` the reading `a&b` stands from 6 to 13.
"""

from __future__ import annotations

import base64
import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

_HEX = "[0-9a-fA-F]"
# Each begins with one of four signs, and is told apart after it: so a search skips the rest.
_ESCAPED = re.compile(
    r"[%\\&+](?:"
    rf"(?<=%)(?P<percent>{_HEX}{{2}}(?:%{_HEX}{{2}})*)"
    rf"|(?<=\\)(?:u(?P<pair>[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}})"
    rf"|u(?P<unit>{_HEX}{{4}})|x(?P<byte>{_HEX}{{2}})|(?P<sign>.))"
    rf"|(?<=&)(?P<entity>(?:\#[0-9]{{1,7}}|\#[xX]{_HEX}{{1,6}}|[a-zA-Z]{{2,8}});)"
    r"|(?<=\+)(?P<space>))",
    re.DOTALL,
)
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_DEEPEST = 8
# A shorter run of base64 holds less than nine bytes.
_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_ORDINARY = str.maketrans("-_", "+/")


class Reading:
    """A text with its escapes undone, and where each part of it stands in the text itself."""

    def __init__(self, text: str) -> None:
        self.text = text
        # For each time that escapes were undone: places in what came of it, and before.
        self._steps: list[tuple[list[int], list[int]]] = []
        for _ in range(_DEEPEST):
            if not self._undo():
                return

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `self.text[start:end]` stands in the text itself."""
        for after, before in reversed(self._steps):
            start, end = (
                before[index] + place - after[index]
                for place in (start, end)
                for index in (bisect_right(after, place) - 1,)
            )
        return start, end

    def _undo(self) -> bool:
        """Undoes one layer of escapes; whether there was one."""
        parts: list[str] = []
        after, before = [0], [0]
        length = position = 0
        for match in _ESCAPED.finditer(self.text):
            start = match.start()
            parts.append(self.text[position:start])
            length += start - position
            position = start
            for sign, size in _signs(match):
                after.append(length)
                before.append(position)
                parts.append(sign)
                length += len(sign)
                position += size
            position = match.end()
            after.append(length)
            before.append(position)
        parts.append(self.text[position:])
        text = "".join(parts)
        if text == self.text:
            return False
        self._steps.append((after, before))
        self.text = text
        return True


def read(text: str) -> Reading | None:
    """The reading of `text`; None where nothing is escaped, so that it reads as it stands."""
    if not ("%" in text or "\\" in text or "&" in text or "+" in text):
        return None
    reading = Reading(text)
    return reading if reading.text != text else None


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """What `text` reads as."""
    return Reading(text).text


def find_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and text of whatever may be base64."""
    for run in _RUN.finditer(text):
        yield *run.span(), run[0]


def decode_run(run: str) -> bytes:
    """What a run of base64 holds, from whichever of its first four letters it begins at."""
    letters = run.rstrip("=").translate(_ORDINARY)
    parts = []
    for start in range(4):
        part = letters[start:]
        # One letter alone holds no byte.
        part = part[:-1] if len(part) % 4 == 1 else part
        parts.append(base64.b64decode(part + "=" * (-len(part) % 4)))
    return b"\n".join(parts)


def _signs(match: re.Match[str]) -> list[tuple[str, int]]:
    """The signs that an escape stands for, each with how much of the escape is its own."""
    size = len(match[0])
    match match.lastgroup:
        case "percent":
            return _percent(match[0])
        case "pair":
            units = bytes.fromhex(match["pair"].replace("\\u", ""))
            return [(units.decode("utf-16-be"), size)]
        case "unit" | "byte":
            return [(chr(int(match[match.lastgroup], 16)), size)]
        case "sign":
            return [(_SIGNS.get(match["sign"], match["sign"]), size)]
        case "space":
            return [(" ", size)]
        case _:
            return [(html.unescape(match[0]), size)]


def _percent(run: str) -> list[tuple[str, int]]:
    data = unquote_to_bytes(run)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        return [(sign, 3) for sign in text]
    return [(sign, 3 * len(sign.encode())) for sign in text]
