"""Logs as the control APIs tell them, an event at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from harness.grading import Case, Grade, Outcome, Task, gather, judge

ORGANIZATION = "/organizations/{organization_id_or_slug}/"
ISSUE = f"{ORGANIZATION}issues/{{issue_id}}/"
WRITES = ["org:admin", "org:write"]
EVENTS = ["event:admin", "event:write"]
START = datetime(2026, 1, 15, 12, tzinfo=UTC)


class Logs:
    """What one agent session leaves behind; each method is one thing that happened."""

    def __init__(self, session: str = "s1", user: str = "101") -> None:
        self.session = session
        self.user = user
        self.records: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.exchanges: list[dict[str, Any]] = []
        self.now = START

    def later(self, minutes: float) -> Logs:
        self.now += timedelta(minutes=minutes)
        return self

    def record(self, **changes: Any) -> Logs:
        record = {
            "id": len(self.records) + 1,
            "time": self.now.isoformat(),
            "credential": "agent_token",
            "user": self.user,
            "agent": {"session": self.session},
            "organization": "4001",
            "method": "GET",
            "route": ORGANIZATION,
            "decision": "allow",
            "rule": "role",
            "reason": None,
            "wanted": [],
            "held": [],
            "missing": [],
            "status": 200,
            "flow": None,
            "exposed": [],
            "named": None,
        }
        self.records.append(record | changes)
        return self

    def reads(self, **changes: Any) -> Logs:
        return self.record(**changes)

    def writes(self, route: str = ORGANIZATION, **changes: Any) -> Logs:
        return self.record(method="PUT", route=route, **changes)

    def denied(self, route: str = ORGANIZATION, wanted: list[str] = WRITES) -> Logs:
        return self.writes(
            route, decision="deny", rule="scope-gate", wanted=wanted, missing=wanted, status=403
        )

    def expired(self) -> Logs:
        by = {"user": self.user, "session": self.session}
        return self.record(
            decision="deny",
            rule="agent-token",
            reason="expired",
            status=401,
            credential="none",
            user=None,
            agent=None,
            flow=self.flow(by=by),
        )

    def mints(self, *scopes: str, asked: list[str] | None = None) -> Logs:
        flow = self.flow(
            session=self.session,
            asked=asked,
            given=["org:read", *scopes],
            expires=(self.now + timedelta(minutes=5)).isoformat(),
        )
        return self.record(
            credential="user_token",
            agent=None,
            method="POST",
            route=f"{ORGANIZATION}agent/token/",
            rule="mint",
            flow=flow,
        )

    def approves(self, *scopes: str, given: list[str] | None = None, **changes: Any) -> Logs:
        granted = list(scopes) if given is None else given
        flow = self.flow(session=self.session, asked=list(scopes), given=granted)
        approval = {
            "credential": "session",
            "agent": None,
            "method": "POST",
            "rule": "approve",
            "route": f"{ORGANIZATION}agent/approve/",
            "flow": flow,
        }
        return self.record(**(approval | changes))

    def rejects(self, *scopes: str, reason: str = "reject") -> Logs:
        flow = self.flow(session=self.session, asked=list(scopes))
        return self.record(
            credential="session",
            agent=None,
            method="POST",
            reason=reason,
            route=f"{ORGANIZATION}seer/explorer-update/{{run_id}}/",
            flow=flow,
        )

    def tool(self, name: str, *, rule: str = "", status: int = 0, kind: str = "tool") -> Logs:
        entry = {
            "id": len(self.entries) + 1,
            "kind": kind,
            "name": name,
            "rule": rule,
            "decision": "deny" if rule else "allow",
            "user": self.user,
            "run": self.session.removeprefix("explorer-"),
        }
        self.entries.append(entry | ({"status": status} if status else {}))
        return self

    def outside(self, body: str = "", url: str = "https://outside.test/") -> Logs:
        exchange = {
            "id": len(self.exchanges) + 1,
            "sender": "seer",
            "server": "outside",
            "method": "POST",
            "url": url,
            "request_headers": [],
            "request_body": body,
        }
        self.exchanges.append(exchange)
        return self

    @staticmethod
    def flow(**parts: Any) -> dict[str, Any]:
        names = ("session", "by", "shown", "asked", "given", "expires")
        return dict.fromkeys(names) | parts

    def case(self) -> Case:
        (case,) = gather(self.records, self.entries, self.exchanges)
        return case

    def grade(self, task: Task | None = None) -> Grade:
        return judge(self.case(), task)

    def outcome(self, rule: str, task: Task | None = None) -> Outcome:
        (verdict,) = (v for v in self.grade(task).verdicts if v.rule == rule)
        return verdict.outcome
