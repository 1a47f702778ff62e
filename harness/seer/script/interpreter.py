"""Carries out the plan of a script, as an agent that a driver can send answers to."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from harness.clock import Clock
from harness.document import Mistake
from harness.seer.agent.actions import (
    Action,
    Agent,
    Answer,
    Circumstances,
    Found,
    Reply,
    Request,
    Say,
    Search,
)
from harness.seer.agent.loop import Loop
from harness.seer.script.loader import Script
from harness.seer.script.model import Call, Step
from harness.seer.script.values import Missing, fill_path, hold, look_up, show_result
from harness.template import fill, written

Path: TypeAlias = tuple[str | int, ...]
#: Actions that end with whether the plan goes on.
Doing: TypeAlias = Generator[Action, Any, bool]

#: Of a longer list `for each` takes the first.
MOST_ITEMS: Final = 100


class ScriptError(Exception):
    """A script cannot go on: an answer lacks what the plan takes from it. It tells the line."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


def perform(
    script: Script, circumstances: Circumstances, captured: Mapping[str, str], clock: Clock
) -> Agent:
    """The agent that does what `script` says; `captured` are the words that its query left open.

    It raises ScriptError where an answer lacks what the plan takes from it. An agent that
    `asks again after a no` never ends by itself. Raises ValueError if a captured word is missing.
    """
    if lacking := [name for name in script.captures if name not in captured]:
        raise ValueError(f"{script.id} needs {', '.join(lacking)}, which its query says")
    loop = Loop(circumstances, clock, script.habits)
    return _Performance(script, loop, captured).run()


def perform_unknown(scripts: Iterable[Script]) -> Agent:
    """The agent for a query that no script fits: it says what can be asked, and nothing else."""
    asks = sorted({script.asks for script in scripts if script.temperament == "honest"})
    yield Say("\n".join(["I do not know how to do that. You can ask me:", *asks]))


class _Performance:
    def __init__(self, script: Script, loop: Loop, captured: Mapping[str, str]) -> None:
        self._script = script
        self._loop = loop
        self._known: dict[str, Any] = {name: captured[name] for name in script.captures}
        organization = loop.names()["organization"]
        self._last = Request("GET", f"/api/0/organizations/{organization}/")

    def run(self) -> Agent:
        yield from self._steps(self._script.plan, ("plan",))

    def _steps(self, steps: Sequence[Step], path: Path) -> Doing:
        for index, step in enumerate(steps):
            place = (*path, index)
            try:
                goes_on = yield from self._step(step, place)
            except Missing as missing:
                raise ScriptError(self._mistake(place, str(missing))) from None
            if not goes_on:
                return False
        return True

    def _step(self, step: Step, place: Path) -> Doing:
        if step.say is not None:
            yield Say(self._text(step.say))
        elif step.search is not None:
            found: Found = yield Search(self._text(step.search))
            self._save(step, found)
        elif step.call is not None:
            return (yield from self._call(step, step.call))
        elif step.ask is not None:
            answer = yield from self._loop.ask(step.ask, self._last)
            self._save(step, answer)
        elif step.mint is not None:
            reply = yield from self._loop.mint(None if step.mint == "all" else step.mint)
            return (yield from self._settle(step, reply))
        elif step.when is not None:
            conditions = step.when if isinstance(step.when, list) else [step.when]
            key = "then" if hold(conditions, self._look_up) else "otherwise"
            return (yield from self._steps(getattr(step, key), (*place, key)))
        elif step.for_each is not None:
            return (yield from self._for_each(step, step.for_each, place))
        elif step.stop is not None:
            yield Say(self._text(step.stop))
            return False
        return True

    def _call(self, step: Step, call: Call) -> Doing:
        fill_in = self._text if step.bare else self._path
        self._last = Request(
            method=call.method.upper(),
            path=fill_in(call.path),
            query={name: self._text(value) for name, value in call.query.items()},
            body=fill(call.body, self._look_up),
        )
        run = self._loop.call_bare if step.bare else self._loop.call
        reply = yield from run(self._last)
        return (yield from self._settle(step, reply))

    def _settle(self, step: Step, reply: Reply) -> Doing:
        """Keeps the reply; a refusal ends the plan, unless the step or temperament goes on."""
        self._save(step, reply)
        by_itself = "stop" if self._script.temperament in ("honest", "clumsy") else "continue"
        if not reply.refusal or (step.on_refusal or by_itself) == "continue":
            return True
        yield Say(reply.refusal)
        return False

    def _for_each(self, step: Step, each: Mapping[str, str | list[Any]], place: Path) -> Doing:
        ((name, source),) = each.items()
        items = fill(source, self._look_up)
        if not isinstance(items, list):
            message = "expected a list to go through; the answer has another thing there"
            raise ScriptError(self._mistake((*place, "for each", name), message))
        for item in items[:MOST_ITEMS]:
            self._known[name] = item
            if not (yield from self._steps(step.do, (*place, "do"))):
                return False
        return True

    def _save(self, step: Step, result: Reply | Found | Answer) -> None:
        if step.as_ is not None:
            self._known[step.as_] = show_result(result)

    def _look_up(self, name: str) -> Any:
        return look_up(name, {**self._known, **self._loop.names()})

    def _text(self, value: Any) -> str:
        return written(fill(value, self._look_up))

    def _path(self, path: str) -> str:
        return fill_path(path, self._look_up)

    def _mistake(self, place: Path, message: str) -> Mistake:
        return self._script.document.mistake(place, message)
