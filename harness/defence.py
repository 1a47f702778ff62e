"""Named defences, and the plausible wrong versions that stand beside them.

A defence is one function, in the place where it works. Decorating it gives it a
name; its weakened forms are registered on it. Code calls it as any function, and
never asks whether it is weak: an application that was created with weaknesses
serves its requests inside `applied`, and there the call goes to the weak form.

    @defence("agent-token.expiry", title=…, cwe=613, source="RFC 7519 section 4.1.4")
    def check_time(claims: Claims, now: float) -> None: …

    @check_time.weakened("expiry-not-checked", title="An expired token is still served")
    def _(claims: Claims, now: float) -> None: …
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: {defence id: the function that stands in for it}.
Replacements: TypeAlias = Mapping[str, Callable[..., Any]]

_NONE: Replacements = {}
_applied: ContextVar[Replacements] = ContextVar("applied", default=_NONE)


class UnknownWeaknessError(ValueError):
    """A weakness that there is not; `known` are those that there are."""

    def __init__(self, weakness_id: str, known: Iterable[str]) -> None:
        self.weakness_id = weakness_id
        self.known = tuple(known)
        super().__init__(f"there is no weakness {weakness_id!r}")


@dataclass(frozen=True, slots=True)
class Weakness:
    """A wrong version of a defence: what an attack aimed at it must find."""

    id: str
    title: str
    defence: str
    function: Callable[..., Any]


class Defence(Generic[_P, _R]):
    """A security rule: a function with an id.

    `cwe`: the number of the weakness class that it guards against. `source`: the
    RFC section, or the issue or pull request, that the rule comes from.
    """

    def __init__(
        self, function: Callable[_P, _R], name: str, title: str, cwe: int, source: str
    ) -> None:
        self.id = name
        self.title = title
        self.cwe = cwe
        self.source = source
        self.sound = function
        self.weaknesses: dict[str, Weakness] = {}
        update_wrapper(self, function)

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        applied = _applied.get()
        if applied:
            weak = applied.get(self.id)
            if weak is not None:
                result: _R = weak(*args, **kwargs)
                return result
        return self.sound(*args, **kwargs)

    def weakened(self, name: str, *, title: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
        """Registers a function as the weak form `name` of this defence.

        Raises ValueError if another weakness has that id.
        """

        def register(function: Callable[_P, _R]) -> Callable[_P, _R]:
            if name in WEAKNESSES:
                raise ValueError(f"two weaknesses are called {name}")
            weakness = Weakness(name, title, self.id, function)
            self.weaknesses[name] = WEAKNESSES[name] = weakness
            return function

        return register


#: Every defence of the modules that were imported, by id.
DEFENCES: dict[str, Defence[..., Any]] = {}
#: Every weakness of the modules that were imported, by id.
WEAKNESSES: dict[str, Weakness] = {}


def defence(
    name: str, *, title: str, cwe: int, source: str
) -> Callable[[Callable[_P, _R]], Defence[_P, _R]]:
    """Names a function as a defence. Raises ValueError if another has that id."""

    def register(function: Callable[_P, _R]) -> Defence[_P, _R]:
        if name in DEFENCES:
            raise ValueError(f"two defences are called {name}")
        named = Defence(function, name, title, cwe, source)
        DEFENCES[name] = named
        return named

    return register


def replacements(weakness_ids: Iterable[str]) -> Replacements:
    """What stands in for which defence when these weaknesses are on.

    Raises UnknownWeaknessError for an id that there is not, ValueError for two that
    weaken one defence: each would hide what the other does.
    """
    found: dict[str, Callable[..., Any]] = {}
    for weakness_id in weakness_ids:
        weakness = WEAKNESSES.get(weakness_id)
        if weakness is None:
            raise UnknownWeaknessError(weakness_id, sorted(WEAKNESSES))
        if weakness.defence in found:
            raise ValueError(f"{weakness_id} weakens {weakness.defence}, which is weakened already")
        found[weakness.defence] = weakness.function
    return found


def in_force() -> Replacements:
    """What stands in for defences here, for work that goes on in another thread."""
    return _applied.get()


@contextmanager
def applied(weak: Replacements) -> Iterator[None]:
    """Within the context, calls of the defences in `weak` go to what stands in for them."""
    token = _applied.set(weak)
    try:
        yield
    finally:
        _applied.reset(token)
