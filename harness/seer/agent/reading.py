"""What an agent that obeys takes for an instruction in the data that it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from harness.seer.agent.actions import Request

_INSTRUCTION = re.compile(
    r"^(GET|POST|PUT|PATCH|DELETE)[ ]+(\S+)(?:[ ]+(\{.*\}))?[ ]*$", re.MULTILINE
)


def find_instructions(value: Any) -> list[Request]:
    """The calls that texts in `value` (JSON, or a text) tell a reader to make, in their order.

    A text tells so with a line `METHOD /path`, or `METHOD /path {json}`.
    """
    return [request for text in _texts(value) for request in _read(text)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _read(text: str) -> Iterator[Request]:
    for method, path, body in _INSTRUCTION.findall(text):
        try:
            yield Request(method, path, body=json.loads(body) if body else None)
        except ValueError:
            continue
