"""What the tests of grading can ask for."""

from __future__ import annotations

import pytest
from faker import Faker


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Faker:
    """Values that do not matter; the same ones each time this test runs."""
    faker = Faker()
    faker.seed_instance(request.node.nodeid)
    return faker
