"""`page`: what the user's window shows after the step."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from harness.document import suggest
from harness.scenario.book import Book
from harness.scenario.expectations.answer import review_pattern
from harness.scenario.matching import compare
from harness.scenario.names import Actor
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene
from harness.scenario.windows import VIEW

# Of a long page the report keeps the beginning.
_MOST_TEXT = 2000


def _check_page(scene: Scene, expected: dict[str, JsonValue]) -> None:
    user = scene.acts_for or scene.actor.name
    view = scene.stage.window(user).look()
    for name, pattern in expected.items():
        came: Any = view[name]
        shown = scene.stage.transcript.redactor.data(came)
        if isinstance(shown, str) and len(shown) > _MOST_TEXT:
            shown = f"{shown[:_MOST_TEXT]}…"
        scene.compare(
            f"page: {name}", expected=pattern, came=shown, differences=compare(pattern, came)
        )


def _review_page(book: Book, actor: Actor, used: str | None, expected: dict[str, Any]) -> None:
    book.needs_browser("'page'")
    for name, pattern in expected.items():
        if name not in VIEW:
            book.mistake((name,), f"a page has no {name!r}{suggest(name, VIEW)}")
        with book.at(name):
            review_pattern(book, actor, used, pattern)


EXPECTATIONS = [
    Expectation(
        "page",
        dict[str, JsonValue],
        _check_page,
        review=_review_page,
        description="A pattern for each part of the page in the user's browser: "
        + "; ".join(f"{name}: {meaning}" for name, meaning in VIEW.items()),
    ),
]
