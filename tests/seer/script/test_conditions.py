"""Conditions, and what names stand for."""

from __future__ import annotations

from typing import Any

import pytest

from harness.seer.agent.actions import Answer, Found, Operation, Reply
from harness.seer.script.model import Condition
from harness.seer.script.values import Missing, fill_path, hold, look_up, show_result

KNOWN: dict[str, Any] = {
    "x": {
        "status": 200,
        "json": {"items": [{"id": "7"}, {"id": "8"}], "on": True, "none": None, "empty": []},
        "refusal": "",
    },
    "word": "ABC-1",
    "user.id": "9",
}


def look(name: str) -> Any:
    return look_up(name, KNOWN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("word", "ABC-1"),
        ("user.id", "9"),
        ("x.status", 200),
        ("x.json.items.1.id", "8"),
        ("x.json.items.length", 2),
        ("x.json.none", None),
    ],
)
def test_what_a_name_stands_for(name: str, value: Any) -> None:
    assert look(name) == value


@pytest.mark.parametrize(
    "name",
    [
        "y",
        "user",
        "x.body",
        "x.json.items.2",
        "x.json.items.-1",
        "x.json.items.first",
        "x.json.none.id",
        "x.json.on.id",
        "x.refusal.length",
        "word.0",
        "x.json.length",
    ],
)
def test_what_is_missing(name: str) -> None:
    with pytest.raises(Missing):
        look(name)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"value": "{x.status}", "is": 200}, True),
        ({"value": "{x.status}", "is": "200"}, False),
        ({"value": "{x.status}", "is not": 200}, False),
        ({"value": "{x.status}", "is not": 404}, True),
        ({"value": "{x.json.on}", "is": True}, True),
        ({"value": "{x.json.on}", "is": 1}, False),
        ({"value": "{x.json.on}", "is not": 1}, True),
        ({"value": "{x.json.none}", "is": None}, True),
        ({"value": "{x.json.items.0.id}", "is": "{x.json.items.0.id}"}, True),
        ({"value": "{x.json.items.0.id}", "is": "{x.json.items.1.id}"}, False),
        ({"value": "{word}", "contains": "BC"}, True),
        ({"value": "{word}", "contains": "bc"}, False),
        ({"value": "{word}", "contains": 1}, False),
        ({"value": "{x.json.items}", "contains": {"id": "7"}}, True),
        ({"value": "{x.json.items}", "contains": "7"}, False),
        ({"value": "{x.status}", "contains": 2}, False),
        ({"value": "{x.json.items}", "has": True}, True),
        ({"value": "{x.json.empty}", "has": True}, False),
        ({"value": "{x.json.empty}", "has": False}, True),
        ({"value": "{x.refusal}", "has": True}, False),
        ({"value": "{x.status}", "has": True}, False),
        ({"value": "{word}", "matches": r"-\d$"}, True),
        ({"value": "{word}", "matches": "^B"}, False),
        ({"value": "{x.status}", "matches": "2"}, False),
        ({"value": "{word}", "matches": "A", "is": "ABC-2"}, False),
        ({"value": "{word}", "matches": "A", "is": "ABC-1"}, True),
        # Something missing makes every comparison false, the negative ones too.
        ({"value": "{x.json.gone}", "is": None}, False),
        ({"value": "{x.json.gone}", "is not": 1}, False),
        ({"value": "{x.json.gone}", "has": False}, False),
        ({"value": "{word}", "is not": "{x.json.gone}"}, False),
    ],
)
def test_what_holds(condition: dict[str, Any], holds: bool) -> None:
    assert hold([Condition.model_validate(condition)], look) is holds


def test_of_several_all_hold() -> None:
    yes = Condition.model_validate({"value": "{x.status}", "is": 200})
    no = Condition.model_validate({"value": "{x.status}", "is": 201})
    assert hold([yes, yes], look)
    assert not hold([yes, no], look)
    assert not hold([no, yes], look)


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("ABC-1", "/api/0/ABC-1/"),
        ("a/b?c#d", "/api/0/a%2Fb%3Fc%23d/"),
        ("ü%", "/api/0/%C3%BC%25/"),
        (7, "/api/0/7/"),
    ],
)
def test_a_name_stays_inside_its_segment_of_a_path(word: Any, path: str) -> None:
    assert fill_path("/api/0/{word}/", {"word": word}.__getitem__) == path


def test_the_parts_of_results() -> None:
    assert show_result(Reply(404, {}, {"a": 1}, "No.")) == {
        "status": 404,
        "json": {"a": 1},
        "refusal": "No.",
    }
    assert show_result(Answer(False, "late")) == {"approved": False, "reason": "late"}
    assert show_result(Found((Operation("GET", "/", ("a", "b")),))) == {
        "operations": [{"method": "GET", "path": "/", "scopes": ["a", "b"]}]
    }
