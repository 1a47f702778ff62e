"""One lab and one browser for each worker; each test begins at the start of the world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.lab.launch import Lab, running
from tests.lab.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.lab.browsing import MakePage


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


@pytest.fixture
def make_page(browser: Browser, lab: Lab, visitor: Visitor) -> Iterator[MakePage]:
    """Opens pages; when the test is over, none of them had an error or asked anybody else."""
    from tests.lab.browsing import MakePage

    def restart() -> None:
        assert visitor.post("/api/tour/restart").status_code == 204

    pages = MakePage(browser, lab, restart)
    yield pages
    pages.close()
    assert pages.watch.errors == []
    assert pages.watch.strangers == []
