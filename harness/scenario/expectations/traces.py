"""`cookies` and `log`: what a step leaves in the caller's browser, and in a service's log."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from harness.scenario.book import Book
from harness.scenario.cast import OneOrMore, listed
from harness.scenario.expectations.answer import review_pattern
from harness.scenario.matching import MISSING, compare
from harness.scenario.names import Actor
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene

# A run of so many characters of a secret is a part of it, and no accident.
_PART = 10
_FLAGS = ("httponly", "secure", "partitioned")


class LogCondition(BaseModel):
    """What the lines that a service wrote during the step must have, and must not have."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    of: Literal["sentry", "seer"] = Field("sentry", description="Whose log it is.")
    contains: OneOrMore = []
    lacks: OneOrMore = []
    lacks_parts_of: OneOrMore = Field(
        [], alias="lacks parts of", description="Tokens of which no ten characters may stand there."
    )


def read_cookies(values: list[str]) -> dict[str, dict[str, Any]]:
    """Cookies by name: `value`, the flags as booleans, other attributes as texts.

    Attributes are named in lower case (RFC 6265 section 4.1); one that is absent is no key.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in values:
        parsed: SimpleCookie = SimpleCookie()
        parsed.load(text)
        for name, morsel in parsed.items():
            attributes = {key: value for key, value in morsel.items() if value}
            flags = {flag: bool(attributes.pop(flag, False)) for flag in _FLAGS}
            found[name] = {"value": morsel.value} | flags | attributes
    return found


def _check_cookies(scene: Scene, expected: dict[str, JsonValue]) -> None:
    cookies = read_cookies(scene.answer.header_values("set-cookie"))
    for name, pattern in expected.items():
        came: Any = cookies.get(name, MISSING)
        shown = came if came is MISSING else {k: v for k, v in came.items() if k != "value"}
        differences = compare(pattern, came)
        scene.compare(f"cookies: {name}", expected=pattern, came=shown, differences=differences)


def _number_before(scene: Scene, expected: LogCondition | list[LogCondition]) -> dict[str, int]:
    return {
        condition.of: max((line["id"] for line in _lines_since(scene, condition.of, 0)), default=0)
        for condition in _conditions(expected)
    }


def _check_log(scene: Scene, expected: LogCondition | list[LogCondition]) -> None:
    for condition in _conditions(expected):
        _check_lines(
            scene, condition, _lines_since(scene, condition.of, scene.before["log"][condition.of])
        )


def _check_lines(scene: Scene, expected: LogCondition, lines: list[dict[str, Any]]) -> None:
    text = "\n".join(str(line.get("text", "")) for line in lines)
    redact = scene.stage.transcript.redactor.text
    faults = [f"lacks {redact(part)!r}" for part in listed(expected.contains) if part not in text]
    faults += [f"contains {redact(part)!r}" for part in listed(expected.lacks) if part in text]
    for name in listed(expected.lacks_parts_of):
        if _holds_part(text, scene.stage.token(name)):
            faults.append(f"contains the token {name!r} or a part of it")
    scene.check(
        "log" if expected.of == "sentry" else f"log of {expected.of}",
        expected=expected.model_dump(by_alias=True, exclude_unset=True),
        # A part of a secret has no form by which it could be masked: only how much there was.
        came=f"{len(lines)} lines",
        passed=not faults,
        message="; ".join(faults),
    )


def _conditions(expected: LogCondition | list[LogCondition]) -> list[LogCondition]:
    return expected if isinstance(expected, list) else [expected]


def _lines_since(scene: Scene, service: str, number: int) -> list[dict[str, Any]]:
    stage = scene.stage
    control = stage.need_seer_control() if service == "seer" else stage.need_control()
    return control.log_since(number)


def _holds_part(text: str, token: str) -> bool:
    """Whether any `_PART` characters of the token, its prefix apart, stand in `text`."""
    body = token.partition("_")[2] or token
    if len(body) < _PART:
        return body in text
    return any(body[at : at + _PART] in text for at in range(len(body) - _PART + 1))


def _review_cookies(book: Book, actor: Actor, used: str | None, cookies: dict[str, Any]) -> None:
    for name, pattern in cookies.items():
        with book.at(name):
            review_pattern(book, actor, used, pattern)


def _review_log(
    book: Book, _: Actor, __: str | None, expected: LogCondition | list[LogCondition]
) -> None:
    for condition in _conditions(expected):
        if condition.of == "seer":
            book.needs_seer("'log' of Seer")
        else:
            book.needs_control("'log'")
        for name in listed(condition.lacks_parts_of):
            book.uses_token(("lacks parts of",), name)


EXPECTATIONS = [
    Expectation(
        "cookies",
        dict[str, JsonValue],
        _check_cookies,
        review=_review_cookies,
        description="A pattern for each named cookie that the answer sets: value, httponly and "
        "secure as true or false, samesite, path, max-age as texts; $absent for a cookie not set.",
    ),
    Expectation(
        "log",
        LogCondition | list[LogCondition],
        _check_log,
        before=_number_before,
        review=_review_log,
        description="What a service's log has of the step: contains, lacks, lacks parts of; "
        "of: seer for Seer's.",
    ),
]
