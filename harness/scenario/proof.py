"""The proof that attacks can tell a sound server from a weakened one.

Every attack is played on the sound server, where it must be held, and on the server with
each one weakness, where those that list it must break it. What this table cannot show is
a mistake of the table: an attack that breaks nothing, a weakness that nobody finds.

Everything is played in process, from the same start. An attack is not played again on a
weakness of a defence that it never reached on the sound server: its requests would be
answered as they were there, word for word, so it is held there as well. `exhaustive`
plays those too.

Attacks that need users with a browser are proved apart, over loopback: each on the sound
server and on the weaknesses that it lists, which takes a browser seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from harness.defence import DEFENCES, WEAKNESSES, Weakness
from harness.events import describe_route
from harness.scenario.attack import Verdict, known_weaknesses
from harness.scenario.model import Scenario
from harness.scenario.result import FAILED, INCONCLUSIVE, Result, shown_path

SOUND: Final = ""
"""Stands for no weakness, in the place of an id."""

Mark = Literal["held", "broken", "inconclusive", "unreached", "unplayed"]
"""What came of an attack on a weakness.

`unreached`: held, for it never came to that defence. `unplayed`: a browser has no time for
weaknesses that the attack does not list.
"""

ProblemKind = Literal[
    "broken when sound",
    "not broken",
    "found by nobody",
    "never breaks",
    "inconclusive when sound",
]


@dataclass(frozen=True)
class WeaknessInfo:
    """A weakness and the defence that it belongs to."""

    id: str
    title: str
    defence: str
    rule: str
    cwe: int
    source: str


@dataclass(frozen=True)
class AttackInfo:
    """An attack: the file's own words, as plain data."""

    id: str
    title: str
    note: str
    file: str
    section: Mapping[str, Any]

    @property
    def breaks_on(self) -> Sequence[str]:
        """The weaknesses that it is meant to find."""
        listed: Sequence[str] = self.section["breaks on"]
        return listed

    @property
    def category(self) -> str:
        """What is attacked."""
        return str(self.section["category"])


@dataclass(frozen=True)
class Cell:
    """What came of one attack on one weakness, or on the sound server.

    `steps` tells each step that was played; `events` is the transcript of the one that
    decided. Both are empty where the attack was held on a weakness as on the sound server.
    """

    attack: str
    weakness: str
    mark: Mark
    reason: str = ""
    steps: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()

    @property
    def verdict(self) -> Verdict:
        """The mark as a verdict."""
        if self.mark == "unplayed":
            return "inconclusive"
        return "held" if self.mark == "unreached" else self.mark


@dataclass(frozen=True)
class Problem:
    """Why the proof does not stand; `attack` or `weakness` is empty where none is meant."""

    kind: ProblemKind
    attack: str
    weakness: str
    message: str


@dataclass(frozen=True)
class Proof:
    """The table: `cells` by weakness, then by attack; `SOUND` is the first weakness.

    `complete`: all attacks and all weaknesses were played. `left_out`: the attacks that
    need a browser, and were not played for want of one.
    """

    seed: str
    attacks: Sequence[AttackInfo]
    weaknesses: Sequence[WeaknessInfo]
    cells: Mapping[str, Mapping[str, Cell]]
    problems: Sequence[Problem]
    complete: bool = True
    left_out: Sequence[str] = ()

    @property
    def conclusion(self) -> str:
        """What follows from the table, in one sentence."""
        if not self.attacks:
            return "Nothing is proved: no attack was played."
        if self.exit_code == FAILED:
            return "The proof does not stand."
        if self.problems:
            return "The proof is inconclusive."
        count = len(self.attacks)
        attacks = f"{count} attack{'s' * (count != 1)}"
        if not self.counts["broken"]:
            return (
                f"Nothing is proved: {attacks} held on the sound server, and none lists a "
                "weakness that was played."
            )
        played, found = "", f", and {len(self.weaknesses)} weaknesses were all found"
        if not self.complete:
            played, found = "played ", ""
        return (
            f"The proof stands: {attacks} held on the sound server, each broke on every "
            f"{played}weakness that it lists{found}."
        )

    @property
    def sound(self) -> Mapping[str, Cell]:
        """What came of each attack on the sound server."""
        return self.cells[SOUND]

    def breakers(self, weakness: str) -> list[str]:
        """The attacks that break on a weakness."""
        return [attack for attack, cell in self.cells[weakness].items() if cell.mark == "broken"]

    @property
    def counts(self) -> dict[Mark, int]:
        """How many cells of weaknesses have each mark."""
        marks = Counter(
            cell.mark for name, row in self.cells.items() if name != SOUND for cell in row.values()
        )
        shown: dict[Mark, int] = {
            "broken": marks["broken"],
            "held": marks["held"],
            "unreached": marks["unreached"],
            "inconclusive": marks["inconclusive"],
        }
        return shown | ({"unplayed": marks["unplayed"]} if marks["unplayed"] else {})

    @property
    def exit_code(self) -> int:
        """0 if the proof stands; 3 if all that is wrong is inconclusive, or nothing broke."""
        kinds = {problem.kind for problem in self.problems}
        if kinds - {"inconclusive when sound"}:
            return FAILED
        return INCONCLUSIVE if kinds or not self.counts["broken"] else 0


def describe_attack(scenario: Scenario) -> AttackInfo:
    """The attack of a scenario that has one. Raises ValueError for one that has none."""
    if scenario.attack is None:
        raise ValueError(f"{scenario.id} is no attack")
    section = scenario.attack.as_json()
    file = shown_path(scenario.file)
    return AttackInfo(scenario.id, scenario.title, scenario.note, file, section)


def list_weaknesses() -> list[WeaknessInfo]:
    """Every weakness there is, by defence."""
    known_weaknesses()
    found = [_describe_weakness(weakness) for weakness in WEAKNESSES.values()]
    return sorted(found, key=lambda weakness: weakness.defence)


def _describe_weakness(weakness: Weakness) -> WeaknessInfo:
    rule = DEFENCES[weakness.defence]
    return WeaknessInfo(weakness.id, weakness.title, rule.id, rule.title, rule.cwe, rule.source)


def make_cell(scenario: Scenario, weakness: str, result: Result) -> Cell:
    """The cell of a play that was written down."""
    mark: Mark = result.verdict or "inconclusive"
    steps, last = tell_steps(result)
    events = list(last) if mark != "held" else []
    return Cell(scenario.id, weakness, mark, result.reason, steps, events)


def tell_steps(
    result: Result,
) -> tuple[list[dict[str, Any]], list[Mapping[str, Any]]]:
    """Each step in short, and all that was written of the last."""
    steps: list[dict[str, Any]] = []
    last: list[Mapping[str, Any]] = []
    for event in result.events:
        if event["kind"] == "step":
            last = []
            steps.append(
                {
                    "index": event["index"],
                    "line": event["line"],
                    "action": f"{event['actor']} {event['verb']}",
                    "role": event["role"],
                    "exchanges": [],
                    "checks": [],
                }
            )
        if not steps or event["kind"] == "ended":
            continue
        last.append(event)
        if event["kind"] == "exchange":
            answer = event["status"] if event["status"] is not None else event["error"]
            route = describe_route(event)
            told = f"{event['method']} {event['url']} → {answer}"
            steps[-1]["exchanges"].append(f"{route}: {told}" if route else told)
        elif event["kind"] == "check":
            steps[-1]["checks"].append({"name": event["name"], "passed": event["passed"]})
    return steps, last


def find_problems(
    attacks: Sequence[AttackInfo],
    weaknesses: Sequence[WeaknessInfo],
    cells: Mapping[str, Mapping[str, Cell]],
    *,
    all_attacks: bool,
    all_weaknesses: bool,
) -> list[Problem]:
    """Why the proof does not stand.

    That a weakness is found by nobody can only be said when all attacks were played, and
    that an attack never breaks only when all weaknesses were.
    """
    problems: list[Problem] = []
    for attack in attacks:
        problems += _judge_sound(cells[SOUND][attack.id])
    for weakness in weaknesses:
        row = cells[weakness.id]
        for attack in attacks:
            if weakness.id in attack.breaks_on and row[attack.id].mark != "broken":
                problems.append(_judge_miss(row[attack.id], weakness))
        if attacks and all_attacks and not any(cell.mark == "broken" for cell in row.values()):
            message = f"no attack breaks on {weakness.id}: {weakness.title}"
            problems.append(Problem("found by nobody", "", weakness.id, message))
    if all_weaknesses:
        for attack in attacks:
            if not any(cells[weakness.id][attack.id].mark == "broken" for weakness in weaknesses):
                message = f"{attack.id} breaks on no weakness"
                problems.append(Problem("never breaks", attack.id, "", message))
    return problems


def _judge_sound(cell: Cell) -> list[Problem]:
    if cell.mark == "broken":
        message = f"{cell.attack} breaks the sound server: {cell.reason}"
        return [Problem("broken when sound", cell.attack, "", message)]
    if cell.mark == "inconclusive":
        message = f"{cell.attack} could not be judged on the sound server: {cell.reason}"
        return [Problem("inconclusive when sound", cell.attack, "", message)]
    return []


def _judge_miss(cell: Cell, weakness: WeaknessInfo) -> Problem:
    why = {
        "unreached": f"it never comes to the defence {weakness.defence}",
        "held": "it is held there",
        "inconclusive": f"it is inconclusive there: {cell.reason}",
        "unplayed": "it was not played there",
    }[cell.mark]
    message = f"{cell.attack} lists {weakness.id} and does not break on it: {why}"
    return Problem("not broken", cell.attack, weakness.id, message)
