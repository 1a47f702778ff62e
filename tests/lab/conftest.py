"""One lab and one browser for each worker; each test begins at the start of the world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.browser.chromium import BrowserMissingError, launch
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for each worker; tests that need it are skipped, loudly, where none can be had."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("the page of the lab: Playwright is not installed")
    with sync_playwright() as playwright:
        try:
            started = launch(playwright)
        except BrowserMissingError as error:
            pytest.skip(f"the page of the lab: {error}")
        yield started
        started.close()


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
