"""Search text as clients send it in `query=`: `is:unresolved level:error "out of memory"`.

Terms stand beside each other and all must hold; words with no key are one piece of
free text. Which keys there are, and what a term means, is said by those who search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, not_, or_, true

from harness.sentry.errors import Invalid
from harness.sentry.route import parse_id

#: What one query may be made of; databases limit the size of a condition.
MAX_LENGTH: Final = 4096
MAX_VALUES: Final = 100

_TERM = re.compile(
    r"""
    (?P<negated>!)?
    (?: (?P<key>[\w.\-]+) | tags\[(?P<tag>[^\]\s]+)\] | "(?P<quoted_key>[^"]+)" )
    :(?P<operator>>=|<=|>|<|=)?
    (?P<value> \[[^\]]*\] | "(?:[^"\\]|\\.)*" | [^\s"\[]\S* )?
    (?=\s|$)
    """,
    re.VERBOSE | re.ASCII,
)
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s|$)|\S+')
_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*))\s*(?:,|$)')
_AGO = re.compile(r"([+-])(\d{1,4})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Term:
    """`key:value`; any one of `values` suffices. `operator` is "", =, >, <, >= or <=."""

    key: str
    values: tuple[str, ...]
    operator: str = ""
    negated: bool = False

    @property
    def shown(self) -> str:
        """The term's key as it was sent, for a message."""
        return f"{'!' if self.negated else ''}{self.key}"


@dataclass(frozen=True, slots=True)
class Query:
    """Terms, and the free text beside them ("" for none)."""

    terms: tuple[Term, ...]
    text: str


def parse_query(query: str) -> Query:
    """What `query` says.

    Raises Invalid where it cannot be read, or says more than a database can be asked.
    """
    if len(query) > MAX_LENGTH:
        raise _error(f"a query has {MAX_LENGTH} characters at most")
    terms: list[Term] = []
    words: list[str] = []
    at = 0
    while at < len(query):
        if query[at].isspace():
            at += 1
            continue
        matched = _TERM.match(query, at)
        if matched is not None:
            terms.append(_term(matched))
        else:
            matched = _TEXT.match(query, at)
            # There is one: whatever is no space is text.
            word = matched[0] if matched else query[at:]
            words.append(_word(word))
        at = matched.end() if matched else len(query)
    if sum(len(term.values) for term in terms) > MAX_VALUES:
        raise _error(f"a query has {MAX_VALUES} values at most")
    return Query(tuple(terms), " ".join(words))


_C = TypeVar("_C")
#: Makes a condition of a term for a search by `_C` (who asks, when, where).
Field = Callable[[_C, Term], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Search(Generic[_C]):
    """What can be searched for: by key, by any other key, and by free text."""

    fields: Mapping[str, Field[_C]]
    other: Field[_C]
    text: Callable[[str], ColumnElement[bool]]

    def condition(self, context: _C, query: str) -> ColumnElement[bool]:
        """The rows that `query` asks for. Raises Invalid."""
        parsed = parse_query(query)
        found = [self._condition(context, term) for term in parsed.terms]
        if parsed.text:
            found.append(self.text(parsed.text))
        return and_(true(), *found)

    def _condition(self, context: _C, term: Term) -> ColumnElement[bool]:
        condition = self.fields.get(term.key, self.other)(context, term)
        return not_(condition) if term.negated else condition


def match_text(column: Any, term: Term) -> ColumnElement[bool]:
    """The column is one of the values; `*` stands for anything."""
    refuse_operator(term)
    return or_(*(_match_value(column, value) for value in term.values))


def match_contained(column: Any, value: str) -> ColumnElement[bool]:
    """The column has `value` in it, in any case; `*` stands for anything."""
    return _like(column, f"*{value}*")


def match_number(column: Any, term: Term) -> ColumnElement[bool]:
    """The column compares to each value as the term says. Raises Invalid."""
    return or_(*(_compare(column, term, _number(term, value)) for value in term.values))


def match_time(column: Any, term: Term, now: datetime) -> ColumnElement[bool]:
    """The column compares to a time, or `-24h`: since then, `+24h`: before. Raises Invalid."""
    value = term.values[0]
    ago = _AGO.fullmatch(value)
    if ago is None:
        moment = parse_time(value)
        if moment is None:
            raise _error(f"{term.shown}: no time")
        if not term.operator:
            raise _error(f"{term.shown}: say > or < before a time")
        return _compare(column, term, moment)
    moment = now - timedelta(**{_UNITS[ago[3]]: int(ago[2])})
    since: ColumnElement[bool] = column >= moment
    before: ColumnElement[bool] = column <= moment
    return since if ago[1] == "-" else before


def parse_time(text: str) -> datetime | None:
    """The UTC time that `text` writes in ISO 8601; with no zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def refuse_operator(term: Term) -> None:
    """Raises Invalid where the term compares what has no order."""
    if term.operator not in ("", "="):
        raise _error(f"{term.shown}: {term.operator} compares numbers and times")


def unknown_value(term: Term) -> Invalid:
    """The answer to a value that the key does not have."""
    return _error(f"Invalid value for {term.shown}")


def _error(message: str) -> Invalid:
    return Invalid(f"Error parsing search query: {message}")


def _term(matched: re.Match[str]) -> Term:
    key = matched["key"] or matched["quoted_key"] or f"tags[{matched['tag']}]"
    value = matched["value"]
    if value is None:
        raise _error(f"Empty string after {key!r}")
    values = _items(value) if value.startswith("[") else (_word(value),)
    return Term(key, values, matched["operator"] or "", matched["negated"] is not None)


def _items(value: str) -> tuple[str, ...]:
    inside = value[1:-1].strip()
    found = _ITEM.finditer(inside) if inside else ()
    items = tuple(
        _unescape(item[1]) if item[1] is not None else item[2].strip() for item in found if item[0]
    )
    if not items:
        raise _error("an empty list")
    return items


def _word(text: str) -> str:
    quoted = len(text) > 1 and text.startswith('"') and text.endswith('"')
    return _unescape(text[1:-1]) if quoted else text


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _match_value(column: Any, value: str) -> ColumnElement[bool]:
    same: ColumnElement[bool] = column == value
    return _like(column, value) if "*" in value else same


def _like(column: Any, value: str) -> ColumnElement[bool]:
    escaped = re.sub(r"([\\%_])", r"\\\1", value)
    like: ColumnElement[bool] = column.ilike(re.sub(r"\*+", "%", escaped), escape="\\")
    return like


def _number(term: Term, value: str) -> int:
    number = parse_id(value)
    if number is None:
        raise unknown_value(term)
    return number


def _compare(column: Any, term: Term, value: object) -> ColumnElement[bool]:
    compared: dict[str, Callable[[], ColumnElement[bool]]] = {
        "": lambda: column == value,
        "=": lambda: column == value,
        ">": lambda: column > value,
        "<": lambda: column < value,
        ">=": lambda: column >= value,
        "<=": lambda: column <= value,
    }
    return compared[term.operator]()
