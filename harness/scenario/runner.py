"""Plays many scenarios, one after another or in several processes."""

from __future__ import annotations

import multiprocessing
import random
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, contextmanager
from multiprocessing.util import Finalize
from typing import Literal, Protocol

from harness.scenario.hands import HttpHands
from harness.scenario.model import Scenario
from harness.scenario.play import play
from harness.scenario.result import Result, Run
from harness.scenario.stage import MakeHands
from harness.scenario.targets import Seed, Target, Venue

Progress = Callable[[int, int, Result], None]
"""Called with how many scenarios are done, of how many, and the last one's result."""

Order = Literal["listed", "shuffled"]

DEFAULT_SEED: Seed = 0


class People(Protocol):
    """How users do what they do; it can be sent to another process."""

    def open(self) -> AbstractContextManager[MakeHands]:
        """A context manager that gives what makes hands."""


class Player:
    """Plays scenarios against one target, one at a time; a context manager.

    Worlds are opened when they are first needed and kept. `people`: users with other hands
    than HTTP.
    """

    def __init__(
        self, target: Target, seed: Seed = DEFAULT_SEED, people: People | None = None
    ) -> None:
        self._target = target
        self._people = people
        self._make_hands: MakeHands = HttpHands
        self._seed = seed
        self._venues: dict[tuple[str, bool], Venue] = {}
        self._open = ExitStack()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends what was opened."""
        self._venues.clear()
        self._open.close()
        self._make_hands = HttpHands

    def play(self, scenario: Scenario, *, planned: bool = False, quiet: bool = False) -> Result:
        """Plays a scenario in its world at its start.

        `planned` sends nothing; `quiet` writes no transcript.
        """
        # A server of somebody else's has one world, whatever the scenario plays in at home.
        world = (scenario.world, scenario.secretless) if self._target.seeded else ("", False)
        if world in self._venues:
            renew = self._venues[world].renew
            if renew is not None and not planned:
                renew()
        else:
            opened = self._target.open(scenario.world, self._seed, secretless=scenario.secretless)
            self._venues[world] = self._open.enter_context(opened)
        if self._people is not None and self._make_hands is HttpHands and not planned:
            self._make_hands = self._open.enter_context(self._people.open())
        return play(
            scenario,
            self._venues[world],
            target=self._target.name,
            planned=planned,
            quiet=quiet,
            make_hands=self._make_hands,
        )


def run_scenarios(
    scenarios: Sequence[Scenario],
    target: Target,
    *,
    jobs: int = 1,
    seed: Seed = DEFAULT_SEED,
    order: Order = "listed",
    people: People | None = None,
    on_progress: Progress | None = None,
) -> Run:
    """Plays `scenarios`; the results stand in their order, whatever `jobs` and `order` are.

    `jobs` processes work at once where the target allows it. `order`: "shuffled" plays in
    an order that the seed decides, to find scenarios that lean on each other. `people`:
    users with other hands than HTTP. Raises DocumentError for a world that is wrong.
    """
    turns = list(range(len(scenarios)))
    if order == "shuffled":
        random.Random(str(seed)).shuffle(turns)  # noqa: S311 - an order is no secret
    results: dict[int, Result] = {}

    def note(turn: int, result: Result) -> None:
        results[turn] = result
        if on_progress is not None:
            on_progress(len(results), len(scenarios), result)

    workers = min(jobs, len(scenarios))
    if workers > 1 and target.parallel:
        _play_in_processes(scenarios, turns, (target, seed, people), workers, note)
    else:
        with Player(target, seed, people) as player:
            for turn in turns:
                note(turn, player.play(scenarios[turn]))
    return Run(
        target=target.name,
        seed=str(seed) if target.seeded else "",
        results=[results[turn] for turn in range(len(scenarios))],
    )


def plan_scenarios(
    scenarios: Sequence[Scenario], target: Target, *, seed: Seed = DEFAULT_SEED
) -> Run:
    """What would be sent: the same transcripts without answers. Nothing is sent."""
    with Player(target, seed) as player:
        results = [player.play(scenario, planned=True) for scenario in scenarios]
    return Run(target.name, str(seed) if target.seeded else "", results)


def _play_in_processes(
    scenarios: Sequence[Scenario],
    turns: Sequence[int],
    start: tuple[Target, Seed, People | None],
    workers: int,
    note: Callable[[int, Result], None],
) -> None:
    # Fresh processes: this one may have threads, which a fork would leave half alive.
    with ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=start,
    ) as pool:
        futures: dict[Future[Result], int] = {}
        try:
            with _deaf_children():
                for turn in turns:
                    futures[pool.submit(_play_in_worker, scenarios[turn])] = turn
            for future in as_completed(futures):
                note(futures[future], future.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that start now ignore Ctrl-C, which goes to all of them: their parent ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# The player of a worker process; it ends with the process.
_player: Player | None = None


def _start_worker(target: Target, seed: Seed, people: People | None) -> None:
    global _player  # noqa: PLW0603 - a worker process has no other place
    # Reading scenarios fills the language's tables, and a worker is handed scenarios already read.
    import harness.scenario.loader  # noqa: F401

    _player = Player(target, seed, people)
    # Servers and browsers end before the process takes their modules apart.
    Finalize(None, _player.close, exitpriority=10)


def _play_in_worker(scenario: Scenario) -> Result:
    if _player is None:
        raise RuntimeError("a worker plays only after it was started")
    return _player.play(scenario)
