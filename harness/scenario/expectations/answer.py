"""Expectations on the answer itself: `status`, `json`, `keys`, `text`, `headers`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from harness.scenario.book import Book
from harness.scenario.cast import OneOrMore, listed
from harness.scenario.matching import MISSING, compare, find_mistakes, project
from harness.scenario.names import Actor
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene

Status = Annotated[int, Field(ge=100, le=599)]


class TextCondition(BaseModel):
    """What the text of a body must have, and must not have."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    contains: OneOrMore = []
    lacks: OneOrMore = []


def _check_status(scene: Scene, expected: int | list[int]) -> None:
    wanted = [expected] if isinstance(expected, int) else expected
    scene.check(
        "status", expected=expected, came=scene.answer.status, passed=scene.answer.status in wanted
    )


def _check_json(scene: Scene, expected: JsonValue) -> None:
    value = scene.answer.json
    if value is MISSING:
        message = "the body is not JSON"
        scene.check("json", expected=expected, came=MISSING, passed=False, message=message)
        return
    scene.compare(
        "json",
        expected=expected,
        came=project(expected, value),
        differences=compare(expected, value),
    )


def _check_keys(scene: Scene, expected: list[str]) -> None:
    value = scene.answer.json
    came = sorted(value) if isinstance(value, dict) else MISSING
    message = "" if isinstance(value, dict) else "the body is no JSON object"
    scene.check(
        "keys",
        expected=sorted(expected),
        came=came,
        passed=came == sorted(expected),
        message=message,
    )


def _check_text(scene: Scene, expected: TextCondition) -> None:
    text = scene.answer.text
    missing = [part for part in listed(expected.contains) if part not in text]
    there = [part for part in listed(expected.lacks) if part in text]
    redact = scene.stage.transcript.redactor.text
    faults = [f"lacks {redact(part)!r}" for part in missing]
    faults += [f"contains {redact(part)!r}" for part in there]
    scene.check(
        "text",
        expected=expected.model_dump(exclude_unset=True),
        came=None,
        passed=not faults,
        message="; ".join(faults),
    )


def _check_headers(scene: Scene, expected: dict[str, JsonValue]) -> None:
    for name, pattern in expected.items():
        value = scene.answer.header(name)
        scene.compare(
            f"headers: {name}",
            expected=pattern,
            came=value,
            differences=compare(pattern, value),
        )


def review_pattern(book: Book, _: Actor, __: str | None, pattern: Any) -> None:
    """The matchers in a pattern must be known."""
    for path, message in find_mistakes(pattern):
        book.mistake(path, message)


EXPECTATIONS = [
    Expectation(
        "status",
        Status | list[Status],
        _check_status,
        description="The status, or a list of those that will do; without it, success.",
    ),
    Expectation(
        "json",
        JsonValue,
        _check_json,
        review=review_pattern,
        description="A pattern for the JSON body: at least these keys, with matchers such as "
        "$any, $absent, {$type: string}, {$regex: …}, {$contains: …}.",
    ),
    Expectation("keys", list[str], _check_keys, description="Exactly the keys of the JSON body."),
    Expectation("text", TextCondition, _check_text, description="Parts of the body's text."),
    Expectation(
        "headers",
        dict[str, JsonValue],
        _check_headers,
        review=review_pattern,
        description="A pattern for each named header; $absent and $any as for JSON.",
    ),
]
