"""The `query` of small lists (organizations' projects, teams, members), over rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from harness.sentry.api.search import parse_query, refuse_operator
from harness.sentry.call import Call

_T = TypeVar("_T")
#: Whether an item has one of the values of a term.
Match: TypeAlias = Callable[[_T, frozenset[str]], bool]


def filter_by_query(
    call: Call,
    items: Iterable[_T],
    fields: Mapping[str, Match[_T]],
    text: Callable[[_T], Iterable[object]],
) -> list[_T]:
    """The `items` that fit the call's `query`: every term, and the free text.

    `fields` says what a key means; a key that it does not have fits nothing, as with
    Sentry. Free text must stand in one of the values that `text` gives, in any case.
    Raises Invalid for a query that cannot be read.
    """
    query = parse_query(call.request.args.get("query", ""))
    found = list(items)
    for term in query.terms:
        refuse_operator(term)
        match, values = fields.get(term.key), frozenset(value.lower() for value in term.values)
        if match is None:
            return []
        found = [item for item in found if match(item, values) is not term.negated]
    words = query.text.lower()
    return [item for item in found if any(words in str(value).lower() for value in text(item))]


def by(name: str) -> Match[Any]:
    """The attribute `name` is one of the values, in any case."""

    def match(item: Any, values: frozenset[str]) -> bool:
        return str(getattr(item, name)).lower() in values

    return match
