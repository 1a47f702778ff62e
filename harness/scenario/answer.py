"""A request before it is sent, and what came back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from harness.scenario.matching import MISSING
from harness.transcript import Received

Headers = tuple[tuple[str, str], ...]

# Levels of nesting that an answer may have.
_DEEPEST = 200
_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*\w+="[^"]*")*)')
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Request:
    """A request before it is sent. `path` begins with a slash and may hold a query."""

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""
    query: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> str:
        """The path with the whole query."""
        if not self.query:
            return self.path
        return f"{self.path}{'&' if '?' in self.path else '?'}{urlencode(self.query)}"


@dataclass(frozen=True)
class Answer:
    """A status, headers and a body; all empty, with status None, where nothing was sent."""

    received: Received | None
    request: Request | None = None

    @property
    def planned(self) -> bool:
        """Whether the request was only planned, not sent."""
        return self.received is None

    @property
    def status(self) -> int | None:
        """The HTTP status."""
        return self.received.status if self.received else None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.received.text if self.received else ""

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or MISSING if it is not JSON or nested beyond all use."""
        if self.received is None:
            return MISSING
        body = self.received.body
        try:
            value = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return MISSING
        # Measured only where it could be deep: what is compared and shown is walked by recursion.
        brackets = body.count(b"[") + body.count(b"{")
        return MISSING if brackets > _DEEPEST and _is_deeper(value, _DEEPEST) else value

    def header(self, name: str) -> Any:
        """The values of a header joined by ", ", or MISSING."""
        values = self.header_values(name)
        return ", ".join(values) if values else MISSING

    def header_values(self, name: str) -> list[str]:
        """Each value of a header, in order."""
        headers = self.received.headers if self.received else ()
        return [value for key, value in headers if key.lower() == name.lower()]

    def at(self, pointer: str) -> Any:
        """The part of the JSON body at a JSON pointer (RFC 6901), or MISSING."""
        return resolve(self.json, pointer)

    def next_page(self) -> str | None:
        """The URL of the next page, if the `Link` header says that it has results."""
        for value in self.header_values("link"):
            for url, rest in _LINK.findall(value):
                parameters = dict(_PARAMETER.findall(rest))
                if parameters.get("rel") == "next" and parameters.get("results") == "true":
                    return str(url)
        return None


def _refuse_constant(word: str) -> None:
    """`NaN` and `Infinity` are no JSON (RFC 8259)."""
    raise ValueError(word)


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def resolve(value: Any, pointer: str) -> Any:
    """The part of a JSON value at a JSON pointer (RFC 6901), or MISSING."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,8}", part):
            value = value[int(part)] if int(part) < len(value) else MISSING
        else:
            return MISSING
    return value
