"""`approves`: consents that an agent session may write."""

from __future__ import annotations

import json

from pydantic import Field

from harness.scenario.answer import Answer, Request
from harness.scenario.book import Book
from harness.scenario.hands import approve_path
from harness.scenario.names import Actor
from harness.scenario.registry import Verb
from harness.scenario.stage import Stage
from harness.scenario.verbs.sending import Sending, credential_headers, review_credentials, whom


class Approve(Sending):
    """Scopes for one agent session. A user does it in person, with a session."""

    in_: str | None = Field(
        None, alias="in", description="The organization; that of an earlier step if left out."
    )
    session: str = Field(description="The name of the agent session.", min_length=1)
    scopes: list[str]


def play(stage: Stage, actor: Actor, approve: Approve) -> Answer:
    """By the user's own hands where nothing else is asked for; else one request."""
    organization = approve.in_ or stage.session_organizations[approve.session]
    slug = stage.organization(organization).slug
    session = stage.session(approve.session)
    if actor.kind == "user" and _is_plain(approve):
        return stage.signed_in(actor.name).approve(slug, session, approve.scopes)
    headers = (
        ("Accept", "application/json"),
        *credential_headers(stage, actor, approve, _default(actor), "POST"),
        ("Content-Type", "application/json"),
    )
    body = json.dumps({"sessionId": session, "scopes": approve.scopes}).encode()
    answer = stage.wire.send(actor.name, Request("POST", approve_path(slug), headers, body))
    stage.take_cookies(actor, approve.credentials(_default(actor)), answer)
    return answer


def _is_plain(approve: Approve) -> bool:
    return approve.model_fields_set <= {"in_", "session", "scopes"}


def _default(actor: Actor) -> str:
    return {"user": "session", "holder": actor.name}.get(actor.kind, "none")


def _review(book: Book, actor: Actor, approve: Approve) -> None:
    if actor.kind in ("agent", "service") and approve.with_ is None and approve.using is None:
        book.mistake((), f"say what the {actor} shows: 'with: <token>' or 'using: none'")
    if approve.in_ is not None:
        book.organization(("in",), approve.in_)
    book.session((), approve.session, approve.in_)
    review_credentials(book, actor, approve, _default(actor))


VERBS = [
    Verb(
        name="approves",
        arguments=Approve,
        actors=frozenset({"user", "agent", "service", "holder", "anonymous", "attacker"}),
        play=play,
        review=_review,
        acts_for=lambda book, actor, approve: whom(book, actor, approve, _default(actor)),
    )
]
