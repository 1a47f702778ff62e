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
class Flow:
    """What a call had to do with an agent's session, other than as its token's.

    `session`: the one that a mint, an approval or an answer in Explorer is about. `by`: user
    and session of an agent token that is good in itself, where the call was refused before
    anybody was named. `shown`: the kind of credential beside a refused approval. `asked`: the
    scopes that were asked for, of those that there are; `given`: what a new token carries, or
    what of the request was approved; `expires`: the end of the new token.
    """

    session: str | None = None
    by: tuple[int, str] | None = None
    shown: str | None = None
    asked: frozenset[str] | None = None
    given: frozenset[str] | None = None
    expires: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The part of a record; ids are strings."""
        by = self.by and {"user": str(self.by[0]), "session": self.by[1]}
        return {
            "session": self.session,
            "by": by,
            "shown": self.shown,
            "asked": None if self.asked is None else sorted(self.asked),
            "given": None if self.given is None else sorted(self.given),
            "expires": self.expires and self.expires.isoformat(),
        }


@dataclass(slots=True)
class Decision:
    """What was decided about a call, filled in as it is decided.

    `wanted`: the scopes of which any one suffices; `held`: the caller's, as far
    as they count here; `missing`: those wanted of which the caller holds none
    (empty when one of them is held). `exposed`: where else than in the Authorization
    header a token stood: `query`, `path`, `body`. `named`: the organization that an agent's
    request named if it is another than the token's, by its id; `unknown` for none that
    there is. `home`, the token's own, is no part of the record.
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
    flow: Flow | None = None
    exposed: tuple[str, ...] = ()
    named: str | None = None
    home: int | None = None

    def touch_flow(self) -> Flow:
        """The flow of this record, which has one from now on."""
        if self.flow is None:
            self.flow = Flow()
        return self.flow

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
            "flow": self.flow and self.flow.as_json(),
            "exposed": list(self.exposed),
            "named": self.named,
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
