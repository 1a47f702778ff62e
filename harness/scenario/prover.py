"""Plays the table of a proof, in one process or several. See `proof` for what it means."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.util import Finalize
from typing import Any

from harness.defence import DEFENCES, Defence, applied
from harness.deployment import keep_quiet
from harness.scenario.model import Scenario
from harness.scenario.proof import (
    SOUND,
    Cell,
    Mark,
    Proof,
    WeaknessInfo,
    describe_attack,
    find_problems,
    list_weaknesses,
    make_cell,
)
from harness.scenario.runner import DEFAULT_SEED, People, Player
from harness.scenario.stage import MakeHands
from harness.scenario.targets import Deployed, InProcess, Loopback, Seed, deploy_frozen

Progress = Callable[[int, int, str], None]
"""Called with how many plays are done, of how many, and the weakness that was played last."""

# Parts into which the sound plays of one worker are cut, so that none waits for the other.
_PARTS = 4


@dataclass(frozen=True)
class Choice:
    """What is played: all attacks and all weaknesses, or some.

    `attacks` and `weaknesses` are in the order of the table; `all_…` say whether none is
    missing. `exhaustive`: also what cannot differ from the sound server. `left_out`: the
    attacks that need a browser, and are not played for want of one.
    """

    attacks: Sequence[Scenario]
    weaknesses: Sequence[WeaknessInfo]
    all_attacks: bool = True
    all_weaknesses: bool = True
    exhaustive: bool = False
    left_out: Sequence[str] = ()


def choose(
    attacks: Iterable[Scenario],
    *,
    attack_ids: Sequence[str] = (),
    weakness_ids: Sequence[str] = (),
    exhaustive: bool = False,
    browser: bool = False,
) -> Choice:
    """All attacks and weaknesses, or those with these ids; scenarios that are none are passed over.

    `browser`: of the attacks those that need one, and of the weaknesses those that they list;
    else the others. Raises KeyError for an id that there is not.
    """
    known = {scenario.id: scenario for scenario in attacks if scenario.attack is not None}
    weak = {weakness.id: weakness for weakness in list_weaknesses()}
    fit = [scenario for scenario in known.values() if bool(scenario.browser) is browser]
    others = [scenario for scenario in known.values() if bool(scenario.browser) is not browser]
    if not weakness_ids:
        mine, theirs = _list_found(fit), _list_found(others)
        weak = {
            name: weakness
            for name, weakness in weak.items()
            if name in mine or not (browser or name in theirs)
        }
    chosen = [known[name] for name in dict.fromkeys(attack_ids)] or fit
    return Choice(
        attacks=sorted(chosen, key=lambda a: (a.attack.category if a.attack else "", a.id)),
        weaknesses=[weak[name] for name in dict.fromkeys(weakness_ids)] or list(weak.values()),
        all_attacks=not attack_ids,
        all_weaknesses=not weakness_ids,
        exhaustive=exhaustive,
        left_out=[] if browser or attack_ids else [scenario.id for scenario in others],
    )


def _list_found(attacks: Iterable[Scenario]) -> set[str]:
    """The weaknesses that these attacks list."""
    return {name for scenario in attacks if scenario.attack for name in scenario.attack.breaks_on}


def prove(
    choice: Choice,
    *,
    jobs: int = 1,
    seed: Seed = DEFAULT_SEED,
    people: People | None = None,
    on_progress: Progress | None = None,
) -> Proof:
    """The table of `choice`: the same for one seed, whatever `jobs` is.

    `people`: users with a browser, for attacks that need one; all is played over loopback
    then, on each weakness only the attacks that list it.

    Raises DocumentError for a world that is wrong.
    """
    tell = _Teller(choice, on_progress)
    idle: Mark = "unreached" if people is None else "unplayed"
    with _open_bench(choice.attacks, seed, jobs, people) as bench:
        sound, reached = _play_sound(bench, choice, jobs, tell)
        cells: dict[str, dict[str, Cell]] = {SOUND: sound}
        tasks: dict[Future[list[Cell]], str] = {}
        for weakness in choice.weaknesses:
            row = {name: Cell(name, weakness.id, idle) for name in sound}
            cells[weakness.id] = row
            wanted = [
                index
                for index, attack in enumerate(choice.attacks)
                if choice.exhaustive
                or (
                    weakness.defence in reached[attack.id]
                    if people is None
                    else weakness.id in _list_found([attack])
                )
            ]
            tasks[bench.submit(_play_weakened, weakness.id, wanted)] = weakness.id
        for task in as_completed(tasks):
            name = tasks[task]
            cells[name] |= {cell.attack: cell for cell in task.result()}
            tell(len(choice.attacks), name)
    attacks = [describe_attack(scenario) for scenario in choice.attacks]
    return Proof(
        seed=str(seed),
        attacks=attacks,
        weaknesses=choice.weaknesses,
        cells=cells,
        problems=find_problems(
            attacks,
            choice.weaknesses,
            cells,
            all_attacks=choice.all_attacks,
            all_weaknesses=choice.all_weaknesses,
        ),
        complete=choice.all_attacks and choice.all_weaknesses,
        left_out=choice.left_out,
    )


class _Teller:
    """Counts plays."""

    def __init__(self, choice: Choice, on_progress: Progress | None) -> None:
        self._all = len(choice.attacks) * (len(choice.weaknesses) + 1)
        self._done = 0
        self._tell = on_progress

    def __call__(self, count: int, label: str) -> None:
        self._done += count
        if self._tell is not None:
            self._tell(self._done, self._all, label)


def _play_sound(
    bench: Executor, choice: Choice, jobs: int, tell: _Teller
) -> tuple[dict[str, Cell], dict[str, frozenset[str]]]:
    """The cell of each attack on the sound server, and the defences that it reached."""
    indexes = range(len(choice.attacks))
    parts = [list(indexes[start :: jobs * _PARTS]) for start in range(jobs * _PARTS)]
    found: dict[str, tuple[Cell, frozenset[str]]] = {}
    for task in as_completed([bench.submit(_play_soundly, part) for part in parts if part]):
        found |= {cell.attack: (cell, reached) for cell, reached in task.result()}
        tell(len(task.result()), "the sound server")
    # In the order of the table, not of who was ready first.
    names = [attack.id for attack in choice.attacks]
    return {name: found[name][0] for name in names}, {name: found[name][1] for name in names}


# -- where plays are done


@contextmanager
def _open_bench(
    attacks: Sequence[Scenario], seed: Seed, jobs: int, people: People | None
) -> Iterator[Executor]:
    """Processes that know the attacks; with one job, this process itself."""
    if jobs == 1:
        _start_worker(attacks, seed, people)
        with _worker.around:
            yield _Here()
        return
    pool = ProcessPoolExecutor(
        jobs,
        # Fresh processes: this one may have threads, which a fork would leave half alive.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(attacks, seed, people),
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Here(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        """The future is done when it is given back; what `fn` raises is raised."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **more))
        return future


@dataclass
class _Worker:
    """What a process knows; its browser is open until `around` ends."""

    attacks: Sequence[Scenario] = ()
    seed: Seed = DEFAULT_SEED
    people: People | None = None
    around: ExitStack = field(default_factory=ExitStack)

    def open_player(self, notes: set[str] | None, weaknesses: tuple[str, ...] = ()) -> Player:
        """Plays on a server of its own; `notes`: where it notes which defences are reached."""
        if self.people is not None:
            return Player(Loopback(weaknesses=weaknesses), self.seed, self.people)
        if notes is not None:
            return Player(InProcess(deploy=_Noting(notes)), self.seed)
        return Player(InProcess(weaknesses=weaknesses), self.seed)


@dataclass(frozen=True)
class _Staying:
    """People whose browser stays open from one server to the next."""

    make_hands: MakeHands

    def open(self) -> AbstractContextManager[MakeHands]:
        """What is open already."""
        return nullcontext(self.make_hands)


_worker = _Worker()


def _start_worker(attacks: Sequence[Scenario], seed: Seed, people: People | None) -> None:
    # Fills the language's tables and the registry: attacks come already read.
    import harness.scenario.loader  # noqa: F401

    list_weaknesses()
    _worker.attacks, _worker.seed = attacks, seed
    _worker.people = None
    if people is not None:
        _worker.people = _Staying(_worker.around.enter_context(people.open()))
        # Browsers end before the process takes their modules apart.
        Finalize(None, _worker.around.close, exitpriority=10)
    keep_quiet()


def _play_soundly(indexes: Sequence[int]) -> list[tuple[Cell, frozenset[str]]]:
    """Each attack on the sound server, with the defences that it reached."""
    notes: set[str] = set()
    found = []
    with closing(_worker.open_player(notes)) as player:
        for index in indexes:
            notes.clear()
            attack = _worker.attacks[index]
            cell = make_cell(attack, SOUND, player.play(attack))
            found.append((cell, frozenset(notes)))
    return found


def _play_weakened(weakness: str, indexes: Sequence[int]) -> list[Cell]:
    """Each attack on one weakness; only what did not hold is written down."""
    cells = []
    with _uncollected(), closing(_worker.open_player(None, (weakness,))) as player:
        for index in indexes:
            attack = _worker.attacks[index]
            if _worker.people is None and player.play(attack, quiet=True).verdict == "held":
                cells.append(Cell(attack.id, weakness, "held"))
            else:
                cells.append(make_cell(attack, weakness, player.play(attack)))
    return cells


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection, which would go through what plays leave again and again.

    All of it is young when the context ends, so the next collection takes it at once.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# -- which defences a request comes to


@dataclass(frozen=True)
class _Noting:
    """Deploys a sound server that notes in `notes` which defences are called."""

    notes: set[str]

    def __call__(self, world: str, seed: Seed, **options: Any) -> Deployed:
        """As `deploy_frozen`."""
        return _Noted(deploy_frozen(world, seed, **options), _note_calls(self.notes))


def _note_calls(notes: set[str]) -> Mapping[str, Callable[..., Any]]:
    """For each defence its sound form, which says that it was called."""

    def noting(defence: Defence[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            notes.add(defence.id)
            return defence.sound(*args, **more)

        return call

    return {name: noting(defence) for name, defence in DEFENCES.items()}


@dataclass(frozen=True)
class _Noted:
    """A deployment whose requests are served within `applied`."""

    deployed: Deployed
    forms: Mapping[str, Callable[..., Any]] = field(repr=False)

    @property
    def app(self) -> Any:
        """The WSGI application."""

        return self._surround(self.deployed.app)

    @property
    def seer(self) -> Any:
        """Seer's, too."""
        return self._surround(self.deployed.seer)

    def _surround(self, app: Any) -> Any:
        def serve_request(environ: Any, start_response: Any) -> Any:
            with applied(self.forms):
                return app(environ, start_response)

        return serve_request

    def serve(self) -> AbstractContextManager[str]:
        """As the deployment: what is noted is noted in process."""
        return self.deployed.serve()

    def describe(self, url: str) -> dict[str, Any]:
        """The ready JSON when it answers at `url`."""
        return self.deployed.describe(url)

    def reset(self) -> None:
        """Puts the world's start back."""
        self.deployed.reset()

    def close(self) -> None:
        """Lets its resources go."""
        self.deployed.close()
