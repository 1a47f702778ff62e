"""The pytest plugin: scenario files as tests, and a mock Sentry for tests of one's own.

Fixtures:

    mock_sentry     a fresh mock Sentry in process
    live_sentry     one on a loopback port, set back to its start for each test
    sentry_client   makes clients: sentry_client("olivia"), sentry_client("olivia", by="token"),
                    sentry_client(bearer="sntryag_…"), sentry_client()

`@pytest.mark.seer(world="small", seed=7, frozen=False)` chooses another world, another
seed, or a clock that runs. Nothing heavy is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    import httpx

    from harness.playground import By, MockSentry

_SEED = "pytest"


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "seer(world=NAME|FILE, seed=N, frozen=BOOL): the mock Sentry that the fixtures make",
    )


class ClientFactory(Protocol):
    """Makes clients of the mock Sentry that the test uses; see `MockSentry.client`."""

    def __call__(
        self, user: str | None = None, *, by: By = "session", bearer: str | None = None
    ) -> httpx.Client: ...


@pytest.fixture
def mock_sentry(request: pytest.FixtureRequest) -> Iterator[MockSentry]:
    """A fresh mock Sentry in process, with a world of its own and a clock that stands still."""
    from harness.deployment import deploy
    from harness.playground import in_process

    deployment = deploy(**_options(request))
    try:
        with in_process(deployment) as sentry:
            yield sentry
    finally:
        deployment.close()


@pytest.fixture
def live_sentry(request: pytest.FixtureRequest, _seer_servers: _Servers) -> MockSentry:
    """A mock Sentry on a loopback port, at the start of its world.

    The server runs for the whole session, in threads of this process; one for each
    world, seed and kind of clock that tests ask for.
    """
    sentry = _seer_servers.get(_options(request))
    sentry.reset()
    return sentry


@pytest.fixture
def sentry_client(request: pytest.FixtureRequest) -> ClientFactory:
    """Makes clients of the test's `live_sentry` if it has one, else of its `mock_sentry`."""
    name = "live_sentry" if "live_sentry" in request.fixturenames else "mock_sentry"
    sentry: MockSentry = request.getfixturevalue(name)
    return sentry.client


@pytest.fixture(scope="session")
def _seer_servers() -> Iterator[_Servers]:
    with ExitStack() as stack:
        yield _Servers(stack)


class _Servers:
    """The servers of a session."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[str, MockSentry] = {}

    def get(self, options: dict[str, Any]) -> MockSentry:
        """The server with these options; started when it is first asked for."""
        from harness.deployment import deploy
        from harness.playground import on_loopback

        key = repr(sorted(options.items()))
        if key not in self._running:
            deployment = deploy(**options)
            self._stack.callback(deployment.close)
            self._running[key] = self._stack.enter_context(on_loopback(deployment))
        return self._running[key]


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("seer")
    chosen = {} if marker is None else dict(marker.kwargs)
    if unknown := sorted(chosen.keys() - {"world", "seed", "frozen"}):
        raise pytest.UsageError(f"@pytest.mark.seer has no {', '.join(unknown)}")
    if marker is not None and marker.args:
        raise pytest.UsageError("@pytest.mark.seer takes names: world=…, seed=…, frozen=…")
    return {"seed": _SEED, "frozen": True} | chosen
