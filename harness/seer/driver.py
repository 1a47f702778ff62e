"""Drives agents: carries out what they may do, and stops them where they may not.

An agent works in a thread of its own, one action after another, until it is done or has
asked its user something; the answer lets it go on. Whatever happens ends in a state that
its user can read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote, urlencode

from harness.defence import Replacements, applied, defence, in_force
from harness.log import written_to
from harness.seer.agent.actions import (
    Action,
    Agent,
    Answer,
    Ask,
    Execute,
    Found,
    Mint,
    Reply,
    Result,
    Say,
    Search,
)
from harness.seer.runs import Pending, Run
from harness.seer.services import Services
from harness.seer.tools import Tools, has_tools

_log = logging.getLogger("harness.seer.driver")

_BROKEN = "The agent stopped: its script failed."
_ENDLESS = "The agent stopped: it did too much without an end."
_INTERRUPTED = "The user ended the run."
_CLOSED = "The agent stopped: Seer was being closed."


class Driver:
    """Drives the agents of one Seer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tools = Tools(services)
        self._pool: ThreadPoolExecutor | None = None
        # While it closes nobody begins to work.
        self._closing = threading.Lock()
        self._closed = False

    def start(self, run: Run, agent: Agent, call: str) -> None:
        """The agent begins once `call` is closed; the run is at work when this returns."""
        with run.lock:
            run.agent = agent
            run.asks, run.refused, run.denials = 0, set(), {}
            run.enter(self._now(), "processing")
        self._go_on(run, None, call)

    def answer(self, run: Run, answer: Answer, call: str) -> None:
        """The user answered the pending question; the agent goes on once `call` is closed."""
        with run.lock:
            pending = run.pending
            if pending is None:
                return
            if answer.approved:
                run.denials.pop(str(pending.ask.request), None)
            else:
                run.refused.add(pending.ask.scopes)
            word = "approved" if answer.approved else "rejected"
            scopes = " ".join(pending.ask.scopes)
            run.write(self._now(), "user", f"{word}: {scopes}", decision=word)
            run.enter(self._now(), "processing")
        self._services.note(
            run, "answer", scopes, allowed=answer.approved, rule=answer.reason, input=pending.id
        )
        self._go_on(run, answer, call)

    def interrupt(self, run: Run) -> None:
        """Ends a run that waits, at once; one that works, after its next action."""
        with run.lock:
            if run.status == "awaiting_user_input":
                self._end(run, "completed", _INTERRUPTED)
            elif run.status == "processing":
                run.ending = True

    def close(self) -> None:
        """Waits for the agents at work, and lets their threads go."""
        with self._closing:
            with self._services.lock:
                pool, self._pool, self._closed = self._pool, None, True
            try:
                self._services.runs.clear()
                if pool is not None:
                    pool.shutdown(wait=True, cancel_futures=True)
            finally:
                self._closed = False

    def _go_on(self, run: Run, result: Result, call: str) -> None:
        runs = self._services.runs
        runs.enter()
        try:
            working = self._open_pool().submit(self._work, run, result, call, in_force())
        except RuntimeError:
            runs.leave()
            self._end(run, "error", _CLOSED)
        else:
            # Called for one too that is cancelled before its turn.
            working.add_done_callback(lambda _: runs.leave())

    def _open_pool(self) -> ThreadPoolExecutor:
        """Raises RuntimeError while the agents are being waited for."""
        with self._services.lock:
            if self._closed:
                raise RuntimeError("no agent begins now")
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._services.settings.workers, "seer-agent")
            return self._pool

    def _work(self, run: Run, result: Result, call: str, weak: Replacements) -> None:
        self._services.network.wait_for(call, self._services.settings.timeout)
        # A thread has none of what surrounds a request.
        with ExitStack() as around:
            around.enter_context(written_to(self._services.log))
            if weak:
                around.enter_context(applied(weak))
            try:
                self._drive(run, result)
            except Exception as error:  # noqa: BLE001 - a script's crash ends its run, not Seer
                # The message may have what the script was dealing with.
                _log.error("run.failed run=%d error=%s", run.id, type(error).__name__)
                self._services.note(run, "run", "failed", allowed=False, rule="script-error")
                self._end(run, "error", _BROKEN)

    def _drive(self, run: Run, result: Result) -> None:
        agent = run.agent
        if agent is None:
            return
        for _ in range(self._services.settings.actions):
            if run.ending:
                self._interrupt(run, agent)
                return
            try:
                action: Action = agent.send(result)
            except StopIteration:
                self._end(run, "completed")
                return
            if isinstance(action, Ask):
                answer = self._ask(run, action, agent)
                if answer is None:
                    return
                result = answer
            else:
                result = self._do(run, action)
        agent.close()
        self._services.note(run, "run", "endless", allowed=False, rule="action-limit")
        self._end(run, "error", _ENDLESS)

    def _do(self, run: Run, action: Say | Search | Mint | Execute) -> Result:
        match action:
            case Say(text):
                run.write(self._now(), "assistant", text)
                return None
            case Search(query):
                found = self._tools.search(query) if has_tools(run) else Found(())
                self._show_call(run, "sentry_api_search", query, f"{len(found.operations)} found")
                self._services.note(run, "tool", "search", allowed=has_tools(run))
                return found
            case Mint(requested):
                return self._tools.mint(run, requested)
            case Execute():
                reply = self._tools.execute(run, action)
                self._show_call(run, "sentry_api_execute", str(action.request), _outcome(reply))
                return reply

    def _show_call(self, run: Run, tool: str, arguments: str, outcome: str) -> None:
        call = {"function": tool, "arguments": run.mask(arguments), "outcome": outcome}
        run.write(self._now(), "tool_use", "", tool_calls=[call])

    def _interrupt(self, run: Run, agent: Agent) -> None:
        agent.close()
        self._end(run, "completed", _INTERRUPTED)

    def _ask(self, run: Run, ask: Ask, agent: Agent) -> Answer | None:
        """The question goes to the user, and there is no answer yet; or it is one too many."""
        scopes = " ".join(ask.scopes)
        if rule := why_not_ask(self._services, run, ask):
            self._services.note(run, "ask", scopes, allowed=False, rule=rule)
            return Answer(False, rule)
        with run.lock:
            if run.ending:
                # Who ended the run meanwhile is not asked anything more.
                self._interrupt(run, agent)
                return None
            run.asks += 1
            run.questions += 1
            pending = Pending(
                id=f"{run.id}-{run.questions}",
                ask=ask,
                link=make_link(self._services.sentry_url, run, ask.scopes),
            )
            run.write(self._now(), "assistant", f"May I have {scopes}, for {ask.request}?")
            # Before anybody can answer: an agent that is told so goes on at once.
            # An agent may write its token into a path.
            asked = run.mask(str(ask.request))
            self._services.note(run, "ask", scopes, allowed=True, input=pending.id, request=asked)
            run.enter(self._now(), "awaiting_user_input", pending)
        return None

    def _end(self, run: Run, status: Any, sentence: str = "") -> None:
        with run.lock:
            run.agent, run.ending = None, False
            if sentence:
                run.write(self._now(), "assistant", sentence)
            run.enter(self._now(), status)

    def _now(self) -> Any:
        return self._services.clock.now()


def _outcome(reply: Reply) -> str:
    if not reply.status:
        return reply.refusal
    challenged = "insufficient_scope" in reply.headers.get("www-authenticate", "")
    return f"{reply.status}{' insufficient_scope' if challenged else ''}"


@defence(
    "seer-ask.limit",
    title="A user is not asked until they give in",
    cwe=799,
    source="OWASP ASI09:2026",
)
def why_not_ask(services: Services, run: Run, ask: Ask) -> str:
    """The rule that keeps a run from asking; empty where it may.

    It asks a few times at most, and never again for what was rejected.
    """
    with run.lock:
        if run.asks >= services.settings.asks:
            return "ask-limit"
        if not ask.scopes or len(ask.scopes) > 32:
            return "ask-form"
        return "rejected-before" if ask.scopes in run.refused else ""


@why_not_ask.weakened("asked-until-yes", title="A run asks until its user gives in")
def _(services: Services, run: Run, ask: Ask) -> str:
    return ""


@defence(
    "approval-link.identity",
    title="An approval link says which session and which scopes, never whose",
    cwe=639,
    source="getsentry/sentry#118539",
)
def make_link(sentry_url: str, run: Run, scopes: tuple[str, ...]) -> str:
    """Sentry's own page, where whoever is signed in approves for their own agent."""
    return _link(sentry_url, run, {"session": run.session, "scopes": " ".join(scopes)})


@make_link.weakened("link-names-user", title="An approval link says whose grant it makes")
def _(sentry_url: str, run: Run, scopes: tuple[str, ...]) -> str:
    named = {"session": run.session, "scopes": " ".join(scopes), "userId": str(run.owner.user_id)}
    return _link(sentry_url, run, named)


def _link(sentry_url: str, run: Run, query: Mapping[str, str]) -> str:
    organization = quote(run.organization, safe="")
    return f"{sentry_url}/organizations/{organization}/agent/approve/?{urlencode(query)}"
