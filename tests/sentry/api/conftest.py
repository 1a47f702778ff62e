"""The same mock Sentry on each kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sentry.callers import Sentry
from tests.sentry.conftest import Make


@pytest.fixture(params=["memory", "file", "postgresql"])
def stored_sentry(request: pytest.FixtureRequest, make_sentry: Make, tmp_path: Path) -> Sentry:
    """For what the database does by itself: cascades, constraints, types."""
    if request.param == "memory":
        return make_sentry()
    if request.param == "file":
        return make_sentry(database=f"sqlite:///{tmp_path / 'sentry.db'}")
    return make_sentry(database=request.getfixturevalue("postgres_url"))
