"""`mints`: asks for an agent token."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from harness.scenario.answer import Answer, Request
from harness.scenario.book import Book
from harness.scenario.hands import PREFIX, mint_path
from harness.scenario.names import Actor
from harness.scenario.registry import Verb
from harness.scenario.stage import Stage
from harness.scenario.verbs.sending import Sending, credential_headers, review_credentials, whom


class Mint(Sending):
    """A token for a user, in an organization, for one agent session.

    The agent shows the user's own token unless `using` says otherwise, the service a
    viewer context, anybody else what is theirs.
    """

    for_: str | None = Field(None, alias="for", description="The user; for a user that is itself.")
    in_: str | None = Field(
        None, alias="in", description="The organization; that of an earlier step if left out."
    )
    session: str = Field(description="A name for the agent session.", min_length=1)
    requested_scopes: list[str] | None = Field(None, alias="requested scopes")
    as_: str | None = Field(None, alias="as", description="A name for the token.", min_length=1)


def play(stage: Stage, actor: Actor, mint: Mint) -> Answer:
    """Posts to the mint endpoint; a token that comes back gets its name."""
    organization = mint.in_ or stage.session_organizations[mint.session]
    body: dict[str, Any] = {"sessionId": stage.session(mint.session)}
    if mint.requested_scopes is not None:
        body["requestedScopes"] = mint.requested_scopes
    headers = (
        ("Accept", "application/json"),
        *credential_headers(stage, actor, mint, _default(actor, mint.for_, organization), "POST"),
        ("Content-Type", "application/json"),
    )
    path = mint_path(stage.organization(organization).slug)
    answer = stage.wire.send(actor.name, Request("POST", path, headers, json.dumps(body).encode()))
    token = answer.at("/token")
    if mint.as_ is not None:
        # A name never stands for an older token when no new one came.
        stage.tokens.pop(mint.as_, None)
        if answer.planned:
            stage.tokens[mint.as_] = f"{PREFIX}planned-{mint.as_}"
        elif answer.status == 200 and isinstance(token, str):
            stage.tokens[mint.as_] = token
    return answer


def _default(actor: Actor, user: str | None, organization: str | None) -> str:
    match actor.kind:
        case "user":
            return "own"
        case "agent":
            return f"own of {user}"
        case "service":
            return f"viewer context of {user} in {organization}"
        case "holder":
            return actor.name
        case _:
            return "none"


def _review(book: Book, actor: Actor, mint: Mint) -> None:
    silent = mint.with_ is None and mint.using is None
    if mint.for_ is None and silent and actor.kind in ("agent", "service"):
        book.mistake((), "missing key 'for': the user whom the token is for")
    if mint.for_ is not None:
        book.user(("for",), mint.for_)
    if mint.in_ is not None:
        book.organization(("in",), mint.in_)
    organization = book.session((), mint.session, mint.in_)
    if not silent or mint.for_ is not None or actor.kind not in ("agent", "service"):
        review_credentials(book, actor, mint, _default(actor, mint.for_, organization))
    if mint.as_ is not None:
        book.mints(("as",), mint.as_, _acts_for(book, actor, mint))


def _acts_for(book: Book, actor: Actor, mint: Mint) -> str | None:
    if mint.for_ is not None:
        return mint.for_
    return whom(book, actor, mint, _default(actor, mint.for_, mint.in_))


VERBS = [
    Verb(
        name="mints",
        arguments=Mint,
        actors=frozenset({"user", "agent", "service", "holder", "anonymous", "attacker"}),
        play=play,
        review=_review,
        acts_for=_acts_for,
    )
]
