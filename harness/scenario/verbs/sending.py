"""What the verbs share that send a request with credentials."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from harness.scenario.answer import Headers
from harness.scenario.book import Book
from harness.scenario.cast import OneOrMore, listed
from harness.scenario.credentials import (
    NamedToken,
    Own,
    Session,
    UserToken,
    ViewerContext,
    parse_credential,
)
from harness.scenario.names import Actor
from harness.scenario.registry import Arguments
from harness.scenario.stage import Stage

HeaderArgument = dict[str, str] | list[dict[str, str]]


class Sending(Arguments):
    """How a request is sent."""

    with_: OneOrMore | None = Field(
        None, alias="with", description="Tokens to show, by the names they were minted as."
    )
    using: OneOrMore | None = Field(
        None,
        description="Further credentials: none, session, token, own, 'session of alice', "
        "'viewer context of alice in first', or the name of a token of the cast.",
    )
    csrf: bool | str = Field(
        True,
        description="With a session that writes: whether to send the CSRF token, or a text "
        "to send in its place.",
    )
    headers: HeaderArgument = Field(
        {}, description="Further headers; a list of mappings allows one name twice."
    )

    def credentials(self, default: str) -> list[str]:
        """What is shown, as the file names it; `default` where the file says nothing."""
        shown = [*listed(self.with_), *listed(self.using)]
        return shown or [default]

    def header_pairs(self) -> Headers:
        """The further headers, in order."""
        mappings = self.headers if isinstance(self.headers, list) else [self.headers]
        return tuple(pair for mapping in mappings for pair in mapping.items())


def review_credentials(book: Book, actor: Actor, arguments: Sending, default: str) -> None:
    """Looks up every credential that is shown."""
    places = [("with", text) for text in listed(arguments.with_)]
    places += [("using", text) for text in listed(arguments.using)]
    for key, text in places or [("using", default)]:
        book.credentials((key,), text, actor)


def whom(book: Book, actor: Actor, arguments: Sending, default: str) -> str | None:
    """The user whom the credentials stand for, if one does."""
    for text in arguments.credentials(default):
        try:
            found = parse_credential(text, actor)
        except ValueError:
            continue
        match found:
            case Session(user) | UserToken(user) | Own(user) | ViewerContext(user, _):
                return user
            case NamedToken(name):
                if user_of := book.holder_of(name):
                    return user_of
    return actor.name if actor.kind == "user" else None


def credential_headers(
    stage: Stage, actor: Actor, arguments: Sending, default: str, method: str
) -> Headers:
    """Credentials and further headers of a request, in that order."""
    shown = stage.credentials(actor, arguments.credentials(default), method, arguments.csrf)
    if isinstance(arguments.csrf, str) and not any(name == "X-CSRFToken" for name, _ in shown):
        shown = (*shown, ("X-CSRFToken", arguments.csrf))
    return (*shown, *arguments.header_pairs())


def scalar_text(value: Any) -> str:
    """A query or form value as it is sent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
