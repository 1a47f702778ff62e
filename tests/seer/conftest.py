"""What the tests of the agent can ask for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from faker import Faker

from harness.clock import Clock
from harness.seer.agent.actions import Circumstances

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock.frozen(NOW)


@pytest.fixture
def circumstances(fake: Faker) -> Circumstances:
    return Circumstances(
        query=fake.sentence(),
        organization=fake.domain_word(),
        organization_id=str(fake.random_int(1, 99)),
        user_id=str(fake.random_int(100, 999)),
        session=fake.uuid4(),
    )
