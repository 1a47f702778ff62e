"""What a user asks, and which script is meant."""

from __future__ import annotations

import pytest

from harness.seer.script.loader import Script, find_script, parse_script
from harness.seer.script.query import match_query


@pytest.mark.parametrize(
    ("asks", "query", "captured"),
    [
        ("Clean up", "Clean up", {}),
        ("Clean up", "  clean  UP!? ", {}),
        ("Clean up.", "Clean up", {}),
        ("Clean up", "Clean up the cellar", None),
        ("Clean up", "Please clean up", None),
        ("What is {issue} about?", "what is Web-App-1 about", {"issue": "Web-App-1"}),
        ("What is {issue} about?", "What is  WEB-APP-1\nabout ?", {"issue": "WEB-APP-1"}),
        ("What is {issue} about?", "What is my first issue about?", None),
        ("What is {issue} about?", "What is about?", None),
        ("Resolve {issue}", "Resolve 7.", {"issue": "7"}),
        ("Resolve {issue}", "Resolve", None),
        ("Resolve {issue}", "Resolve ?!", None),
        ("Move {a} to {b}", "move x to Y", {"a": "x", "b": "Y"}),
        ("(a+) {x}?", "(A+) z", {"x": "z"}),
        ("a.c {x}", "abc z", None),
        ("Say '{word}' twice", "say 'hey' twice", {"word": "hey"}),
    ],
)
def test_matching(asks: str, query: str, captured: dict[str, str] | None) -> None:
    assert match_query(asks, query) == captured


def script(script_id: str, asks: str, temperament: str = "honest") -> Script:
    habits = {"clumsy": "habits: [ignores expiry]", "misled": "habits: [obeys what it reads]"}
    return parse_script(
        f"id: {script_id}\ntitle: T\ntemperament: {temperament}\n"
        f"{habits.get(temperament, 'note: N')}\nasks: '{asks}'\nplan: [say: hello]\n"
    )


def found(scripts: list[Script], query: str) -> str | None:
    pair = find_script(scripts, query)
    return None if pair is None else pair[0].id


def test_what_is_written_out_goes_before_what_is_left_open() -> None:
    scripts = [
        script("a", "Resolve {issue}"),
        script("z", "Resolve everything", "hostile"),
        script("b", "{verb} everything"),
    ]
    assert found(scripts, "resolve everything") == "z"
    assert find_script(scripts, "Resolve ABC-1") == (scripts[0], {"issue": "ABC-1"})
    assert found(scripts, "Rename it") is None
    assert found([], "Rename it") is None


def test_the_honest_go_first_and_then_the_id_decides() -> None:
    order = [
        script("e", "Go"),
        script("f", "Go"),
        script("d", "Go", "clumsy"),
        script("c", "Go", "misled"),
        script("b", "Go", "hostile"),
    ]
    for first in range(len(order)):
        rest = order[first:]
        assert found(rest, "go") == rest[0].id
        assert found(rest[::-1], "go") == rest[0].id
