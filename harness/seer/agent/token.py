"""The agent token that a run holds, and what minting it answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from harness.clock import Clock
from harness.seer.agent.actions import Reply

_REASONS = {
    401: "Sentry does not know the user for whom it is",
    403: "Sentry gives this run none",
    404: "there is no such organization, or agent tokens are switched off in it",
    503: "Sentry has no secret to sign it with",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A token that was minted. `expires_at`: aware; None if Sentry did not say it readably."""

    token: str = field(repr=False)
    scopes: frozenset[str]
    expires_at: datetime | None

    def is_over(self, clock: Clock) -> bool:
        """Whether it is at or past its end: at `expiresAt` it is no longer good."""
        return self.expires_at is not None and clock.now() >= self.expires_at


def read_minted(reply: Reply) -> Held | None:
    """The token in an answer of `agent/token/`; None if there is none."""
    body = reply.body
    if not reply.ok or not isinstance(body, dict):
        return None
    token, scopes = body.get("token"), body.get("scopes")
    if not isinstance(token, str) or not token or not isinstance(scopes, list):
        return None
    words = frozenset(scope for scope in scopes if isinstance(scope, str))
    return Held(token, words, _read_time(body.get("expiresAt")))


def refuse_unminted(reply: Reply) -> Reply:
    """The answer that brought no token, with a refusal that says why."""
    if reply.refusal:
        return reply
    why = _REASONS.get(reply.status)
    if why is None:
        why = "the answer holds none" if reply.ok else f"Sentry answered {reply.status}"
    return replace(reply, refusal=f"There is no agent token to work with: {why}.")


def _read_time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time if time.tzinfo else None
