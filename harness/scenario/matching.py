"""Patterns for JSON values, and where a value departs from one.

A pattern is JSON. A mapping matches a mapping that has at least its keys; a list
matches a list of the same length, entry by entry; anything else matches its equal
(`1` is not `true`). In place of any value a matcher may stand:

    $any                    whatever is there, null included
    $absent                 nothing: the key is not there
    {$type: string}         string, number, integer, boolean, null, list or mapping
    {$regex: "^sntryag_"}   a text in which the expression is found
    {$length: 3}            a text, list or mapping of that length; also {$length: {min: 1, max: 9}}
    {$contains: P}          a list with an entry that matches P, or a text that contains P
    {$lacks: P}             a list or text without
    {$each: P}              a list whose entries all match P
    {$unordered: [P, …]}    a list of that length whose entries match one each, in any order
    {$one of: [P, …]}       what matches one or more of them
    {$all: [P, …]}          what matches every one of them
    {$not: P}               what is there and does not match P
    {$exactly: V}           the equal of V: no further keys
    {$min: N}, {$max: N}    a number of that size

Several matchers in one mapping must all hold. `$$` at the start of a text or key
stands for one plain `$`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.document import suggest

Path = tuple[str | int, ...]

MISSING: Any = type("Missing", (), {"__repr__": lambda _self: "nothing"})()
"""What stands where no value is: only `$absent` matches it."""

_SHORT = 200
_WORDS = ("$any", "$absent")


@dataclass(frozen=True)
class Difference:
    """One place where a value departs from its pattern: expected were `words` and `wanted`."""

    path: Path
    words: str
    wanted: Any
    came: Any

    def explain(self, redact: Callable[[Any], Any] = lambda value: value) -> str:
        """The difference in words; values pass through `redact` before they are cut short."""
        place = pointer(self.path)
        wanted = "" if self.wanted is MISSING else show(redact(self.wanted))
        came = "nothing" if self.came is MISSING else show(redact(self.came))
        expected = " ".join(filter(None, (self.words, wanted)))
        return f"{'at ' + place + ': ' if place else ''}expected {expected}, came {came}"


def pointer(path: Path) -> str:
    """`path` as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def matches(pattern: Any, value: Any) -> bool:
    """Whether `value` matches `pattern`."""
    return not compare(pattern, value)


def compare(pattern: Any, value: Any, path: Path = ()) -> list[Difference]:
    """Every place where `value` departs from `pattern`, in the pattern's order."""
    if isinstance(pattern, str):
        return _compare_text(pattern, value, path)
    if isinstance(pattern, dict) and any(_is_matcher(key) for key in pattern):
        return [
            difference
            for name, argument in pattern.items()
            for difference in _MATCHERS.get(name, _unknown)(argument, value, path)
        ]
    if isinstance(pattern, dict):
        if not isinstance(value, dict):
            return [Difference(path, "a mapping", MISSING, value)]
        return [
            difference
            for key, inner in pattern.items()
            for difference in compare(inner, value.get(_plain(key), MISSING), (*path, _plain(key)))
        ]
    if isinstance(pattern, list):
        if not isinstance(value, list):
            return [Difference(path, "a list", MISSING, value)]
        if len(pattern) != len(value):
            return [Difference(path, f"{len(pattern)} entries:", pattern, value)]
        return [
            difference
            for index, inner in enumerate(pattern)
            for difference in compare(inner, value[index], (*path, index))
        ]
    return _unless(equal(pattern, value), path, "", pattern, value)


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; unlike `==`, `1` and `true` are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def project(pattern: Any, value: Any) -> Any:
    """The part of `value` that `pattern` looks at."""
    if isinstance(pattern, dict) and isinstance(value, dict):
        if any(_is_matcher(key) for key in pattern):
            return value
        names = {_plain(key): inner for key, inner in pattern.items()}
        return {name: project(inner, value[name]) for name, inner in names.items() if name in value}
    if isinstance(pattern, list) and isinstance(value, list) and len(pattern) == len(value):
        return [project(inner, value[index]) for index, inner in enumerate(pattern)]
    return value


def show(value: Any) -> str:
    """A value in one short line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def find_mistakes(pattern: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What is wrong with a pattern itself: unknown matchers, bad arguments."""
    if isinstance(pattern, str):
        if _is_matcher(pattern) and pattern not in _WORDS:
            yield path, f"unknown matcher {pattern!r}{suggest(pattern, _WORDS)}"
    elif isinstance(pattern, list):
        for index, inner in enumerate(pattern):
            yield from find_mistakes(inner, (*path, index))
    elif isinstance(pattern, dict):
        some = any(_is_matcher(key) for key in pattern)
        for key, inner in pattern.items():
            if not some:
                yield from find_mistakes(inner, (*path, key))
            elif key not in _MATCHERS:
                what = "unknown matcher" if _is_matcher(key) else "beside a matcher, a plain key"
                yield (*path, key), f"{what} {key!r}{suggest(key, _MATCHERS)}"
            else:
                yield from _find_argument_mistakes(key, inner, (*path, key))


def _find_argument_mistakes(name: str, argument: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if name in _PLAIN:
        if message := _PLAIN[name](argument):
            yield path, message
    elif name in ("$one of", "$all", "$unordered") and not isinstance(argument, list):
        yield path, "expected a list of patterns"
    else:
        yield from find_mistakes(argument, path)


def _no_type(argument: Any) -> str:
    if isinstance(argument, str) and argument in _TYPES:
        return ""
    return f"unknown type {argument!r}{suggest(str(argument), _TYPES)}"


def _no_expression(argument: Any) -> str:
    try:
        re.compile(argument)
    except (re.error, TypeError) as error:
        return f"no regular expression: {error}"
    return ""


def _no_length(argument: Any) -> str:
    return "" if _is_length(argument) else "expected a number, or a mapping with min and max"


def _no_number(argument: Any) -> str:
    return "" if _is_number(argument) else "expected a number"


# What is wrong with the argument of a matcher that takes no pattern.
_PLAIN: dict[str, Callable[[Any], str]] = {
    "$exactly": lambda _: "",
    "$type": _no_type,
    "$regex": _no_expression,
    "$length": _no_length,
    "$min": _no_number,
    "$max": _no_number,
}


def _is_length(argument: Any) -> bool:
    sizes = argument if isinstance(argument, dict) else {"min": argument}
    return sizes.keys() <= {"min", "max"} and all(
        type(size) is int and size >= 0 for size in sizes.values()
    )


def _is_matcher(word: object) -> bool:
    return isinstance(word, str) and word.startswith("$") and not word.startswith("$$")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unless(held: bool, path: Path, words: str, wanted: Any, value: Any) -> list[Difference]:
    return [] if held else [Difference(path, words, wanted, value)]


def _compare_text(pattern: str, value: Any, path: Path) -> list[Difference]:
    if pattern == "$any":
        return _unless(value is not MISSING, path, "something", MISSING, value)
    if pattern == "$absent":
        return _unless(value is MISSING, path, "nothing", MISSING, value)
    plain = _plain(pattern)
    return _unless(isinstance(value, str) and value == plain, path, "", plain, value)


def _plain(word: str) -> str:
    """What a text of a pattern that is no matcher stands for."""
    return word[1:] if word.startswith("$$") else word


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "list": lambda value: isinstance(value, list),
    "mapping": lambda value: isinstance(value, dict),
}


def _unknown(_: Any, value: Any, path: Path) -> list[Difference]:
    return [Difference(path, "a known matcher", MISSING, value)]


def _type(argument: Any, value: Any, path: Path) -> list[Difference]:
    words = "null" if argument == "null" else f"a value of type {argument}"
    return _unless(_TYPES[argument](value), path, words, MISSING, value)


def _regex(argument: Any, value: Any, path: Path) -> list[Difference]:
    held = isinstance(value, str) and re.search(argument, value) is not None
    return _unless(held, path, "a text that matches", argument, value)


def _length(argument: Any, value: Any, path: Path) -> list[Difference]:
    least, most = argument, argument
    if isinstance(argument, dict):
        least, most = argument.get("min", 0), argument.get("max")
    held = (
        isinstance(value, str | list | dict)
        and len(value) >= least
        and (most is None or len(value) <= most)
    )
    return _unless(held, path, "length", argument, value)


def _contains(argument: Any, value: Any, path: Path) -> list[Difference]:
    return _unless(_holds(argument, value), path, "what contains", argument, value)


def _lacks(argument: Any, value: Any, path: Path) -> list[Difference]:
    held = isinstance(value, str | list) and not _holds(argument, value)
    return _unless(held, path, "what lacks", argument, value)


def _holds(argument: Any, value: Any) -> bool:
    if isinstance(value, str):
        return isinstance(argument, str) and argument in value
    return isinstance(value, list) and any(matches(argument, entry) for entry in value)


def _each(argument: Any, value: Any, path: Path) -> list[Difference]:
    if not isinstance(value, list):
        return [Difference(path, "a list", MISSING, value)]
    return [
        difference
        for index, entry in enumerate(value)
        for difference in compare(argument, entry, (*path, index))
    ]


def _unordered(argument: Any, value: Any, path: Path) -> list[Difference]:
    held = (
        isinstance(value, list)
        and len(value) == len(argument)
        and _pair_off([[matches(pattern, entry) for entry in value] for pattern in argument])
    )
    return _unless(held, path, "in any order", argument, value)


def _pair_off(fits: list[list[bool]]) -> bool:
    """Whether each row can have a column of its own (augmenting paths)."""
    taken: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in tried:
                tried.add(column)
                if column not in taken or place(taken[column], tried):
                    taken[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(fits)))


def _one_of(argument: Any, value: Any, path: Path) -> list[Difference]:
    held = any(matches(pattern, value) for pattern in argument)
    return _unless(held, path, "one of", argument, value)


def _all(argument: Any, value: Any, path: Path) -> list[Difference]:
    return [difference for pattern in argument for difference in compare(pattern, value, path)]


def _not(argument: Any, value: Any, path: Path) -> list[Difference]:
    held = value is not MISSING and not matches(argument, value)
    return _unless(held, path, "other than", argument, value)


def _exactly(argument: Any, value: Any, path: Path) -> list[Difference]:
    return _unless(equal(argument, value), path, "exactly", argument, value)


def _min(argument: Any, value: Any, path: Path) -> list[Difference]:
    return _unless(_is_number(value) and value >= argument, path, "at least", argument, value)


def _max(argument: Any, value: Any, path: Path) -> list[Difference]:
    return _unless(_is_number(value) and value <= argument, path, "at most", argument, value)


_MATCHERS: dict[str, Callable[[Any, Any, Path], list[Difference]]] = {
    "$any": lambda _, value, path: _compare_text("$any", value, path),
    "$absent": lambda _, value, path: _compare_text("$absent", value, path),
    "$type": _type,
    "$regex": _regex,
    "$length": _length,
    "$contains": _contains,
    "$lacks": _lacks,
    "$each": _each,
    "$unordered": _unordered,
    "$one of": _one_of,
    "$all": _all,
    "$not": _not,
    "$exactly": _exactly,
    "$min": _min,
    "$max": _max,
}
