"""What every test can ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from faker import Faker

from harness.browser.chromium import BrowserMissingError, launch
from tests import postgres

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tested is said, not only counted."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.getreports("skipped")}
    for reason in sorted(reasons):
        terminalreporter.write_line(f"not tested: {reason.removeprefix('Skipped: ')}", yellow=True)


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Faker:
    """Values that do not matter; the same ones each time this test runs."""
    faker = Faker()
    faker.seed_instance(request.node.nodeid)
    return faker


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    try:
        with postgres.running() as server:
            yield server
    except postgres.NoPostgresError as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgres_server.database()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for each worker; without one the test is skipped, and the end says so."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("NOTHING IN A BROWSER: Playwright is not installed")
    with sync_playwright() as playwright:
        try:
            opened = launch(playwright)
        except BrowserMissingError as error:
            pytest.skip(f"NOTHING IN A BROWSER: {error}")
        yield opened
        opened.close()
