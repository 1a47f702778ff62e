"""A mock Sentry for each test: the world of two organizations, frozen and seeded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from harness.deployment import Secrets, deploy
from tests.sentry.callers import Sentry

SEED = "tests of the mock Sentry"

Make: TypeAlias = Callable[..., Sentry]


@pytest.fixture
def make_sentry() -> Iterator[Make]:
    """Makes one more: `secret=""` leaves the shared secret out, `database` is its URL."""
    made = []

    def make(secret: str | None = None, **options: Any) -> Sentry:
        secrets = None if secret is None else Secrets(shared=secret, control="c" * 64)
        kept: dict[str, Any] = {"seed": SEED, "frozen": True, "secrets": secrets} | options
        deployment = deploy("two-organizations", **kept)
        made.append(deployment)
        return Sentry(deployment)

    yield make
    for deployment in made:
        deployment.close()


@pytest.fixture
def sentry(make_sentry: Make) -> Sentry:
    return make_sentry()


@pytest.fixture(params=["memory", "file", "postgresql"])
def stored_sentry(request: pytest.FixtureRequest, make_sentry: Make, tmp_path: Path) -> Sentry:
    """For what the database does by itself: cascades, constraints, types."""
    if request.param == "memory":
        return make_sentry()
    if request.param == "file":
        return make_sentry(database=f"sqlite:///{tmp_path / 'sentry.db'}")
    return make_sentry(database=request.getfixturevalue("postgres_url"))
