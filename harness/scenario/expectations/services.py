"""`run` and `exchanges`: what Seer's agent did, and what passed between the services."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from harness.scenario.book import Book
from harness.scenario.cast import OneOrMore, listed
from harness.scenario.expectations.answer import review_pattern
from harness.scenario.matching import MISSING, compare, project
from harness.scenario.names import Actor
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene
from harness.scenario.seer import is_exchange
from harness.signing import verify

_SCHEME = "Rpcsignature rpc0:"


class ExchangePattern(BaseModel):
    """Exchanges between services during the step, and what each of them must be like."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    from_: str = Field(alias="from", description="Who sent it: sentry or seer.")
    to: str = Field(description="Who was asked: sentry, seer, or outside for any other host.")
    method: str | None = None
    path: str | None = Field(None, description="The path, without its query.")
    status: int | None = None
    json_: JsonValue = Field(None, alias="json", description="A pattern for the request's body.")
    headers: dict[str, JsonValue] = Field(
        {}, description="A pattern for each named header of the request."
    )
    signed: bool | None = Field(
        None, description="Whether the request's body is signed with the shared secret."
    )
    lacks: OneOrMore = Field([], description="Texts that stand nowhere in the request.")
    lacks_secret: bool = Field(
        False,
        alias="lacks secret",
        description="Whether the secret that Sentry and Seer share must stand nowhere in it.",
    )
    count: int | None = Field(None, ge=0, description="How many there are; one or more if absent.")

    def selects(self, exchange: dict[str, Any]) -> bool:
        """Whether this is about an exchange."""
        return is_exchange(exchange, self.from_, self.to, self.method, self.path)

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.method, self.path)))
        return f"{self.from_} → {self.to}{f' {what}' if what else ''}"


def _check_run(scene: Scene, expected: JsonValue) -> None:
    name = getattr(scene.arguments, "as_", None) or getattr(scene.arguments, "run", None)
    state = scene.stage.values.get(str(name), MISSING)
    differences = compare(expected, state)
    came = state if state is MISSING else project(expected, state)
    scene.compare("run", expected=expected, came=came, differences=differences)


def _last_exchange(scene: Scene, _: Any) -> int:
    exchanges = scene.stage.need_control().exchanges_since(0)
    return max((exchange["id"] for exchange in exchanges), default=0)


def _check_exchanges(scene: Scene, expected: list[ExchangePattern]) -> None:
    exchanges = scene.stage.need_control().exchanges_since(scene.before["exchanges"])
    for pattern in expected:
        found = [exchange for exchange in exchanges if pattern.selects(exchange)]
        enough = len(found) == pattern.count if pattern.count is not None else bool(found)
        wanted = "one or more" if pattern.count is None else pattern.count
        name = f"exchanges: {pattern}"
        scene.check(name, expected=wanted, came=len(found), passed=enough)
        for exchange in found:
            _check_exchange(scene, name, pattern, exchange)


def _check_exchange(
    scene: Scene, name: str, pattern: ExchangePattern, exchange: dict[str, Any]
) -> None:
    given = pattern.model_fields_set
    if pattern.status is not None:
        came = exchange.get("status")
        passed = came == pattern.status
        scene.check(f"{name}: status", expected=pattern.status, came=came, passed=passed)
    if "json_" in given:
        body = _read_body(exchange)
        scene.compare(
            f"{name}: json",
            expected=pattern.json_,
            came=body if body is MISSING else project(pattern.json_, body),
            differences=compare(pattern.json_, body),
        )
    headers = {key.lower(): value for key, value in exchange.get("request_headers", [])}
    for header, wanted in pattern.headers.items():
        value = headers.get(header.lower(), MISSING)
        differences = compare(wanted, value)
        scene.compare(f"{name}: {header}", expected=wanted, came=value, differences=differences)
    if pattern.signed is not None:
        signed = _is_signed(scene, exchange, headers)
        passed = signed == pattern.signed
        scene.check(f"{name}: signed", expected=pattern.signed, came=signed, passed=passed)
    sent = json.dumps([exchange.get("url"), headers, exchange.get("request_body")])
    if pattern.lacks_secret:
        shown = (scene.stage.target.sentry.secret or "") in sent
        scene.check(f"{name}: lacks secret", expected=True, came=not shown, passed=not shown)
    there = [text for text in listed(pattern.lacks) if json.dumps(text)[1:-1] in sent]
    if pattern.lacks:
        redact = scene.stage.transcript.redactor.text
        message = "; ".join(f"contains {redact(text)!r}" for text in there)
        scene.check(
            f"{name}: lacks",
            expected=pattern.lacks,
            came=len(there),
            passed=not there,
            message=message,
        )


def _read_body(exchange: dict[str, Any]) -> Any:
    try:
        return json.loads(exchange.get("request_body") or "")
    except ValueError:
        return MISSING


def _is_signed(scene: Scene, exchange: dict[str, Any], headers: dict[str, str]) -> bool:
    authorization = headers.get("authorization", "")
    secret = scene.stage.target.sentry.secret or ""
    body = str(exchange.get("request_body")).encode()
    signature = authorization.removeprefix(_SCHEME)
    return authorization.startswith(_SCHEME) and verify(secret, body, signature)


def _review_run(book: Book, actor: Actor, used: str | None, expected: JsonValue) -> None:
    review_pattern(book, actor, used, expected)


def _review_exchanges(
    book: Book, actor: Actor, used: str | None, expected: list[ExchangePattern]
) -> None:
    book.needs_control("'exchanges'")
    for index, pattern in enumerate(expected):
        if pattern.signed is not None:
            book.needs_secret("'signed'")
        if pattern.lacks_secret:
            book.needs_secret("'lacks secret'")
        with book.at(index, "json"):
            review_pattern(book, actor, used, pattern.json_)


EXPECTATIONS = [
    Expectation(
        "run",
        JsonValue,
        _check_run,
        review=_review_run,
        description="A pattern for the state of the run that the step is about: status, blocks, "
        "pending_user_input, said (the agent's messages), calls (METHOD path → outcome).",
    ),
    Expectation(
        "exchanges",
        list[ExchangePattern],
        _check_exchanges,
        before=_last_exchange,
        review=_review_exchanges,
        description="What passed between the services during the step.",
    ),
]
