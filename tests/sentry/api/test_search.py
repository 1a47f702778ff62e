"""The text of a search: terms, values, and what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.sentry.api.search import MAX_VALUES, Query, Term, parse_query, parse_time
from harness.sentry.errors import Invalid


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query((), "")),
        ("is:unresolved", Query((Term("is", ("unresolved",)),), "")),
        ("!is:resolved", Query((Term("is", ("resolved",), negated=True),), "")),
        ('title:"two words"', Query((Term("title", ("two words",)),), "")),
        ('title:"a \\"b\\""', Query((Term("title", ('a "b"',)),), "")),
        ("level:[error, warning]", Query((Term("level", ("error", "warning")),), "")),
        ('level:["a, b",c]', Query((Term("level", ("a, b", "c")),), "")),
        ("timesSeen:>=10", Query((Term("timesSeen", ("10",), ">="),), "")),
        ("tags[a:b]:c", Query((Term("tags[a:b]", ("c",)),), "")),
        ('"odd key":c', Query((Term("odd key", ("c",)),), "")),
        ("url:http://a/?b=c", Query((Term("url", ("http://a/?b=c",)),), "")),
        ("out of memory", Query((), "out of memory")),
        (' "out of"  is:new memory ', Query((Term("is", ("new",)),), "out of memory")),
        ('half "open', Query((), 'half "open')),
        ("(a OR b)", Query((), "(a OR b)")),
        ("ключ:b", Query((), "ключ:b")),
    ],
)
def test_a_query_is_terms_and_text(text: str, query: Query) -> None:
    assert parse_query(text) == query


@pytest.mark.parametrize(
    "text", ["a:", "a: b", "a:[]", "a:[ ]", "x" * 4097, "a:b " * (MAX_VALUES + 1)]
)
def test_a_query_that_says_nothing_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_query(text)
    assert raised.value.status == 400
    assert raised.value.body["detail"].startswith("Error parsing search query: ")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters() | st.sampled_from(list(' :!"[]\\,*<>=ab')), max_size=60))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    try:
        query = parse_query(text)
    except Invalid:
        return
    assert all(term.key and term.values for term in query.terms)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-15", datetime(2026, 1, 15, tzinfo=UTC)),
        ("2026-01-15T12:00:00+02:00", datetime(2026, 1, 15, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_time_is_utc_or_none(text: str, moment: datetime | None) -> None:
    assert parse_time(text) == moment
