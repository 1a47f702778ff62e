"""`saves`: keeps parts of the actor's last answer under names, for later `{name}`s."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel

from harness.scenario.answer import Answer
from harness.scenario.book import Book
from harness.scenario.matching import MISSING
from harness.scenario.names import Actor
from harness.scenario.registry import Verb
from harness.scenario.stage import Stage, StepFailedError

Pointer = Annotated[str, Field(pattern=r"^(/.*)?$")]


class HeaderPart(BaseModel):
    """The value of a header of the answer."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    header: str


class Save(
    RootModel[dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")], Pointer | HeaderPart]]
):
    """Names, each with a JSON pointer into the body, or a header."""


def _play(stage: Stage, actor: Actor, save: Save) -> Answer | None:
    answer = stage.answers.get(actor.name)
    if answer is None:
        raise StepFailedError(f"{actor} has no answer yet to save from")
    for name, part in save.root.items():
        if answer.planned:
            stage.values[name] = f"<{name}>"
            continue
        if isinstance(part, HeaderPart):
            value, place = answer.header(part.header), f"header {part.header}"
        else:
            value, place = answer.at(part), f"value at {part!r}"
        if value is MISSING:
            raise StepFailedError(f"the last answer to {actor} has no {place}")
        stage.values[name] = value
    return None


def _review(book: Book, _: Actor, save: Save) -> None:
    book.values |= save.root.keys()


VERBS = [
    Verb(
        name="saves",
        arguments=Save,
        actors=frozenset(
            {"user", "agent", "service", "holder", "anonymous", "attacker", "operator"}
        ),
        play=_play,
        review=_review,
        answers=False,
    )
]
