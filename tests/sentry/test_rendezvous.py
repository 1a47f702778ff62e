"""Calls that meet at a point: all at once, or one after another in their turns."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.sentry import rendezvous
from harness.sentry.rendezvous import Rendezvous

POINT = "grant.merge"


class Calls:
    """Calls with turns, and in which order they came to the point, left it, and ended."""

    def __init__(self, meeting: Rendezvous) -> None:
        self.meeting = meeting
        self.told: list[str] = []
        self._lock = threading.Lock()

    def make(self, turn: str, *, reaches: bool = True) -> None:
        with self.meeting.call(turn):
            if reaches:
                self.tell(f"{turn} comes")
                self.meeting.reach(POINT)
                self.tell(f"{turn} goes on")
        self.tell(f"{turn} ended")

    def tell(self, what: str) -> None:
        with self._lock:
            self.told.append(what)

    def make_all(self, *turns: str, **reaches: bool) -> list[str]:
        # The last one starts first, so that an order is nobody's luck.
        with ThreadPoolExecutor(len(turns)) as pool:
            list(pool.map(lambda t: self.make(t, reaches=reaches.get(f"t{t}", True)), turns[::-1]))
        return self.told


@pytest.fixture
def meeting() -> Rendezvous:
    return Rendezvous()


def test_nobody_waits_where_nothing_is_armed(meeting: Rendezvous) -> None:
    meeting.reach(POINT)
    assert Calls(meeting).make_all("1")[-1] == "1 ended"


def test_a_point_that_there_is_not(meeting: Rendezvous) -> None:
    with pytest.raises(KeyError):
        meeting.arm("nowhere", 2)


def test_turns_come_and_go_on_in_order(meeting: Rendezvous) -> None:
    for _ in range(20):
        meeting.arm(POINT, 3)
        told = Calls(meeting).make_all("1", "2", "3")
        assert [line for line in told if "comes" in line] == ["1 comes", "2 comes", "3 comes"]
        assert [line for line in told if "goes" in line] == [
            "1 goes on",
            "2 goes on",
            "3 goes on",
        ]
        # All have come before the first goes on.
        assert told.index("3 comes") < told.index("1 goes on")


def test_whoever_ends_early_is_waited_for_no_more(
    meeting: Rendezvous, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendezvous, "PATIENCE", 1000)
    for turn in ("t1", "t2", "t3"):
        meeting.arm(POINT, 3)
        told = Calls(meeting).make_all("1", "2", "3", **{turn: False})
        assert len([line for line in told if "goes on" in line]) == 2


def test_without_turns_all_go_on_at_once(meeting: Rendezvous) -> None:
    meeting.arm(POINT, 2)
    told = Calls(meeting).make_all("", "")
    assert told.count(" goes on") == 2
    assert max(i for i, line in enumerate(told) if line == " comes") < told.index(" goes on")


@pytest.mark.parametrize("turn", ["", "one", "-1", "1 ", "\u0661", "12345"])
def test_what_is_no_turn(meeting: Rendezvous, turn: str) -> None:
    assert Calls(meeting).make_all(turn)[-1] == f"{turn} ended"


def test_nobody_waits_for_ever(meeting: Rendezvous, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendezvous, "PATIENCE", 0.01)
    meeting.arm(POINT, 2)
    assert Calls(meeting).make_all("1")[-1] == "1 ended"
    meeting.arm(POINT, 2)
    # The second of two that never had a first.
    assert Calls(meeting).make_all("2")[-1] == "2 ended"


def test_disarming_lets_everybody_go(meeting: Rendezvous) -> None:
    meeting.arm(POINT, 2)
    waiting = threading.Thread(target=meeting.reach, args=(POINT,))
    waiting.start()
    meeting.disarm()
    waiting.join(rendezvous.PATIENCE / 2)
    assert not waiting.is_alive()


def test_a_point_is_used_up(meeting: Rendezvous) -> None:
    meeting.arm(POINT, 2)
    Calls(meeting).make_all("1", "2")
    meeting.reach(POINT)
