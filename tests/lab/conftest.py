"""One lab and one browser for each worker; each test begins at the start of the world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.lab.launch import Lab, running
from tests.lab.visitor import Visitor


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with running("two-organizations", seed=1) as started:
        yield started


@pytest.fixture
def visitor(lab: Lab) -> Iterator[Visitor]:
    somebody = Visitor(lab).enter()
    answer = somebody.post("/api/tour/restart")
    assert answer.status_code == 204, answer.text
    yield somebody
    somebody.close()
