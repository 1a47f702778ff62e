"""Randomness: repeatable with a seed, independent by label, secret without one."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.randomness import Randomness


@pytest.mark.parametrize("seed", [0, 7, "seven", "", "ünïcode"])
def test_one_seed_gives_one_stream(seed: int | str) -> None:
    first, second = Randomness(seed), Randomness(seed)

    assert [first.hex(16) for _ in range(5)] == [second.hex(16) for _ in range(5)]
    assert first.seed == second.seed


def test_other_seeds_give_other_streams() -> None:
    seen = {Randomness(seed).hex(16) for seed in range(100)}

    assert len(seen) == 100


def test_values_of_a_stream_differ() -> None:
    stream = Randomness(7)

    assert len({stream.hex(16) for _ in range(100)}) == 100


def test_what_was_taken_elsewhere_does_not_shift_a_derived_stream() -> None:
    quiet, busy = Randomness(7), Randomness(7)
    for _ in range(9):
        busy.hex(4)

    assert busy.derive("world").hex(16) == quiet.derive("world").hex(16)
    assert busy.derive("world").hex(16) != busy.derive("secrets").hex(16)
    assert busy.derive("a", "b").hex(16) != busy.derive("a").derive("b").hex(16)


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_as_many_bytes_as_asked_for(count: int) -> None:
    stream = Randomness(7)

    assert len(stream.take(count)) == count
    assert len(stream.hex(count)) == 2 * count


def test_without_a_seed_nothing_repeats() -> None:
    stream, other = Randomness(None), Randomness(None)

    assert stream.hex(16) != other.hex(16)
    assert stream.derive("world").hex(16) != stream.derive("world").hex(16)
    assert stream.seed != stream.seed
    assert not stream.repeatable
    assert Randomness(7).repeatable


def test_threads_never_get_the_same_value() -> None:
    stream = Randomness(7)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: stream.hex(8), range(400)))

    assert len(set(taken)) == 400


def test_the_stream_does_not_depend_on_the_hash_seed() -> None:
    code = "from harness.randomness import Randomness; print(Randomness('x').derive('y').hex(8))"
    shown = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(shown) == 1
