"""The one clock of an application.

Everything that asks what time it is asks a `Clock` that was passed in, so that
expiry is tested by moving the clock, never by waiting.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC: the system's plus an offset, or a moment that stands still.

    `Clock()` runs. `Clock.frozen(at)` stands at `at` (aware) until it is moved,
    which is what makes two runs with one seed give the same bytes.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None
        self._start: float | None = None

    @classmethod
    def frozen(cls, at: datetime) -> Clock:
        """A clock that stands still at `at`.

        Raises ValueError if `at` has no zone.
        """
        clock = cls()
        clock._frozen = clock._start = _timestamp(at)
        return clock

    def timestamp(self) -> float:
        """Now, in seconds since the epoch."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    def now(self) -> datetime:
        """Now, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def set(self, at: datetime) -> None:
        """Moves to `at`; a running clock runs on from there.

        Raises ValueError if `at` has no zone.
        """
        self._move(_timestamp(at) - self.timestamp())

    def advance(self, seconds: float) -> None:
        """Moves by `seconds`; a negative number moves back."""
        moved = self.now() + timedelta(seconds=seconds)
        self._move(moved.timestamp() - self.timestamp())

    def reset(self) -> None:
        """Forgets every move: back to the system's time, or to where it stood at first."""
        self._offset = 0.0
        self._frozen = self._start

    def _move(self, seconds: float) -> None:
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds


def _timestamp(at: datetime) -> float:
    if at.tzinfo is None:
        raise ValueError("a clock is set to a time with a zone")
    return at.timestamp()
