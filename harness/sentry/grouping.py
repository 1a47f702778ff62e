"""Which events are one issue: those with the same hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_SEPARATOR = b"\x1f"


def hash_parts(parts: Iterable[str]) -> str:
    """The hash of a fingerprint's parts: 32 hexadecimal digits."""
    joined = _SEPARATOR.join(part.encode() for part in parts)
    return hashlib.sha256(joined).hexdigest()[:32]


def hash_title(title: str) -> str:
    """The hash of events that bring no fingerprint: their title makes them one issue."""
    return hash_parts(["title", title])
