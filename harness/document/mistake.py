"""What is wrong in a document, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

Path = Sequence[str | int]
"""The keys and list positions (from 0) that lead to a place in a document."""

_PLAIN_KEY = re.compile(r"[\w:/-]+")
_SHORT = 60
_SECRET_KEY = re.compile(r"(?:^|_)(?:token|secret|password|authorization|cookie)s?$")
_SECRET_TEXT = re.compile(r"sntry[a-z]{1,3}_|eyJ")
_MOST_CHOICES = 30


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong.

    `line` and `column` count from 1, and are None where the document could not
    be read at all. `key` is the place as people write it (`users.alice.role`,
    `steps[2].expect`), empty for the whole document.
    """

    file: str
    line: int | None
    column: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class DocumentError(ValueError):
    """A document is wrong; `mistakes` has all that is wrong with it, in the document's order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: list[Mistake] = sorted(
            mistakes, key=lambda m: (m.file, m.line or 0, m.column or 0)
        )
        super().__init__("\n".join(map(str, self.mistakes)))


def key_path(path: Path) -> str:
    """`path` in the form people write: `users.alice.role`, `steps[2]`, `tags["a.b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def suggest(word: str, choices: Iterable[str]) -> str:
    """What to add after "unknown X 'word'": the nearest choice, else the choices.

    Starts with "; ", and is empty when there are no choices, or too many and none near.
    """
    known = sorted(set(choices))
    folded = {choice.lower(): choice for choice in known}
    if near := get_close_matches(word.lower(), folded, n=1, cutoff=0.6):
        return f"; did you mean {folded[near[0]]!r}?"
    if not known or len(known) > _MOST_CHOICES:
        return ""
    return f"; expected {either(map(repr, known))}"


def either(words: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def describe(value: object, path: Path = ()) -> str:
    """What came, in few words: `the text 'yes'`, `the number 5`, `a list`, `nothing`.

    A text that stands under the key of a secret, or looks like a token, is not shown.
    """
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number" if _is_secret(path) else f"the number {value}"
        case "":
            return "an empty text"
        case str():
            if _is_secret(path) or _SECRET_TEXT.search(value):
                return "a text"
            short = value if len(value) <= _SHORT else value[: _SHORT - 1] + "…"
            return f"the text {short!r}"
        case [] | ():
            return "an empty list"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"


def _is_secret(path: Path) -> bool:
    words = [part for part in path if isinstance(part, str)]
    return bool(words and _SECRET_KEY.search(words[-1].lower()))
