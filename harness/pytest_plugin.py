"""The pytest plugin: scenario files as tests, and a mock Sentry for tests of one's own.

A scenario file that is named on the command line is a test, and so is every file that
the ini option `seer_scenarios` matches (globs from the root folder):

    [tool.pytest.ini_options]
    seer_scenarios = ["scenarios/**/*.yaml"]

It is played in process. What fails shows the check, what was expected and what came,
and the exchange; a mistake in a file is an error of collection, with file and line.

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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    import httpx

    from harness.playground import By, MockSentry
    from harness.scenario.model import Scenario
    from harness.scenario.result import Result
    from harness.scenario.runner import Player

_SEED = "pytest"
# Columns of the story of a failure.
_WIDTH = 100
_LISTED = pytest.StashKey[set[Path]]()
_PLAYER = pytest.StashKey["Player"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Registers the ini option."""
    parser.addini(
        "seer_scenarios", type="args", default=[], help="globs of scenario files to play as tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "seer(world=NAME|FILE, seed=N, frozen=BOOL): the mock Sentry that the fixtures make",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """A YAML file that was named, or that a glob of `seer_scenarios` matches."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    if not _is_named(file_path, parent.config):
        from harness.resources import is_of_agents

        # A glob for scenarios also matches the scripts of agents that lie beside them.
        if not _is_listed(file_path, parent.config) or is_of_agents(file_path):
            return None
    return ScenarioFile.from_parent(parent, path=file_path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Lets the worlds of the session's scenarios go."""
    player = session.config.stash.get(_PLAYER, None)
    if player is not None:
        player.close()


def _is_named(file: Path, config: pytest.Config) -> bool:
    """Whether it is an argument; pytest forgets those that lie in a folder which is one too."""
    here = config.invocation_params.dir
    return any(file == (here / argument.partition("::")[0]).resolve() for argument in config.args)


def _is_listed(file: Path, config: pytest.Config) -> bool:
    return any(file in config.rootpath.glob(pattern) for pattern in config.getini("seer_scenarios"))


class ScenarioFile(pytest.File):
    """A YAML file with one scenario in it."""

    def collect(self) -> Iterator[ScenarioItem]:
        """The scenario as a test. Raises CollectError with every mistake of the file."""
        from harness.document import DocumentError
        from harness.scenario.loader import load_scenario

        try:
            scenario = load_scenario(self.path)
        except DocumentError as error:
            raise self.CollectError(str(error)) from None
        yield ScenarioItem.from_parent(self, name=scenario.id, scenario=scenario)


class ScenarioItem(pytest.Item):
    """A scenario as a test; its tags are keywords for `-k`."""

    def __init__(self, *, scenario: Scenario, **rest: Any) -> None:
        super().__init__(**rest)
        self._scenario = scenario
        self.extra_keyword_matches.update(scenario.tags)

    def runtest(self) -> None:
        """Plays it; what cannot be judged is no success."""
        result = _player(self.config).play(self._scenario)
        if result.outcome != "passed":
            raise NotPassedError(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failed checks with their exchange; for a fault of the harness, its traceback."""
        if isinstance(excinfo.value, NotPassedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the scenario is, and what it shows."""
        return self.path, 0, f"{self._scenario.id}: {self._scenario.title}"


class NotPassedError(Exception):
    """A scenario failed or could not be judged; the text tells all of it."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        from harness.report.console import print_result

        told = StringIO()
        console = Console(file=told, width=_WIDTH, highlight=False, markup=False, emoji=False)
        print_result(self.result, console)
        lines = [line.rstrip() for line in told.getvalue().splitlines()]
        return "\n".join([f"{self.result.word}: {self.result.reason}", *lines])


def _player(config: pytest.Config) -> Player:
    """The one player of this process: it keeps the worlds that it made."""
    if _PLAYER not in config.stash:
        from harness.scenario.runner import Player
        from harness.scenario.targets import InProcess

        config.stash[_PLAYER] = Player(InProcess())
    return config.stash[_PLAYER]


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
