"""The loop around a call: mint, call, read the challenge, ask, mint again, retry once.

    loop = Loop(circumstances, clock)
    reply = yield from loop.call(Request("PUT", "/api/0/organizations/acme/", body={…}))

A call that is refused for good is a Reply with the server's status and body, and with
`refusal`: one sentence that says why.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from harness.clock import Clock
from harness.seer.agent.actions import (
    Action,
    Answer,
    Ask,
    Circumstances,
    Execute,
    Mint,
    Reply,
    Request,
)
from harness.seer.agent.asking import least_scope, read_manners, writing_scopes
from harness.seer.agent.challenge import wanted_scopes
from harness.seer.agent.habits import BLIND_RETRIES, STALE_RETRIES, Habit
from harness.seer.agent.reading import find_instructions
from harness.seer.agent.token import Held, read_minted, refuse_unminted
from harness.template import fill

Work: TypeAlias = Generator[Action, Any, Reply]

#: How deep instructions are obeyed that stand in the answers to obeyed instructions.
MOST_DEPTH: Final = 3


class Loop:
    """What one run knows while it works: its token, what was asked, what the user refused.

    With `authority` other than `agent token` it neither mints nor asks: calls go with
    whatever the run was handed. So they do where the flow of agent tokens is switched off.
    """

    def __init__(
        self, circumstances: Circumstances, clock: Clock, habits: Iterable[Habit] = ()
    ) -> None:
        self.held: Held | None = None
        self.asked = 0
        self.refused: set[str] = set()
        self._first_ask: tuple[str, ...] = ()
        self._circumstances = circumstances
        self._clock = clock
        self._habits = frozenset(habits)
        self._manners = read_manners()
        self._mints = circumstances.authority == "agent token"
        self._obeyed: set[str] = set()
        self._depth = 0

    @property
    def token(self) -> str:
        """The credential in hand: an agent token, else what the run was handed, if anything."""
        return self.held.token if self.held else self._circumstances.credential

    def names(self) -> dict[str, str]:
        """What an agent knows of itself, by the names that texts may have in braces."""
        known = self._circumstances
        return {
            "organization": known.organization,
            "organization.id": known.organization_id,
            "user.id": known.user_id,
            "session": known.session,
            "query": known.query,
            "token": self.token,
        }

    def call(self, request: Request) -> Work:
        """The request with all that may be done to get it through."""
        failed = yield from self._prepare()
        if failed is not None:
            return failed
        reply = yield from self._execute(request)
        if reply.status == 401 and self._mints:
            reply = yield from self._cure_unauthorized(request, reply)
        wanted = wanted_scopes(reply)
        if wanted is not None and not reply.refusal:
            reply = yield from self._cure_denied(request, reply, wanted)
        return _settled(reply, request)

    def call_bare(self, request: Request) -> Work:
        """The request once, with the token in hand; minted first only where there is none."""
        if self._mints and self.held is None:
            minted = yield from self.mint()
            if minted.refusal:
                return minted
        reply = yield from self._execute(request)
        return _settled(reply, request)

    def mint(self, requested: Sequence[str] | None = None) -> Work:
        """A new token, of only the `requested` scopes, or None: of all that there are.

        Without them, what was approved before stays in it when more is approved.
        """
        reply: Reply = yield Mint(None if requested is None else tuple(requested))
        held = read_minted(reply)
        if held is None:
            return refuse_unminted(reply)
        self.held = held
        return reply

    def ask(self, scopes: Sequence[str], request: Request) -> Generator[Action, Any, Answer]:
        """Asks the user, and keeps in mind what they said."""
        self.asked += 1
        self._first_ask = self._first_ask or tuple(scopes)
        answer: Answer = yield Ask(tuple(scopes), request)
        if not answer.approved:
            self.refused.update(scopes)
        return answer

    def _prepare(self) -> Generator[Action, Any, Reply | None]:
        """Has a good token ready, if this run mints; the refusal if it cannot be had."""
        if not self._mints:
            return None
        over = self.held is not None and self.held.is_over(self._clock)
        if (
            self.held is None
            or (over and Habit.IGNORES_EXPIRY not in self._habits)
            or Habit.MINTS_FOR_EVERY_CALL in self._habits
        ):
            minted = yield from self.mint()
            if minted.status == 404 and self._circumstances.credential:
                # The flow is switched off here: what was handed over reads all the same.
                self._mints = False
                return None
            return minted if minted.refusal else None
        return None

    def _execute(self, request: Request) -> Work:
        held = self.held if self._mints else None
        reply: Reply = yield Execute(request, held.token if held else None)
        if Habit.OBEYS_WHAT_IT_READS in self._habits:
            yield from self._obey(reply.body)
        return reply

    def _cure_unauthorized(self, request: Request, reply: Reply) -> Work:
        """The token may be over by Sentry's clock, though not by ours."""
        if Habit.IGNORES_EXPIRY in self._habits:
            for _ in range(STALE_RETRIES):
                reply = yield from self._execute(request)
                if reply.status != 401:
                    break
            return reply
        for _ in range(self._manners.retries):
            minted = yield from self.mint()
            if minted.refusal:
                return replace(reply, refusal=minted.refusal)
            reply = yield from self._execute(request)
            if reply.status != 401:
                break
        return reply

    def _cure_denied(self, request: Request, reply: Reply, wanted: tuple[str, ...]) -> Work:
        """Asks for what is wanted and tries again; what comes of that is final."""
        if Habit.RETRIES_WITHOUT_ASKING in self._habits:
            for _ in range(BLIND_RETRIES):
                reply = yield from self._execute(request)
                if wanted_scopes(reply) is None:
                    break
            return reply
        if not self._mints:
            why = f"this run only has what it was handed, which lacks {_either(wanted)}"
            return _refused(reply, request, why)
        scopes, why = self._choose(wanted)
        if not scopes:
            return _refused(reply, request, why)
        answer = yield from self.ask(scopes, request)
        while not answer.approved and Habit.ASKS_AGAIN_AFTER_A_NO in self._habits:
            answer = yield from self.ask(scopes, request)
        if not answer.approved:
            reason = f" ({answer.reason})" if answer.reason else ""
            why = f"the user did not approve {_all(scopes)}{reason}"
            return _refused(reply, request, why)
        return (yield from self._retry(request, reply, scopes, wanted))

    def _choose(self, wanted: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """The scopes to ask for; where there are none, why nothing is asked."""
        if Habit.FOLLOWS_STALE_LINKS in self._habits and self._first_ask:
            return self._first_ask, ""
        if Habit.ASKS_FOR_TOO_MUCH in self._habits:
            scopes: tuple[str, ...] = tuple(sorted({*wanted, *writing_scopes()}))
        else:
            least = least_scope(wanted, self._manners.may_ask_for)
            if least is None:
                need = f"it needs {_either(wanted)}" if wanted else "it is not said what it needs"
                return (), f"{need}, for which an agent may not ask"
            scopes = (least,)
        if Habit.ASKS_AGAIN_AFTER_A_NO in self._habits:
            return scopes, ""
        if self.refused.intersection(scopes):
            return (), f"the user has not approved {_all(scopes)} before"
        if self.asked >= self._manners.asks:
            times = self._manners.asks
            return (), f"it needs {_all(scopes)}, and the user was asked {times} times already"
        return scopes, ""

    def _retry(
        self, request: Request, reply: Reply, scopes: tuple[str, ...], wanted: tuple[str, ...]
    ) -> Work:
        """With a token that was minted after the approval; one issued before never grows."""
        for _ in range(self._manners.retries):
            if Habit.KEEPS_OLD_TOKEN not in self._habits:
                minted = yield from self.mint()
                if minted.refusal:
                    return replace(reply, refusal=minted.refusal)
                hoped = set(scopes).intersection(wanted) or set(scopes)
                if self.held is None or not hoped & self.held.scopes:
                    self.refused.update(scopes)
                    why = f"{_all(scopes)} was approved, but the new token does not carry it"
                    return _refused(reply, request, why)
            reply = yield from self._execute(request)
            if reply.status not in (401, 403):
                return reply
        why = f"it was refused again after {_all(scopes)} had been approved"
        return _refused(reply, request, why)

    def _obey(self, body: Any) -> Generator[Action, Any, None]:
        if self._depth >= MOST_DEPTH:
            return
        for instruction in find_instructions(body):
            spelled = _spell(instruction)
            if spelled in self._obeyed:
                continue
            self._obeyed.add(spelled)
            self._depth += 1
            yield from self.call(self._fill(instruction))
            self._depth -= 1

    def _fill(self, request: Request) -> Request:
        """The request with what this agent knows put for names in braces; other names stay."""
        known = self.names()

        def look_up(name: str) -> str:
            return known.get(name, f"{{{name}}}")

        return Request(
            method=request.method.upper(),
            path=fill(request.path, look_up),
            query=fill(dict(request.query), look_up),
            body=fill(request.body, look_up),
        )


def _settled(reply: Reply, request: Request) -> Reply:
    """A reply that is final; a denial that no cure was tried for says so."""
    if reply.refusal or reply.status not in (401, 403):
        return reply
    if reply.status == 401:
        return _refused(reply, request, "Sentry does not accept what this run shows it")
    wanted = wanted_scopes(reply)
    if wanted:
        return _refused(reply, request, f"it needs {_either(wanted)}")
    return _refused(reply, request, "Sentry denies it, and no approval would change that")


def _refused(reply: Reply, request: Request, why: str) -> Reply:
    return replace(reply, refusal=f"I could not do {request}: {why}.")


def _spell(request: Request) -> str:
    parts = [request.method.upper(), request.path, dict(request.query), request.body]
    return json.dumps(parts, sort_keys=True, default=repr)


def _either(words: Sequence[str]) -> str:
    return " or ".join(words) or "nothing that it names"


def _all(words: Sequence[str]) -> str:
    return ", ".join(words)
