"""`signs in` and `signs out`."""

from __future__ import annotations

from pydantic import Field

from harness.scenario.answer import Answer
from harness.scenario.book import Book
from harness.scenario.hands import SESSION_COOKIE, Way
from harness.scenario.names import Actor
from harness.scenario.registry import Arguments, Verb
from harness.scenario.stage import Stage


class SignIn(Arguments):
    """A fresh session for the user."""

    by: Way = Field("form", description="The login form, or Basic credentials to the API.")
    password: str | None = Field(None, description="Another password than the right one.")
    to: str = Field("", description="Where the page is asked to lead afterwards.")


class SignOut(Arguments):
    """The end of the session."""


def _sign_in(stage: Stage, actor: Actor, sign_in: SignIn) -> Answer:
    user = stage.user(actor.name)
    password = user.password if sign_in.password is None else sign_in.password
    return stage.hands(actor.name).sign_in(user.email, password or "", by=sign_in.by, to=sign_in.to)


def _sign_out(stage: Stage, actor: Actor, _: SignOut) -> Answer:
    return stage.hands(actor.name).sign_out()


def _needs_password(book: Book, actor: Actor, _: Arguments) -> None:
    book.passwords.add(actor.name)


def _gave_session(answer: Answer) -> bool:
    return any(
        value.startswith(f"{SESSION_COOKIE}=") and not value.startswith(f"{SESSION_COOKIE}=;")
        for value in answer.header_values("set-cookie")
    )


def _is_done(answer: Answer) -> bool:
    return answer.status is not None and 200 <= answer.status < 400


VERBS = [
    Verb(
        name="signs in",
        arguments=SignIn,
        actors=frozenset({"user"}),
        play=_sign_in,
        review=_needs_password,
        acts_for=lambda _book, actor, _: actor.name,
        succeeded=_gave_session,
        success="a session cookie",
    ),
    Verb(
        name="signs out",
        arguments=SignOut,
        actors=frozenset({"user"}),
        play=_sign_out,
        review=_needs_password,
        acts_for=lambda _book, actor, _: actor.name,
        succeeded=_is_done,
        success="200 to 399",
    ),
]
