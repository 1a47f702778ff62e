"""The same value in another spelling or type: what a lenient reader would convert back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from harness.attacks.raw_json import Raw, write


class CannotRespell(ValueError):
    """A value that has no such spelling."""


def respell(value: Any, how: str) -> Any:
    """`value` as `how`, one of WAYS, spells it. Raises CannotRespell."""
    try:
        return WAYS[how](value)
    except (TypeError, ValueError, KeyError) as error:
        if isinstance(error, KeyError) and how not in WAYS:
            raise CannotRespell(f"there is no spelling {how!r}") from None
        raise CannotRespell(f"{write(value)} cannot be respelled as {how!r}") from None


def _digits(zero: str) -> Callable[[Any], str]:
    """With the decimal digits that begin at `zero`."""
    table = {ord("0") + n: ord(zero) + n for n in range(10)}
    return lambda value: str(int(value)).translate(table)


def _underscored(value: Any) -> str:
    text = str(int(value))
    return f"{text[:1]}_{text[1:]}" if len(text) > 1 else f"0_{text}"


def _words(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _mapping(value: Any) -> dict[str, bool]:
    return {str(item): True for item in (value if isinstance(value, list) else [value])}


#: Spellings by name; each takes a number, a text of digits, or a list of texts.
WAYS: Final[dict[str, Callable[[Any], Any]]] = {
    "text": lambda value: value if isinstance(value, str) else write(value),
    "number": int,
    "float": lambda value: Raw(f"{int(value)}.0"),
    "fraction": lambda value: Raw(f"{int(value)}.5"),
    "exponent": lambda value: Raw(f"{int(value)}e0"),
    "boolean": bool,
    "list": lambda value: [value],
    "mapping": _mapping,
    "words": _words,
    "plus": lambda value: f"+{int(value)}",
    "leading-zero": lambda value: f"0{int(value)}",
    "underscore": _underscored,
    "spaces": lambda value: f" {int(value)} ",
    "newline": lambda value: f"{int(value)}\n",
    "arabic": _digits("\u0660"),
    "full-width": _digits("\uff10"),
}
