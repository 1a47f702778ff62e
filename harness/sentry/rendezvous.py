"""Named points where calls wait for each other, so that an overlap happens every time.

Nobody waits anywhere until a point was armed, which only the control API does. Calls
that met go on all at once; those that carry a turn (`X-Rendezvous-Turn: 1`, `2`, …) go on
one after another, each when the one before it is answered, so that what comes of the
overlap is the same every time too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

#: The points, and what has happened when a call reaches one.
POINTS: Final = {
    "call.allowed": "the call passed every check and nothing was written yet",
    "grant.merge": "an approval is about to be merged into its grant",
    "grant.read": "a mint is about to read the grant",
}

#: Seconds after which a call goes on alone: nobody else is coming.
PATIENCE = 5.0
#: The header with a call's turn, as WSGI names it.
TURN: Final = "HTTP_X_RENDEZVOUS_TURN"


@dataclass
class _Meeting:
    """An armed point: how many are to come, how many have, and whose turn is still to end."""

    parties: int
    arrived: int = 0
    met: bool = False
    turns: list[int] = field(default_factory=list)


@dataclass
class _Call:
    """A call that carries a turn, and where it has been."""

    turn: int
    meetings: list[_Meeting] = field(default_factory=list)


class Rendezvous:
    """The armed points of one application. An armed point is used up when its calls met."""

    def __init__(self) -> None:
        self._armed: dict[str, _Meeting] = {}
        # The turns of calls that have come to a point, or are answered.
        self._settled: set[int] = set()
        self._changed = threading.Condition()
        self._here = threading.local()

    def arm(self, point: str, parties: int) -> None:
        """The next `parties` calls that reach `point` wait until all of them have.

        Raises KeyError for a point that there is not.
        """
        if point not in POINTS:
            raise KeyError(point)
        with self._changed:
            self._armed[point] = _Meeting(parties)
            self._settled.clear()

    def disarm(self) -> None:
        """Lets everybody go on, and nobody wait."""
        with self._changed:
            for point in list(self._armed):
                self._part(point)

    @contextmanager
    def call(self, turn: str) -> Iterator[None]:
        """A call with this turn is answered while the context lasts; other text is no turn."""
        if not (turn.isascii() and turn.isdigit() and len(turn) < 4):
            yield
            return
        call = self._here.call = _Call(int(turn))
        before = set(range(1, call.turn))
        with self._changed:
            # Calls before this one come to the point first: what they do has an order.
            self._changed.wait_for(lambda: not self._armed or before <= self._settled, PATIENCE)
        try:
            yield
        finally:
            self._here.call = None
            self._leave(call)

    def reach(self, point: str) -> None:
        """Waits for the others, if the point is armed; not longer than PATIENCE."""
        if point not in self._armed:
            return
        call: _Call | None = getattr(self._here, "call", None)
        with self._changed:
            meeting = self._armed.get(point)
            if meeting is None:
                return
            meeting.arrived += 1
            if call is not None:
                meeting.turns.append(call.turn)
                call.meetings.append(meeting)
                self._settled.add(call.turn)
                self._changed.notify_all()
            self._meet(point, meeting)
            if not self._changed.wait_for(lambda: meeting.met, PATIENCE):
                self._part(point)
            if call is not None:
                turn = call.turn
                self._changed.wait_for(lambda: min(meeting.turns) == turn, PATIENCE)

    def _meet(self, point: str, meeting: _Meeting) -> None:
        if meeting.arrived >= meeting.parties:
            self._part(point)

    def _part(self, point: str) -> None:
        """The calls at `point` go on; nobody waits there any more."""
        meeting = self._armed.pop(point, None)
        if meeting is not None:
            meeting.met = True
            self._changed.notify_all()

    def _leave(self, call: _Call) -> None:
        with self._changed:
            self._settled.add(call.turn)
            for meeting in call.meetings:
                meeting.turns.remove(call.turn)
            # One that was answered before it came to an armed point is waited for no more.
            for point, meeting in list(self._armed.items()):
                if meeting not in call.meetings:
                    meeting.parties -= 1
                    self._meet(point, meeting)
            self._changed.notify_all()
