"""Patterns: what they match, where a value departs, what is wrong with a pattern itself."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.scenario.matching import (
    MISSING,
    compare,
    equal,
    find_mistakes,
    matches,
    project,
    show,
)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 2, "d": 3}], "e": 4}}),
        ([], []),
        ("$any", None),
        ({"a": "$any"}, {"a": None}),
        ({"a": "$absent"}, {"b": 1}),
        ("$$any", "$any"),
        ({"$$type": 1, "b": 2}, {"$type": 1, "b": 2}),
        ({"$type": "string"}, ""),
        ({"$type": "integer"}, 3),
        ({"$type": "number"}, 3.5),
        ({"$type": "boolean"}, False),
        ({"$type": "null"}, None),
        ({"$type": "list"}, []),
        ({"$type": "mapping"}, {}),
        ({"$regex": "^a.c$"}, "abc"),
        ({"$length": 2}, [1, 2]),
        ({"$length": {"min": 1, "max": 3}}, "ab"),
        ({"$length": {"min": 1}}, {"a": 1}),
        ({"$contains": {"a": 1}}, [0, {"a": 1, "b": 2}]),
        ({"$contains": "ell"}, "hello"),
        ({"$lacks": "x"}, ["y"]),
        ({"$lacks": "x"}, "yyy"),
        ({"$each": {"$type": "integer"}}, [1, 2]),
        ({"$each": "x"}, []),
        ({"$unordered": [1, 2, 2]}, [2, 1, 2]),
        ({"$unordered": ["$any", "b"]}, ["b", "a"]),
        ({"$one of": [1, 2]}, 2),
        ({"$all": [{"$min": 1}, {"$max": 3}]}, 2),
        ({"$min": 1, "$max": 3}, 3),
        ({"$not": 1}, 2),
        ({"$exactly": {"a": [1]}}, {"a": [1]}),
        ({"$exactly": "$any"}, "$any"),
    ],
)
def test_what_matches(pattern: Any, value: Any) -> None:
    assert not compare(pattern, value)
    assert not list(find_mistakes(pattern))


@pytest.mark.parametrize(
    ("pattern", "value", "place"),
    [
        ({"a": 1}, {"a": 2}, "at /a: expected 1, came 2"),
        ({"a": 1}, {}, "at /a: expected 1, came nothing"),
        ({"a": {"b~/c": 1}}, {"a": {"b~/c": 2}}, "at /a/b~0~1c: expected 1, came 2"),
        ([1, 2], [1], "expected 2 entries: [1, 2], came [1]"),
        ([1, 2], [1, 3], "at /1: expected 2, came 3"),
        ({"a": 1}, [], "expected a mapping, came []"),
        ([1], {"a": 1}, 'expected a list, came {"a": 1}'),
        (1, True, "expected 1, came true"),
        (False, 0, "expected false, came 0"),
        ("1", 1, 'expected "1", came 1'),
        (None, 0, "expected null, came 0"),
        ({"a": "$any"}, {}, "at /a: expected something, came nothing"),
        ({"a": "$absent"}, {"a": None}, "at /a: expected nothing, came null"),
        ({"$type": "integer"}, True, "expected a value of type integer, came true"),
        ({"$type": "null"}, 0, "expected null, came 0"),
        ({"$regex": "^a"}, "ba", 'expected a text that matches "^a", came "ba"'),
        ({"$regex": "1"}, 1, 'expected a text that matches "1", came 1'),
        ({"$length": 2}, [1], "expected length 2, came [1]"),
        ({"$length": {"max": 1}}, "ab", 'expected length {"max": 1}, came "ab"'),
        ({"$length": 0}, None, "expected length 0, came null"),
        ({"$contains": 1}, [2], "expected what contains 1, came [2]"),
        ({"$contains": 1}, "1", 'expected what contains 1, came "1"'),
        ({"$lacks": 2}, [2], "expected what lacks 2, came [2]"),
        ({"$lacks": 2}, None, "expected what lacks 2, came null"),
        ({"$each": 1}, [1, 2], "at /1: expected 1, came 2"),
        ({"$each": 1}, 1, "expected a list, came 1"),
        ({"$unordered": [1, 1]}, [1, 2], "expected in any order [1, 1], came [1, 2]"),
        ({"$one of": [1, 2]}, 3, "expected one of [1, 2], came 3"),
        ({"$not": 1}, 1, "expected other than 1, came 1"),
        ({"a": {"$not": 1}}, {}, "at /a: expected other than 1, came nothing"),
        (
            {"$exactly": {"a": 1}},
            {"a": 1, "b": 2},
            'expected exactly {"a": 1}, came {"a": 1, "b": 2}',
        ),
        ({"$min": 3}, 2, "expected at least 3, came 2"),
        ({"$max": 3}, True, "expected at most 3, came true"),
    ],
)
def test_where_a_value_departs(pattern: Any, value: Any, place: str) -> None:
    (difference,) = compare(pattern, value)
    assert difference.explain() == place
    assert not list(find_mistakes(pattern))


def test_every_difference_is_told() -> None:
    differences = compare({"a": 1, "b": {"c": 2}, "d": 3}, {"a": 0, "b": {"c": 0}, "d": 3})
    assert [difference.path for difference in differences] == [("a",), ("b", "c")]


def test_values_are_masked_before_they_are_cut() -> None:
    (difference,) = compare("x" * 500, "y" * 500)
    assert difference.explain(lambda value: value[0]) == 'expected "x", came "y"'
    assert len(difference.explain()) < 500


@pytest.mark.parametrize(
    ("pattern", "path", "words"),
    [
        ("$anything", (), "did you mean '$any'"),
        ({"a": [{"$regx": "x"}]}, ("a", 0, "$regx"), "did you mean '$regex'"),
        ({"$type": "strin"}, ("$type",), "did you mean 'string'"),
        ({"$type": ["string"]}, ("$type",), "unknown type"),
        ({"$regex": "("}, ("$regex",), "no regular expression"),
        ({"$regex": 1}, ("$regex",), "no regular expression"),
        ({"$length": "2"}, ("$length",), "expected a number"),
        ({"$length": -1}, ("$length",), "expected a number"),
        ({"$length": {"least": 1}}, ("$length",), "expected a number"),
        ({"$min": "1"}, ("$min",), "expected a number"),
        ({"$one of": 1}, ("$one of",), "expected a list"),
        ({"$unordered": {"a": 1}}, ("$unordered",), "expected a list"),
        ({"$type": "string", "b": 1}, ("b",), "beside a matcher, a plain key"),
        ({"$not": {"$typo": 1}}, ("$not", "$typo"), "unknown matcher"),
        ({"$all": ["$anyy"]}, ("$all", 0), "unknown matcher"),
    ],
)
def test_mistakes_in_a_pattern_are_found(pattern: Any, path: tuple[Any, ...], words: str) -> None:
    ((found, message),) = find_mistakes(pattern)
    assert found == path
    assert words in message


plain_text = st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | plain_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_a_value_matches_itself_and_nothing_is_wrong_with_it(value: Any) -> None:
    assert matches(value, value)
    assert matches({"$exactly": value}, value)
    assert not matches({"$not": value}, value)
    assert not list(find_mistakes(value))
    assert project(value, value) == value


@given(values, st.dictionaries(plain_text, values, max_size=3))
def test_further_keys_do_not_matter(value: Any, further: dict[str, Any]) -> None:
    assume(isinstance(value, dict))
    assert matches(value, further | value)
    assert matches({"$exactly": value}, further | value) == equal(value, further | value)


@given(values, values)
def test_two_ways_to_say_equal_agree(one: Any, other: Any) -> None:
    assert equal(one, other) == equal(other, one)
    assert matches({"$exactly": one}, other) == equal(one, other)
    if equal(one, other):
        assert matches(one, other)


@given(values, st.data())
def test_a_changed_leaf_is_found(value: Any, data: st.DataObject) -> None:
    changed, path = _change(copy.deepcopy(value), data)
    assume(path is not None)
    differences = compare(value, changed)
    assert differences
    assert any(path[: len(found.path)] == found.path for found in differences)


def _change(value: Any, data: st.DataObject) -> tuple[Any, Any]:
    """`value` with one leaf changed, and the path of that leaf."""
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        value[key], path = _change(value[key], data)
        return value, None if path is None else (key, *path)
    if isinstance(value, list) and value:
        index = data.draw(st.integers(0, len(value) - 1))
        value[index], path = _change(value[index], data)
        return value, None if path is None else (index, *path)
    if value in ({}, []) and not isinstance(value, bool):
        # An empty mapping matches every mapping, so it is no leaf to change.
        return value, None
    return ("another", value), ()


@given(st.lists(st.integers(0, 3), max_size=6), st.randoms(use_true_random=False))
def test_order_does_not_matter_where_it_must_not(entries: list[int], random: Any) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert matches({"$unordered": entries}, shuffled)
    assert matches({"$unordered": [*entries, 9]}, shuffled) is False


def test_only_what_a_pattern_looks_at_is_shown() -> None:
    value = {"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}], "g": 3}
    pattern = {"a": {"b": 1}, "d": [{"e": 0}], "x": 1}
    assert project(pattern, value) == {"a": {"b": 1}, "d": [{"e": 1}]}
    assert project({"a": {"$type": "mapping"}}, value) == {"a": {"b": 1, "c": 2}}


def test_nothing_is_shown_as_such() -> None:
    assert repr(MISSING) == "nothing"
    assert show("é") == '"é"'
    assert len(show("x" * 1000)) == 200
