"""Runs: a user's conversation with the agent, its state, and whose it is.

A run is changed under its lock and read as a copy, so that what is read is consistent
while the agent works.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from harness.defence import defence
from harness.seer.agent.actions import Agent, Ask

Status = Literal["processing", "awaiting_user_input", "completed", "error"]

#: Characters of a message; more is cut.
_MOST_TEXT = 20_000
_MASK = "[token]"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a run is: ids of the organization and the user."""

    organization_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class Authority:
    """With what a run acts.

    `kind` is `agent token` or `session`. `headers` show what the run was
    handed, and `text` is what an agent could read of it: a user's session is given by the
    operator alone.
    """

    kind: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that no message shows: what was handed over, and each cookie in it."""
        cookies = self.text.split("; ") if self.kind == "session" else []
        return self.text, *(cookie.partition("=")[2] for cookie in cookies)


@dataclass(slots=True)
class Pending:
    """A question to the user: scopes, for a request; the link leads to Sentry's own page."""

    id: str
    ask: Ask
    link: str

    def as_json(self, mask: Callable[[str], str]) -> dict[str, Any]:
        """The question as Explorer shows it; an agent may have put anything into it."""
        return {
            "id": self.id,
            "input_type": "agent_write_approval",
            "data": {
                "scopes": [mask(scope) for scope in self.ask.scopes],
                "operation": mask(str(self.ask.request)),
                "link": mask(self.link),
            },
        }


class Run:
    """One run.

    `tools`: whether Sentry switched the agent's tools on. `asks`, `refused` and `denials` are
    those since the last message of its user, `questions` are those of all.
    """

    def __init__(self, run_id: int, owner: Owner, organization: str) -> None:
        self.id = run_id
        self.owner = owner
        self.organization = organization
        self.lock = threading.RLock()
        self.status: Status = "completed"
        self.pending: Pending | None = None
        self.authority = Authority("agent token")
        self.agent: Agent | None = None
        self.tools = False
        self.asks = 0
        # Never begun anew, so that no answer is taken for a later question.
        self.questions = 0
        self.refused: set[tuple[str, ...]] = set()
        self.denials: dict[str, int] = {}
        self.ending = False
        self.updated_at: datetime | None = None
        self._blocks: list[dict[str, Any]] = []
        self._secrets: list[str] = []

    @property
    def works(self) -> bool:
        """Whether an agent works at it."""
        return self.status == "processing"

    @property
    def session(self) -> str:
        """The agent session: what the run's tokens and grants are bound to."""
        return f"explorer-{self.id}"

    def hide(self, secret: str) -> None:
        """`secret` stands in no message from now on."""
        with self.lock:
            if secret and secret not in self._secrets:
                self._secrets.append(secret)

    def mask(self, text: str) -> str:
        """`text` without the run's tokens, and not too long."""
        with self.lock:
            return hide_secrets(text, self._secrets)[:_MOST_TEXT]

    def write(self, now: datetime, role: str, content: str, **more: Any) -> None:
        """Adds a message; `more` stands beside its content."""
        with self.lock:
            message = {"role": role, "content": self.mask(content)} | more
            number = len(self._blocks) + 1
            self._blocks.append(
                {"id": f"{self.id}-{number}", "message": message, "timestamp": now.isoformat()}
            )
            self.updated_at = now

    def enter(self, now: datetime, status: Status, pending: Pending | None = None) -> None:
        """The run's status changes."""
        with self.lock:
            self.status, self.pending, self.updated_at = status, pending, now

    def as_json(self) -> dict[str, Any]:
        """The state as Sentry reads it, which shows its user a part; a copy."""
        with self.lock:
            return {
                "run_id": self.id,
                "status": self.status,
                "updated_at": self.updated_at and self.updated_at.isoformat(),
                "blocks": [dict(block) for block in self._blocks],
                "pending_user_input": self.pending and self.pending.as_json(self.mask),
                "organization_id": self.owner.organization_id,
                "user_id": self.owner.user_id,
                "agent_session": self.session,
                "authority": self.authority.kind,
            }


@defence(
    "seer-run.mask",
    title="What a run shows its user has none of its tokens in it",
    cwe=200,
    source="getsentry/sentry#112179",
)
def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text` with a mask in the place of each of the `secrets`."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return text


@hide_secrets.weakened("token-shown-in-chat", title="A conversation shows the agent's token")
def _(text: str, secrets: Iterable[str]) -> str:
    return text


class Runs:
    """The runs of one Seer; safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._runs: OrderedDict[int, Run] = OrderedDict()
        self._size = size
        self._working = 0
        self._changed = threading.Condition()

    def find(self, run_id: int) -> Run | None:
        """The run with this id."""
        with self._changed:
            return self._runs.get(run_id)

    def open(self, run_id: int, make: Callable[[], Run]) -> Run:
        """The run with this id; what `make` gives where there is none yet."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is None:
                self._make_room()
                run = self._runs[run_id] = make()
            return run

    def _make_room(self) -> None:
        if len(self._runs) >= self._size:
            # One that has not begun yet is not over.
            idle = [run for run in self._runs.values() if run.updated_at and not run.works]
            over = [run for run in idle if run.pending is None]
            for run in (over or idle)[:1]:
                del self._runs[run.id]

    def enter(self) -> None:
        """One more run is at work, from before its thread starts."""
        with self._changed:
            self._working += 1

    def leave(self) -> None:
        """One run has stopped working."""
        with self._changed:
            self._working -= 1
            self._changed.notify_all()

    def settle(self, timeout: float) -> bool:
        """Waits until no run is at work; False when that took more than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._working == 0, timeout)

    def clear(self) -> None:
        """Ends every run and forgets it."""
        with self._changed:
            for run in self._runs.values():
                run.ending = True
            self._runs.clear()
