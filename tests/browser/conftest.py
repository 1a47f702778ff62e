"""One browser for each worker, and a mock Sentry on a loopback port for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from harness.deployment import Deployment, deploy
from tests.browser.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Visit: TypeAlias = Callable[..., Visitor]


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Deployment, str]]:
    """A mock Sentry and its address."""
    deployment = deploy(seed="tests in a browser", frozen=True)
    with deployment.serve() as url:
        yield deployment, url
    deployment.close()


@pytest.fixture
def visit(browser: Browser, served: tuple[Deployment, str]) -> Iterator[Visit]:
    """Makes a visitor of the mock, at its start: `visit("olivia", width=360, dark=True)`."""
    deployment, url = served
    deployment.reset()
    visitors: list[Visitor] = []

    def make(name: str = "olivia", **options: Any) -> Visitor:
        visitors.append(Visitor(browser, deployment, url, name, **options))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.leave()
