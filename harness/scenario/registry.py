"""The words of the language: what actors can do, and what can be expected.

Verbs and expectations are entries of two tables. The built-in ones are added by
`harness.scenario.verbs` and `harness.scenario.expectations`; others may add theirs
with `add_verb` and `add_expectation` before scenarios are read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, JsonValue

from harness.scenario.names import Actor, ActorKind

if TYPE_CHECKING:
    from harness.scenario.answer import Answer
    from harness.scenario.book import Book
    from harness.scenario.scene import Scene
    from harness.scenario.stage import Stage


#: Stands in a verb's JSON Schema for the schema of a step, which has the verbs in it.
A_STEP: dict[str, JsonValue] = {"$comment": "a step"}


class Arguments(BaseModel):
    """The arguments of a verb: strict, closed, not to be changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def is_success(answer: Answer) -> bool:
    """Whether the status is one of 200 to 299."""
    return answer.status is not None and 200 <= answer.status < 300


def _no_review(*_: Any) -> None:
    """Nothing to look up."""


def _nobody(*_: Any) -> None:
    """It is about nobody in particular."""


@dataclass(frozen=True)
class Verb:
    """Something that actors can do.

    `play(stage, actor, arguments)` does it and gives the answer, or None where there is
    none to expect anything of. `review(book, actor, arguments)` looks up its names before
    anything is played. `acts_for(book, actor, arguments)` is the user whom it is about, if
    that is plain. A step that states no status is expected to have `succeeded`; where there
    is a `check(scene)`, that decides instead.
    """

    name: str
    arguments: type[BaseModel]
    actors: frozenset[ActorKind]
    play: Callable[[Stage, Actor, Any], Answer | None]
    review: Callable[[Book, Actor, Any], None] = _no_review
    acts_for: Callable[[Book, Actor, Any], str | None] = _nobody
    succeeded: Callable[[Answer], bool] = is_success
    success: str = "200 to 299"
    answers: bool = True
    restarts: bool = False
    check: Callable[[Scene], None] | None = None


@dataclass(frozen=True)
class Expectation:
    """Something that can be expected of a step; `type` is the form of its value in the file.

    `check(scene, value)` writes one or more checks. `before(scene, value)` runs before the
    step, and what it gives is `scene.before[name]`. `review(book, actor, used, value)` looks
    up names; `used` is the user whom the step is about.
    """

    name: str
    type: Any
    check: Callable[[Scene, Any], None]
    before: Callable[[Scene, Any], Any] | None = None
    review: Callable[[Book, Actor, str | None, Any], None] = _no_review
    description: str = field(default="", kw_only=True)


VERBS: dict[str, Verb] = {}
EXPECTATIONS: dict[str, Expectation] = {}


def add_verb(verb: Verb) -> None:
    """Adds a verb to the language.

    Raises ValueError if there is one with that name.
    """
    if verb.name in VERBS:
        raise ValueError(f"there is a verb {verb.name!r} already")
    VERBS[verb.name] = verb


def add_expectation(expectation: Expectation) -> None:
    """Adds an expectation to the language.

    Raises ValueError if there is one with that name.
    """
    if expectation.name in EXPECTATIONS:
        raise ValueError(f"there is an expectation {expectation.name!r} already")
    EXPECTATIONS[expectation.name] = expectation
