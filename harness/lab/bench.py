"""The attack bench: plays an attack on weakened defences, and the table of a proof.

Everything is played in process, in mocks of their own: the flow beside it does not notice.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from typing import Any

from harness.defence import UnknownWeaknessError, replacements
from harness.deployment import keep_quiet
from harness.document import DocumentError
from harness.lab.feed import Feed
from harness.lab.opened import slim_proof
from harness.lab.story import Teller
from harness.report.proof_json import render_proof_json
from harness.report.text import visible_data
from harness.resources import locate
from harness.scenario.attack import known_weaknesses
from harness.scenario.loader import load_scenarios
from harness.scenario.model import Scenario
from harness.scenario.play import play
from harness.scenario.proof import describe_attack, list_weaknesses
from harness.scenario.prover import choose, prove
from harness.scenario.runner import DEFAULT_SEED
from harness.scenario.targets import InProcess

#: Topics of the feed.
BENCH, PROVE = "bench", "prove"

# With fewer plays other processes cost more than they spare.
_FEW = 40
_MOST_JOBS = 8


class RefusedError(Exception):
    """It cannot be played; the message says why."""


class _StoppedError(Exception):
    """The table is not wanted any more."""


class Bench:
    """Plays one attack at a time, and one table at a time; safe to use from several threads."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._attacks: dict[str, Scenario] = {}
        self._loading = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        self._starting = threading.Lock()
        self._stop = threading.Event()

    def close(self) -> None:
        """Waits for what is being played; a table is given up."""
        self._stop.set()
        for thread in list(self._threads.values()):
            thread.join()

    @property
    def attacks(self) -> dict[str, Scenario]:
        """The attacks that come along, by id; read when they are first wanted."""
        with self._loading:
            if not self._attacks:
                found = load_scenarios([locate("scenarios") / "attack"])
                self._attacks = {one.id: one for one in found if one.attack is not None}
            return self._attacks

    def describe(self) -> dict[str, Any]:
        """The attacks and the weaknesses, for people to choose from."""
        attacks = [describe_attack(scenario) for scenario in self.attacks.values()]
        shown: dict[str, Any] = visible_data(
            {
                "attacks": [
                    {"id": one.id, "title": one.title, "note": one.note, **one.section}
                    for one in attacks
                ],
                "weaknesses": [
                    {"id": one.id, "title": one.title, "defence": one.defence, "rule": one.rule}
                    for one in list_weaknesses()
                ],
            }
        )
        return shown

    # -- one attack

    def run(self, attack: str, weaknesses: Sequence[str]) -> None:
        """Begins to play an attack with these weaknesses switched on.

        Raises RefusedError for one that there is not, for two weaknesses of one defence, and
        while another attack is being played.
        """
        scenario = self.attacks.get(attack)
        if scenario is None:
            raise RefusedError(f"there is no attack {attack!r}")
        chosen = tuple(dict.fromkeys(weaknesses))
        known_weaknesses()
        try:
            replacements(chosen)
        except (UnknownWeaknessError, ValueError) as error:
            raise RefusedError(str(error)) from None
        self._begin(BENCH, lambda: self._play(scenario, chosen))

    def _play(self, scenario: Scenario, weaknesses: tuple[str, ...]) -> None:
        keep_quiet()
        self._feed.begin(BENCH, {"attack": scenario.id, "weaknesses": list(weaknesses)})
        target = InProcess(weaknesses=weaknesses)
        teller = Teller(lambda kind, data: self._feed.publish(BENCH, kind, data))
        opened = target.open(scenario.world, DEFAULT_SEED, secretless=scenario.secretless)
        with opened as venue:
            play(scenario, venue, target=target.name, subscriber=teller)

    # -- the table

    def prove(self, attacks: Sequence[str], weaknesses: Sequence[str]) -> None:
        """Begins to play the table of these attacks and weaknesses; of all where none is named.

        Raises RefusedError for one that there is not, and while another table is played.
        """
        try:
            choice = choose(self.attacks.values(), attack_ids=attacks, weakness_ids=weaknesses)
        except KeyError as error:
            raise RefusedError(f"there is no attack or weakness {error}") from None
        plays = len(choice.attacks) * (len(choice.weaknesses) + 1)
        jobs = 1 if plays <= _FEW else min(os.cpu_count() or 1, _MOST_JOBS)

        def tell(done: int, count: int, label: str) -> None:
            if self._stop.is_set():
                raise _StoppedError
            progress = {"done": done, "all": count, "label": label}
            self._feed.publish(PROVE, "progress", progress, state=True)

        def play_table() -> None:
            try:
                tell(0, plays, "")
                proof = prove(choice, jobs=jobs, on_progress=tell)
                self.show(slim_proof(json.loads(render_proof_json(proof))))
            finally:
                self._feed.publish(PROVE, "progress", None, state=True)

        self._begin(PROVE, play_table)

    def show(self, proof: dict[str, Any]) -> None:
        """Tells a table that is there."""
        self._feed.publish(PROVE, "table", proof, state=True)

    def stop(self) -> None:
        """Gives up the table that is being played."""
        self._stop.set()

    # -- threads

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        with self._starting:
            before = self._threads.get(name)
            if before is not None and before.is_alive():
                raise RefusedError("another one is being played")
            if name == PROVE:
                self._stop.clear()

            def do() -> None:
                try:
                    work()
                except _StoppedError:
                    pass
                except (DocumentError, BrokenExecutor, OSError) as error:
                    self._feed.publish(name, "failed", {"reason": str(error)})

            thread = threading.Thread(target=do, name=f"lab {name}", daemon=True)
            self._threads[name] = thread
            thread.start()
