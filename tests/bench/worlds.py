"""What a mock Sentry costs that tests make and throw away."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from harness.deployment import deploy
from tests.bench.measure import Row, compare


def measure() -> Iterator[Row]:
    """Creating an application, with its world known and new, and resetting it."""
    seeds = count()

    def create() -> None:
        deploy(seed="bench").close()

    def create_new() -> None:
        deploy(seed=f"bench {next(seeds)}").close()

    standing = deploy(seed="bench")
    known, new, reset = (
        1e3 * seconds for seconds in compare(create, create_new, standing.reset, seconds=3)
    )
    standing.close()
    yield Row("create an application, its world known", known, "ms")
    yield Row("create an application, its world new", new, "ms")
    yield Row("reset a world", reset, "ms", goal=3)
