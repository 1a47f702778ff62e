"""Issues with their events and comments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from harness.world.fill import MadeUp
from harness.world.model import Event, Issue
from harness.world.rows import Rows

_SUBSTATUS = {"unresolved": "ongoing", "ignored": "archived_until_escalating", "resolved": None}
_PRIORITY = {"fatal": "high", "error": "high", "warning": "medium", "info": "low", "debug": "low"}

# Recent enough for the periods that clients ask for, and apart from the projects' own dates.
_LATEST_MINUTES = (5, 9 * 24 * 60)
_OLDER_MINUTES = 20 * 24 * 60
_EVENT_GAP_MINUTES = (1, 90)


def add_issue(
    rows: Rows, organization: str, project: str, short_id: int, platform: str, issue: Issue
) -> int:
    """The rows of an issue; returns its id."""
    return _AddingIssue(rows, organization, project, short_id, platform, issue).add()


class _AddingIssue:
    def __init__(
        self,
        rows: Rows,
        organization: str,
        project: str,
        short_id: int,
        platform: str,
        issue: Issue,
    ) -> None:
        self.rows = rows
        self.organization = organization
        self.project = project
        self.short_id = short_id
        self.platform = platform
        self.issue = issue
        self.made_up: MadeUp = rows.fill.error(self._seed("error"), platform, issue.culprit)
        self.error_type, self.error_value = self._error()
        self.title = issue.title or f"{self.made_up.type}: {self.made_up.value}"

    def add(self) -> int:
        issue = self.issue
        events = [Event()] * issue.events if isinstance(issue.events, int) else issue.events
        times = self._event_times(len(events))
        last_seen = times[-1] if times else self._ago("latest", *_LATEST_MINUTES)
        seen = len(events) if issue.times_seen is None else issue.times_seen
        first_seen = times[0] if times else last_seen
        if seen > max(len(events), 1):
            first_seen -= timedelta(minutes=self._number("older", 1, _OLDER_MINUTES))
        number = self.rows.add(
            "sentry_groupedmessage",
            project_id=self._project_id,
            short_id=self.short_id,
            title=self.title,
            culprit=self.made_up.culprit,
            level=issue.level,
            status=issue.status,
            substatus=issue.substatus or _SUBSTATUS[issue.status],
            priority=issue.priority or _PRIORITY[issue.level],
            times_seen=seen,
            user_count=self._users_affected(seen),
            metadata=self._metadata() if issue.metadata is None else dict(issue.metadata),
            assignee_user_id=self._assignee_user(),
            assignee_team_id=self._assignee_team(),
            first_seen=first_seen,
            last_seen=last_seen,
        )
        for position, (event, at) in enumerate(zip(events, times, strict=True)):
            self._add_event(number, position, event, at)
        for position, comment in enumerate(issue.comments):
            self.rows.add(
                "sentry_groupnote",
                issue_id=number,
                user_id=self.rows.users[comment.by],
                text=comment.text,
                # The last in the file is the newest, and none is in the future.
                date_added=last_seen
                + (self.rows.now - last_seen) * (position + 1) / (len(issue.comments) + 1),
            )
        return number

    @property
    def _project_id(self) -> int:
        return self.rows.projects[self.organization, self.project]

    def _labels(self, *more: str) -> tuple[str, ...]:
        return ("issue", self.organization, self.project, str(self.short_id), *more)

    def _seed(self, *more: str) -> int:
        return self.rows.seed(*self._labels(*more))

    def _number(self, what: str, low: int, high: int) -> int:
        return self.rows.fill.number(self._seed(what), low, high)

    def _ago(self, what: str, low: int, high: int) -> datetime:
        return self.rows.ago(minutes=self._number(what, low, high))

    def _event_times(self, count: int) -> list[datetime]:
        """When each event happened, oldest first."""
        at = self._ago("latest", *_LATEST_MINUTES)
        times = []
        for position in range(count):
            times.append(at)
            at -= timedelta(minutes=self._number(f"gap-{position}", *_EVENT_GAP_MINUTES))
        return times[::-1]

    def _error(self) -> tuple[str, str]:
        """The type and the message of the error, from the title where there is one."""
        if self.issue.title is None:
            return self.made_up.type, self.made_up.value
        kind, colon, value = self.issue.title.partition(": ")
        return (kind, value) if colon and kind.isidentifier() else ("Error", self.issue.title)

    def _metadata(self) -> dict[str, Any]:
        return {
            "type": self.error_type,
            "value": self.error_value,
            "filename": self.made_up.filename,
            "function": self.made_up.function,
        }

    def _users_affected(self, seen: int) -> int:
        if self.issue.users_affected is not None:
            return self.issue.users_affected
        return self._number("users", min(seen, 1), seen) if seen else 0

    def _assignee_user(self) -> int | None:
        assignee = self.issue.assignee
        return self.rows.users[assignee.user] if assignee and assignee.user else None

    def _assignee_team(self) -> int | None:
        assignee = self.issue.assignee
        if assignee is None or assignee.team is None:
            return None
        return self.rows.teams[self.organization, assignee.team]

    def _add_event(self, issue_id: int, position: int, event: Event, at: datetime) -> None:
        message = event.message or self.title
        tags = {"environment": "production", "level": self.issue.level}
        tags |= self.issue.tags | event.tags
        source = self.rows.randomness.derive("event", *self._labels(str(position)))
        self.rows.add(
            "nodestore_event",
            issue_id=issue_id,
            project_id=self._project_id,
            event_id=source.hex(16),
            title=self.title,
            message=message,
            platform=self.platform,
            tags=[{"key": key, "value": tags[key]} for key in sorted(tags)],
            entries=[self._exception(event), {"type": "message", "data": {"formatted": message}}],
            date_created=at,
        )

    def _exception(self, event: Event) -> dict[str, Any]:
        made = self.made_up
        frame = {
            "filename": made.filename,
            "absPath": f"/srv/{made.filename}",
            "module": made.filename.rpartition(".")[0].replace("/", "."),
            "function": made.function,
            "lineNo": made.line,
            "colNo": None,
            "inApp": True,
            "context": [],
        }
        value = {
            "type": self.error_type,
            "value": event.message or self.error_value,
            "stacktrace": {"frames": [frame]},
        }
        return {"type": "exception", "data": {"values": [value]}}
