"""Drives an agent with made-up answers, and keeps what it did."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from harness import scopes
from harness.seer.agent.actions import (
    Action,
    Answer,
    Ask,
    Execute,
    Found,
    Mint,
    Operation,
    Reply,
    Say,
    Search,
)

A = TypeVar("A")

YES = Answer(approved=True)
NO = Answer(approved=False)
#: Of every token here.
EXPIRES = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
FOUND = Found((Operation("PUT", "/api/0/organizations/{organization}/", ("org:write",)),))
UNAUTHORIZED = Reply(401, {"www-authenticate": 'xBasic realm="api"'}, {"detail": "Invalid"})
PLAIN = Reply(403, {}, {"detail": "You do not have permission to perform this action."})


def ok(body: Any = None, status: int = 200) -> Reply:
    return Reply(status, {}, {} if body is None else body)


def challenged(scope: str) -> Reply:
    """The denial of a token with too little in it."""
    header = f'Bearer error="insufficient_scope", scope="{scope}"'
    return Reply(403, {"www-authenticate": header}, PLAIN.body)


def minted(token: str, *more: str, expires: datetime | None = EXPIRES) -> Reply:
    """A token that carries the six read scopes and `more`."""
    body = {
        "token": token,
        "scopes": sorted(scopes.READ_ONLY | set(more)),
        "expiresAt": expires.isoformat() if expires else None,
    }
    return Reply(200, {}, body)


@dataclass
class Played:
    """What an agent did. `result` is what it returned; None too if it was stopped."""

    actions: list[Action]
    result: Any
    stopped: bool

    def of(self, kind: type[A]) -> list[A]:
        return [action for action in self.actions if isinstance(action, kind)]

    @property
    def tokens(self) -> list[str | None]:
        """The token of each call."""
        return [action.token for action in self.of(Execute)]

    @property
    def calls(self) -> list[str]:
        return [str(action.request) for action in self.of(Execute)]

    @property
    def said(self) -> list[str]:
        return [action.text for action in self.of(Say)]

    @property
    def asked(self) -> list[tuple[str, ...]]:
        return [action.scopes for action in self.of(Ask)]

    @property
    def kinds(self) -> str:
        """The actions in their order, as a word each."""
        return " ".join(type(action).__name__ for action in self.actions)


def drive(
    agent: Generator[Action, Any, Any],
    *,
    replies: Iterable[Reply] = (),
    mints: Iterable[Reply] | None = None,
    answers: Iterable[Answer] = (),
    most: int = 60,
) -> Played:
    """Answers each action with the next of its kind; the last of each goes on for ever.

    Tokens are t1, t2, …, with no more than the read scopes, unless `mints` says other.
    After `most` actions the agent is closed.
    """
    tokens = (minted(f"t{number}") for number in count(1)) if mints is None else mints
    sources: dict[type[Any], Iterator[Any]] = {
        Execute: _lasting(replies),
        Mint: _lasting(tokens),
        Ask: _lasting(answers),
    }
    actions: list[Action] = []
    answer: Any = None
    while True:
        try:
            action = agent.send(answer)
        except StopIteration as end:
            return Played(actions, end.value, stopped=False)
        actions.append(action)
        if len(actions) >= most:
            agent.close()
            return Played(actions, None, stopped=True)
        match action:
            case Say():
                answer = None
            case Search():
                answer = FOUND
            case _:
                answer = next(sources[type(action)])


def _lasting(values: Iterable[A]) -> Iterator[A]:
    """The values, and then the last for ever."""
    last: A | None = None
    for last in values:
        yield last
    while True:
        assert last is not None, "nothing was prepared for this action"
        yield last


def at(minutes: float) -> datetime:
    """A time after the tests' noon."""
    return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=minutes)
