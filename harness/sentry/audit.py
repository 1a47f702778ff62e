"""The audit log: one decision record for each answer of the API.

A record has ids and names of rules and scopes. It never holds a secret, or a
part of one, or text that a caller chose, except the agent's session id.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.numbered import Numbered

_log = logging.getLogger("harness.sentry.audit")


@dataclass(slots=True)
class Decision:
    """What was decided about a call, filled in as it is decided.

    `wanted`: the scopes of which any one suffices; `held`: the caller's, as far
    as they count here; `missing`: those wanted of which the caller holds none
    (empty when one of them is held).
    """

    time: datetime
    method: str
    route: str
    credential: str = "none"
    user_id: int | None = None
    agent_session: str | None = None
    organization_id: int | None = None
    rule: str = ""
    allowed: bool = False
    status: int = 0
    wanted: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    #: Why, where the caller is told less: a fixed word.
    reason: str | None = None

    def as_json(self, number: int) -> dict[str, Any]:
        """The record in the control API's form; ids are strings."""
        satisfied = bool(self.wanted & self.held)
        return {
            "id": number,
            "time": self.time.isoformat(),
            "credential": self.credential,
            "user": _text(self.user_id),
            "agent": None if self.agent_session is None else {"session": self.agent_session},
            "organization": _text(self.organization_id),
            "method": self.method,
            "route": self.route,
            "decision": "allow" if self.allowed else "deny",
            "rule": self.rule,
            "reason": self.reason,
            "wanted": sorted(self.wanted),
            "held": sorted(self.held),
            "missing": [] if satisfied else sorted(self.wanted),
            "status": self.status,
        }


class AuditLog:
    """The decisions of one application, numbered from 1; the oldest give way."""

    def __init__(self, size: int) -> None:
        self._records: Numbered[Decision] = Numbered(size)

    def add(self, decision: Decision) -> None:
        """Keeps `decision`; it must not change afterwards."""
        number = self._records.add(decision)
        if _log.isEnabledFor(logging.INFO):
            _log.info("decision %s", _Written(number, decision))

    def since(self, number: int) -> list[dict[str, Any]]:
        """The records after `number`, in order."""
        return [decision.as_json(at) for at, decision in self._records.since(number)]

    def clear(self) -> None:
        """Forgets every record and counts from 1 again."""
        self._records.clear()


@dataclass(frozen=True, slots=True)
class _Written:
    """A decision as a line of the log, made only when somebody reads it."""

    number: int
    decision: Decision

    def __str__(self) -> str:
        return json.dumps(self.decision.as_json(self.number))


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
