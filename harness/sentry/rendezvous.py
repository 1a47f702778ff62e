"""Named points where calls wait for each other, so that an overlap happens every time.

Nobody waits anywhere until a point was armed, which only the control API does.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final

#: The points, and what has happened when a call reaches one.
POINTS: Final = {
    "call.allowed": "the call passed every check and nothing was written yet",
    "grant.merge": "an approval is about to be merged into its grant",
    "grant.read": "a mint is about to read the grant",
}

#: Seconds after which a call goes on alone: nobody else is coming.
PATIENCE = 5.0


class Rendezvous:
    """The armed points of one application. An armed point is used up when its calls met."""

    def __init__(self) -> None:
        self._armed: dict[str, threading.Barrier] = {}
        self._lock = threading.Lock()

    def arm(self, point: str, parties: int) -> None:
        """The next `parties` calls that reach `point` wait until all of them have.

        Raises KeyError for a point that there is not.
        """
        if point not in POINTS:
            raise KeyError(point)
        with self._lock:
            self._armed[point] = threading.Barrier(parties)

    def disarm(self) -> None:
        """Lets everybody go on, and nobody wait."""
        with self._lock:
            armed, self._armed = self._armed, {}
        for barrier in armed.values():
            barrier.abort()

    def reach(self, point: str) -> None:
        """Waits for the others, if the point is armed; not longer than PATIENCE."""
        barrier = self._armed.get(point)
        if barrier is None:
            return
        with suppress(threading.BrokenBarrierError):
            barrier.wait(PATIENCE)
        with self._lock:
            if self._armed.get(point) is barrier:
                del self._armed[point]
