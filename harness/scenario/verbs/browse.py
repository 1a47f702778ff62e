"""`opens`, `clicks`, `presses`, `rushes`, `goes back`, `looks`: a user at a browser's window.

And `injects`, by which an attacker puts markup into the page that a user has open, to show
what a second wall is worth once the first has a hole. Users sign in by a step of their own.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar

from pydantic import Field, model_validator

from harness.document import suggest
from harness.scenario.answer import Answer
from harness.scenario.book import Book
from harness.scenario.names import Actor
from harness.scenario.registry import Arguments, Verb
from harness.scenario.stage import Stage, StepFailedError
from harness.scenario.windows import GESTURES, ORIGINS, Window

_Word = TypeVar("_Word", bound=str)

_AT: Any = Field(
    "elsewhere",
    description="Where the attacker's page is: elsewhere, on another site, or neighbour, "
    "another origin of the server's own site.",
)


class AtTab(Arguments):
    """In one tab of the window."""

    tab: str = Field(
        "",
        description="The tab's name; the first has none, one that a page opens is 'opened'.",
    )


class Open(AtTab):
    """A link that is followed, or a page that the attacker wrote."""

    link: str | None = Field(None, description="An address, or a path of the server's.")
    page: str | None = Field(None, description="The HTML of the attacker's page.")
    at: str = _AT

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.link is None) == (self.page is None):
            raise ValueError("say either 'link' or 'page'")
        return self


class Click(AtTab):
    """A button or link, once it can be clicked."""

    what: str = Field(description="Its name: what can be read on it.", min_length=1)
    twice: bool = Field(False, description="A double click.")


class Press(AtTab):
    """A key."""

    key: str = Field(description="As Playwright names it: Enter, Tab, Shift+Tab.", min_length=1)


class Rush(AtTab):
    """A gesture that begins on the attacker's page and ends on what that opened, unseen."""

    page: str = Field(description="The HTML of the attacker's page; its first button is used.")
    at: str = _AT
    by: str = Field(description=f"One of {', '.join(GESTURES)}.")
    onto: str = Field(description="The button on which the gesture ends.", min_length=1)


class Inject(AtTab):
    """Markup in a page that a user has open."""

    markup: str
    into: str = Field(description="The user whose page it is.")


def _open(window: Window, opened: Open) -> Answer:
    if opened.link is not None:
        return window.open_link(opened.link, opened.tab)
    return window.open_page(opened.page or "", _choose(opened.at, ORIGINS), opened.tab)


def _rush(window: Window, rush: Rush) -> Answer:
    gesture = _choose(rush.by, GESTURES)
    return window.rush(rush.page, _choose(rush.at, ORIGINS), gesture, rush.onto, rush.tab)


def _choose(text: str, known: tuple[_Word, ...]) -> _Word:
    """A word of a closed list, once names are filled in. Raises StepFailedError for another."""
    for word in known:
        if text == word:
            return word
    raise StepFailedError(f"unknown word {text!r}{suggest(text, known)}")


def _inject(stage: Stage, _: Actor, inject: Inject) -> Answer:
    if stage.wire.planned:
        return Answer(None)
    return stage.window(inject.into).inject(inject.markup, inject.tab)


def _review_inject(book: Book, _: Actor, inject: Inject) -> None:
    book.user(("into",), inject.into)
    book.needs_browser("'injects'")


def _is_shown(answer: Answer) -> bool:
    return answer.status is not None


def _verb(name: str, arguments: type[Arguments], act: Any) -> Verb:
    def play(stage: Stage, actor: Actor, said: Any) -> Answer:
        return Answer(None) if stage.wire.planned else act(stage.window(actor.name), said)

    def review(book: Book, _: Actor, said: Any) -> None:
        book.needs_browser(f"'{name}'")
        for key, known in (("at", ORIGINS), ("by", GESTURES)):
            text = getattr(said, key, known[0])
            if text not in known and "{" not in text:
                book.mistake((key,), f"unknown word {text!r}{suggest(text, known)}")

    return Verb(
        name=name,
        arguments=arguments,
        actors=frozenset({"user"}),
        play=play,
        review=review,
        acts_for=lambda _, actor, __: actor.name,
        succeeded=_is_shown,
        success="a page",
    )


VERBS = [
    _verb("opens", Open, _open),
    _verb("clicks", Click, lambda w, said: w.click(said.what, twice=said.twice, tab=said.tab)),
    _verb("presses", Press, lambda w, said: w.press(said.key, said.tab)),
    _verb("rushes", Rush, _rush),
    _verb("goes back", AtTab, lambda w, said: w.go_back(said.tab)),
    _verb("looks", AtTab, lambda w, said: w.look_at(said.tab)),
    Verb(
        name="injects",
        arguments=Inject,
        actors=frozenset({"attacker"}),
        play=_inject,
        review=_review_inject,
        acts_for=lambda _, __, inject: inject.into,
        succeeded=_is_shown,
        success="a page",
    ),
]
