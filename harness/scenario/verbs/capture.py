"""`captures`: whoever stands between the services keeps a copy of what passed there."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from harness.scenario.book import Book
from harness.scenario.names import Actor
from harness.scenario.registry import Arguments, Verb
from harness.scenario.seer import is_exchange
from harness.scenario.stage import Stage, StepFailedError


class Capture(Arguments):
    """The last request between two services, byte for byte."""

    from_: str = Field(alias="from", description="Who sent it: sentry or seer.")
    to: str = Field(description="Who was asked: sentry, seer, or outside.")
    method: str | None = None
    path: str | None = Field(None, description="The path, without its query.")
    as_: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")] = Field(
        alias="as",
        description="A name: {name.body} is the body as it was sent, {name.json.…} a part of "
        "it, {name.headers.…} a header by its name in lower case, {name.path} the path.",
    )

    def selects(self, exchange: dict[str, Any]) -> bool:
        """Whether this is one of those that are meant."""
        return is_exchange(exchange, self.from_, self.to, self.method, self.path)


class _Blank(dict[str, str]):
    """Stands for what was never sent: every part of it is its name."""

    def get(self, key: str, _: Any = None) -> Any:
        return f"<{key}>"


def _play(stage: Stage, _: Actor, capture: Capture) -> None:
    if stage.wire.planned:
        blank = _Blank()
        stage.values[capture.as_] = {"body": "", "path": "/", "json": blank, "headers": blank}
        return
    exchanges = stage.need_control().exchanges_since(0)
    found = [exchange for exchange in exchanges if capture.selects(exchange)]
    if not found:
        raise StepFailedError(f"nothing that is meant passed from {capture.from_} to {capture.to}")
    stage.values[capture.as_] = _describe(found[-1])


def _describe(exchange: dict[str, Any]) -> dict[str, Any]:
    body = str(exchange.get("request_body"))
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    pairs = exchange.get("request_headers", [])
    return {
        "method": exchange.get("method"),
        "path": urlsplit(str(exchange.get("url"))).path,
        "body": body,
        "json": parsed,
        "headers": {str(name).lower(): value for name, value in pairs},
    }


def _review(book: Book, _: Actor, capture: Capture) -> None:
    book.needs_control("'captures'")
    book.values.add(capture.as_)


VERBS = [
    Verb(
        name="captures",
        arguments=Capture,
        actors=frozenset({"attacker", "agent", "service"}),
        play=_play,
        review=_review,
        answers=False,
    )
]
