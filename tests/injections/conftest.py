"""One mock Sentry with the poisoned world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.deployment import deploy
from harness.injections import WORLD
from tests.sentry.callers import Sentry


@pytest.fixture(scope="module")
def poisoned() -> Iterator[Sentry]:
    deployment = deploy(WORLD, "tests of injections", frozen=True)
    yield Sentry(deployment)
    deployment.close()
