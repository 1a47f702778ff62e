"""Durations as people write them: `300`, `300s`, `5m`, `4h`, `1d`, `1h30m`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TEXT = r"^-?(?:[0-9]+[smhd])+$"


def parse_duration(value: object) -> object:
    """Seconds of a duration; other values are left for the model to refuse.

    Raises ValueError for a text that is no duration.
    """
    if not isinstance(value, str):
        return value
    if not re.fullmatch(_TEXT, value):
        raise ValueError(f"expected a duration such as 300, 5m or 4h, got the text {value!r}")
    seconds = sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)([smhd])", value))
    return -seconds if value.startswith("-") else seconds


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    Field(ge=-(10**10), le=10**10),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": _TEXT}]}),
]
"""A number of seconds, written as a number or a text with units."""
