"""The clock: it stands, it moves, it comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from harness.clock import Clock

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def test_a_frozen_clock_stands_until_it_is_moved() -> None:
    clock = Clock.frozen(NOON)

    assert clock.now() == clock.now() == NOON
    assert clock.timestamp() == NOON.timestamp()


@pytest.mark.parametrize("seconds", [0, 1, 299.5, 4 * 3600, -60])
def test_advancing_moves_by_exactly_that_much(seconds: float) -> None:
    clock = Clock.frozen(NOON)

    clock.advance(seconds)

    assert clock.now() == NOON + timedelta(seconds=seconds)


def test_setting_goes_to_the_moment_in_any_zone() -> None:
    clock = Clock.frozen(NOON)

    clock.set(datetime(2027, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=9))))

    assert clock.now() == datetime(2027, 2, 28, 16, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_running_clock_runs_on_from_where_it_was_moved() -> None:
    clock = Clock()

    clock.set(NOON)

    first, second = clock.now(), clock.now()
    assert NOON <= first <= second < NOON + timedelta(minutes=1)


def test_reset_forgets_every_move() -> None:
    frozen, running = Clock.frozen(NOON), Clock()
    for clock in (frozen, running):
        clock.advance(-3600)
        clock.set(NOON + timedelta(days=400))
        clock.reset()

    assert frozen.now() == NOON
    assert abs(running.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(ValueError, match="zone"):
        Clock.frozen(naive)
    with pytest.raises(ValueError, match="zone"):
        Clock.frozen(NOON).set(naive)
