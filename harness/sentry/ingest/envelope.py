"""The envelope: a JSON header on the first line, then items, each a header and a payload.

Written after Sentry's public description of the format. Everything is bounded
before it is read.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.sentry.errors import Invalid

#: Items of one envelope.
MOST_ITEMS: Final = 100

_EVENT_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Item:
    """A part of an envelope: what it is, and its bytes."""

    type: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A header, and the items that came with it."""

    header: Mapping[str, Any]
    items: tuple[Item, ...]

    @property
    def event_id(self) -> str | None:
        """The event's id as the header says it: 32 hexadecimal digits."""
        return read_event_id(self.header.get("event_id"))

    def find(self, type_: str) -> Item | None:
        """The first item of that type; an envelope has one event at most."""
        return next((item for item in self.items if item.type == type_), None)


def read_event_id(value: object) -> str | None:
    """An event's id, written with or without hyphens; None for what is none."""
    if not isinstance(value, str):
        return None
    plain = value.replace("-", "").lower()
    return plain if _EVENT_ID.fullmatch(plain) else None


def unpack(data: bytes, encoding: str, limit: int) -> bytes:
    """The body without its Content-Encoding.

    Raises Invalid: 415 for an encoding that is not known, 413 for more than `limit`
    bytes inside, 400 for what cannot be unpacked.
    """
    if encoding in ("", "identity"):
        return data
    if encoding not in ("gzip", "deflate"):
        raise Invalid("Unsupported content encoding.", status=415)
    # 32: told apart by what stands at the beginning.
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        unpacked = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise Invalid("The body cannot be unpacked.") from None
    if len(unpacked) > limit:
        raise Invalid("The envelope is too large.", status=413)
    return unpacked


def parse_envelope(data: bytes) -> Envelope:
    """Raises Invalid for what is no envelope."""
    line, at = _line(data, 0)
    header = parse_object(line)
    items: list[Item] = []
    while at < len(data):
        if data[at : at + 1] == b"\n":
            at += 1
            continue
        if len(items) == MOST_ITEMS:
            raise Invalid(f"An envelope has {MOST_ITEMS} items at most.")
        item, at = _item(data, at)
        items.append(item)
    return Envelope(header, tuple(items))


def parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object. Raises Invalid."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Invalid("The envelope holds what is no JSON.") from None
    if not isinstance(value, dict):
        raise Invalid("The envelope holds what is no JSON object.")
    return value


def _item(data: bytes, at: int) -> tuple[Item, int]:
    line, at = _line(data, at)
    header = parse_object(line)
    length = header.get("length")
    if length is None:
        payload, at = _line(data, at)
    elif type(length) is int and 0 <= length <= len(data) - at:
        payload, at = data[at : at + length], at + length
    else:
        raise Invalid("An item's length is not the length of its payload.")
    return Item(str(header.get("type")), payload), at


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.find(b"\n", at)
    return (data[at:], len(data)) if end < 0 else (data[at:end], end + 1)
