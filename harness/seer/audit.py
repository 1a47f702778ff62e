"""The audit log of Seer: who called it, and what its agents did and were kept from.

An entry has ids, names of rules, and paths; never a credential.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done or refused.

    `kind`: `call` (Sentry calls Seer), `tool`, `ask` or `mint` (an agent acts), `run`.
    `rule`: what decided, empty where nothing stood in the way.
    """

    time: datetime
    kind: str
    name: str
    allowed: bool
    rule: str = ""
    run_id: int | None = None
    organization_id: int | None = None
    user_id: int | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self, number: int) -> dict[str, Any]:
        """The entry as plain data; ids are texts."""
        return {
            "id": number,
            "time": self.time.isoformat(),
            "kind": self.kind,
            "name": self.name,
            "decision": "allow" if self.allowed else "deny",
            "rule": self.rule,
            "run": _text(self.run_id),
            "organization": _text(self.organization_id),
            "user": _text(self.user_id),
            **self.details,
        }


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
