"""Small pieces of Sentry's JSON that many answers share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def iso(moment: datetime | None) -> str | None:
    """A time as Sentry writes it: UTC, microseconds, `Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def letter_avatar() -> dict[str, Any]:
    """The avatar of whoever uploaded none."""
    return {"avatarType": "letter_avatar", "avatarUuid": None, "avatarUrl": None}
