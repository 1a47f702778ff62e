"""JSON in lines, to the letter."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.layout import lay_out


def test_what_fits_stays_in_a_line() -> None:
    long = json.dumps({"a": [1, 2], "b": {"c": "x" * 40, "d": "y" * 40}, "e": {}, "f": []})
    assert lay_out(long) == "\n".join(
        [
            "{",
            '  "a": [1, 2],',
            '  "b": {',
            f'    "c": "{"x" * 40}",',
            f'    "d": "{"y" * 40}"',
            "  },",
            '  "e": {},',
            '  "f": []',
            "}",
        ]
    )


@pytest.mark.parametrize(
    ("text", "laid"),
    [
        ('{"a":1,"a":2}', '{"a": 1, "a": 2}'),
        ("[1.0,1e999,12345678901234567890]", "[1.0, 1e999, 12345678901234567890]"),
        ('{"a\\u0041":"\\/ {[,:]} \\""}', '{"a\\u0041": "\\/ {[,:]} \\""}'),
        (" [ { } , [ ] ] ", "[{}, []]"),
        ('{": ":": "}', '{": ": ": "}'),
    ],
)
def test_nothing_is_spelt_anew(text: str, laid: str) -> None:
    assert lay_out(text) == laid


@pytest.mark.parametrize("text", ["", "plain", '"text"', "{no json", "[1,]", "<html>", "[" * 9999])
def test_what_is_no_json_stays_as_it_is(text: str) -> None:
    assert lay_out(text) == text


def test_what_is_nested_without_end_stays_as_it_is() -> None:
    deep = "[" * 200 + "]" * 200
    assert lay_out(deep) == deep


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(values) | st.dictionaries(st.text(), values))
def test_it_means_the_same(value: object) -> None:
    laid = lay_out(json.dumps(value))
    assert json.loads(laid) == value
    assert lay_out(laid) == laid
