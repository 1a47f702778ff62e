"""What Seer answers instead of what was asked for."""

from __future__ import annotations

#: What callers are told who are not Sentry, whatever was wrong.
UNAUTHORIZED = "Unauthorized"


class Refused(Exception):
    """A call that is not carried out: its status, the rule for the audit log, and the detail."""

    def __init__(self, status: int, rule: str, detail: str = "") -> None:
        super().__init__(rule)
        self.status = status
        self.rule = rule
        self.detail = detail or {401: UNAUTHORIZED, 404: "Not found"}.get(status, "Refused")
