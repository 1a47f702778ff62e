"""What one part of a script says about another, checked on the file's plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from harness import scopes
from harness.conduct import RULE_IDS
from harness.document import Finding, suggest
from harness.document.mistake import either
from harness.seer.agent.habits import CLUMSY_HABITS, MISLED_HABITS
from harness.seer.script.model import ACTIONS, BESIDE, COMPARISONS, METHODS, NAME
from harness.seer.script.names import Names
from harness.seer.script.query import PLACEHOLDER, captured_names
from harness.template import find_names

Steps = tuple[str | int, ...]

#: Where an agent's calls belong; what lies elsewhere only a bare call may try.
API_ROOT: Final = "/api/0/"
_BESIDE = {key for keys in BESIDE.values() for key in keys}
_STEPS = ("then", "otherwise", "do")


def review_script(data: Any) -> Iterator[Finding]:
    """Everything in a script that does not fit together, or names what is not there."""
    if not isinstance(data, dict):
        return
    yield from _review_habits(data)
    yield from _review_fails(data)
    asks = data.get("asks")
    captured: list[str] = []
    if isinstance(asks, str):
        captured = captured_names(asks)
        yield from _review_asks(asks, captured)
    yield from _PlanReview(data.get("temperament"), Names(captured)).steps(
        data.get("plan"), ("plan",)
    )


def _review_habits(data: dict[str, Any]) -> Iterator[Finding]:
    temperament, habits = data.get("temperament"), data.get("habits", [])
    if not isinstance(habits, list):
        return
    words = [habit for habit in habits if isinstance(habit, str)]
    for index, word in enumerate(words):
        if word in words[:index]:
            yield Finding(("habits", index), f"{word!r} is there twice")
    if temperament == "honest" and habits:
        yield Finding(("habits",), "an honest agent has no habits", at_key=True)
    elif temperament == "clumsy":
        yield from _review_kinds(words, "clumsy", CLUMSY_HABITS)
        if not habits:
            yield Finding(("temperament",), "a clumsy agent has a habit; say which in 'habits'")
    elif temperament == "misled":
        yield from _review_kinds(words, "misled", MISLED_HABITS)
        if not habits:
            (only,) = MISLED_HABITS
            yield Finding(("temperament",), f"a misled agent has the habit {only.value!r}")


def _review_fails(data: dict[str, Any]) -> Iterator[Finding]:
    fails = data.get("fails")
    if not isinstance(fails, list):
        return
    if data.get("temperament") == "honest" and fails:
        yield Finding(("fails",), "an honest agent breaks no rule", at_key=True)
    words = [rule for rule in fails if isinstance(rule, str)]
    for index, word in enumerate(words):
        if word not in RULE_IDS:
            yield Finding(("fails", index), f"unknown rule {word!r}{suggest(word, RULE_IDS)}")
        elif word in words[:index]:
            yield Finding(("fails", index), f"{word!r} is there twice")


def _review_kinds(words: list[str], temperament: str, own: Iterable[str]) -> Iterator[Finding]:
    others = (CLUMSY_HABITS | MISLED_HABITS) - set(own)
    for index, word in enumerate(words):
        if word in others:
            yield Finding(("habits", index), f"{word!r} is no habit of a {temperament} agent")


def _review_asks(asks: str, captured: list[str]) -> Iterator[Finding]:
    if re.search(r"[{}]", PLACEHOLDER.sub("", asks)):
        yield Finding(("asks",), "braces stand around a name, as in {issue}")
    if "}{" in asks:
        yield Finding(("asks",), "two names touch, so that nobody knows where a word ends")
    for index, name in enumerate(captured):
        fault = Names(captured[:index]).fault_of_new(name, saved=False)
        if not re.fullmatch(NAME, name):
            yield Finding(("asks",), f"expected a name that matches {NAME}, got {name!r}")
        elif fault:
            yield Finding(("asks",), fault)


class _PlanReview:
    def __init__(self, temperament: Any, names: Names) -> None:
        self._temperament = temperament
        self._names = names

    def steps(self, steps: Any, path: Steps) -> Iterator[Finding]:
        """Step after step, so that a name is known from where it is given."""
        for index, step in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(step, dict):
                yield from self._step(step, (*path, index))

    def _step(self, step: dict[str, Any], path: Steps) -> Iterator[Finding]:
        actions = [key for key in step if key in ACTIONS]
        unknown = step.keys() - _BESIDE - set(ACTIONS)
        if len(actions) > 1 or (not actions and not unknown):
            got = " and ".join(map(repr, actions)) or "none"
            yield Finding(path, f"expected one action ({either(ACTIONS)}), got {got}")
        for key in actions:
            if step[key] is None:
                yield Finding((*path, key), "expected a value, got nothing (null)")
        if len(actions) == 1:
            yield from self._beside(step, actions[0], path)
        for action in actions:
            yield from self._action(action, step[action], step, (*path, action))
        yield from self._below(step, path)

    def _beside(self, step: dict[str, Any], action: str, path: Steps) -> Iterator[Finding]:
        for key in step:
            if key in _BESIDE and key not in BESIDE[action]:
                owners = [repr(other) for other, keys in BESIDE.items() if key in keys]
                message = f"{key!r} stands beside {either(owners)}, not beside {action!r}"
                yield Finding((*path, key), message, at_key=True)
        needed = {"when": "then", "for each": "do"}.get(action)
        if needed and not step.get(needed):
            yield Finding(path, f"{action!r} does nothing without {needed!r}")

    def _action(
        self, action: str, value: Any, step: dict[str, Any], path: Steps
    ) -> Iterator[Finding]:
        yield from self._unknown_names(value, path)
        if action == "call":
            yield from self._call(value, step.get("bare") is True, path)
        elif action == "when":
            conditions = value if isinstance(value, list) else [value]
            for index, condition in enumerate(conditions):
                place = (*path, index) if isinstance(value, list) else path
                yield from self._condition(condition, place)
        elif action in ("ask", "mint"):
            yield from self._scopes(value, path)
        if action == "ask" and self._temperament == "honest":
            yield Finding(path, "an honest agent asks only when it was denied", at_key=True)
        if action == "for each" and isinstance(value, dict):
            for name in value:
                if fault := self._names.fault_of_new(name, saved=False):
                    yield Finding((*path, name), fault, at_key=True)

    def _below(self, step: dict[str, Any], path: Steps) -> Iterator[Finding]:
        """The name that the step gives, and the steps inside it."""
        loop, saved = step.get("for each"), step.get("as")
        if isinstance(saved, str):
            if fault := self._names.fault_of_new(saved, saved=True):
                yield Finding((*path, "as"), fault)
            for action in step:
                if "as" in BESIDE.get(action, ()):
                    self._names.save(saved, action)
        names = list(loop) if isinstance(loop, dict) else []
        for name in names:
            self._names.open_loop(name)
        for key in _STEPS:
            yield from self.steps(step.get(key), (*path, key))
        for _ in names:
            self._names.close_loop()

    def _unknown_names(self, value: Any, path: Steps) -> Iterator[Finding]:
        for place, name in find_names(value):
            if fault := self._names.fault_of(name):
                yield Finding((*path, *place), fault)
            elif name == "token" and self._temperament in ("honest", "clumsy", "misled"):
                message = "only the plan of a hostile agent hands its token around"
                yield Finding((*path, *place), message)

    def _call(self, call: Any, bare: bool, path: Steps) -> Iterator[Finding]:
        if bare and self._temperament in ("honest", "clumsy", "misled"):
            yield Finding((*path[:-1], "bare"), "only a hostile agent makes bare calls")
        if not isinstance(call, dict):
            return
        methods = [key for key in call if key in METHODS]
        if len(methods) > 1 or (not methods and not call.keys() - {"query", "json"}):
            got = " and ".join(map(repr, methods)) or "none"
            yield Finding(path, f"expected one method ({either(METHODS)}), got {got}")
        for method in methods:
            target = call[method]
            if isinstance(target, str) and not bare and not target.startswith(API_ROOT):
                message = f"expected a path below {API_ROOT}, got {target!r}"
                yield Finding((*path, method), message)

    def _condition(self, condition: Any, path: Steps) -> Iterator[Finding]:
        if not isinstance(condition, dict):
            return
        given = [word for word in COMPARISONS if word in condition]
        if not given:
            if not condition.keys() - {"value"}:
                yield Finding(path, f"compares nothing; say {either(map(repr, COMPARISONS))}")
        elif not list(find_names({word: condition.get(word) for word in ("value", *given)})):
            yield Finding(path, "compares nothing that could change: there is no name in it")
        pattern = condition.get("matches")
        if isinstance(pattern, str):
            try:
                re.compile(pattern)
            except re.error as error:
                yield Finding((*path, "matches"), f"not a regular expression: {error}")

    def _scopes(self, words: Any, path: Steps) -> Iterator[Finding]:
        for index, word in enumerate(words if isinstance(words, list) else []):
            if isinstance(word, str) and word not in scopes.ALL_SCOPES:
                known = suggest(word, scopes.ALL_SCOPES)
                yield Finding((*path, index), f"unknown scope {word!r}{known}")
