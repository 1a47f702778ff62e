"""Values worded for people, and never so that two of them look alike."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.report.wording import (
    word_arguments,
    word_claim,
    word_decision,
    word_flow,
    word_pair,
    word_plain,
    word_status,
)


def test_arguments_look_as_in_a_file() -> None:
    value = {"with": "first", "put": "/api/0/", "json": {"name": "Acme Two", "id": "7", "n": 7}}
    assert (
        word_arguments(value) == 'with: first, put: /api/0/, json: {name: Acme Two, id: "7", n: 7}'
    )
    assert word_arguments({"scopes": ["org:write", "", "yes", "a: b"]}) == (
        'scopes: [org:write, "", "yes", "a: b"]'
    )
    assert word_arguments([]) == "[]"


plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))
)


@given(st.dictionaries(st.text("abc:,{}[]#&*!|>'\"%@` -?1"), plain | st.lists(plain)))
def test_what_is_worded_means_the_same_in_yaml(value: dict[str, Any]) -> None:
    assert yaml.safe_load(word_flow(value)) == value


@pytest.mark.parametrize(
    ("expected", "came", "worded"),
    [
        (200, 403, ("200", "403")),
        ("200", 200, ('"200"', "200")),
        ("200 to 299", 200, ("200 to 299", "200")),
        (["a"], ["a"], ("[a]", "[a]")),
        (True, "true", ("true", '"true"')),
        (None, "null", ("null", '"null"')),
        (1, 1.0, ("1", "1.0")),
    ],
)
def test_what_differs_looks_different(expected: Any, came: Any, worded: tuple[str, str]) -> None:
    assert word_pair(expected, came) == worded


def test_what_is_long_is_laid_out() -> None:
    long = {"a": "x" * 50, "b": "y" * 50}
    expected, came = word_pair(long, "z")
    assert expected.splitlines()[0] == "{"
    assert came == "z"


@pytest.mark.parametrize(
    ("value", "worded"),
    [
        (["org:read", "org:write"], "org:read org:write"),
        ("org:read org:write", '"org:read org:write"'),
        (["a b"], '["a b"]'),
        ([], "[]"),
        ("101", '"101"'),
        (101, "101"),
        (True, "true"),
        (["a", 1], '["a", 1]'),
    ],
)
def test_a_claim_tells_its_type(value: Any, worded: str) -> None:
    assert word_claim(value) == worded


def test_plain_values() -> None:
    values = [None, [], "x y", ["a", "b"], {"a": 1}, False]
    assert list(map(word_plain, values)) == ["", "", "x y", "a b", '{"a": 1}', "false"]


@pytest.mark.parametrize(
    ("record", "worded"),
    [
        ({"decision": "allow", "rule": "role", "missing": []}, "allowed by role"),
        (
            {"decision": "deny", "rule": "gate", "missing": ["a", "b"]},
            "denied by gate, missing any of a b",
        ),
        ({}, "decided"),
        (
            {"decision": ["deny"], "rule": {"a": 1}, "missing": 7},
            'decided by {"a": 1}, missing any of 7',
        ),
    ],
)
def test_a_decision_in_a_few_words(record: dict[str, Any], worded: str) -> None:
    assert word_decision(record) == worded


def test_a_status_in_words() -> None:
    assert [word_status(status) for status in (200, 404, 799, None)] == ["OK", "Not Found", "", ""]
