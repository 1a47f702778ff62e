"""Events: their rows with what their issue and project say, and their JSON."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, select

from harness.sentry.api.shapes import iso
from harness.sentry.schema import event, issue, project

#: Events with their issue and project.
EVENTS: Select[Any] = (
    select(
        event,
        issue.c.culprit.label("culprit"),
        issue.c.level.label("level"),
        issue.c.short_id.label("short_id"),
        issue.c.metadata.label("issue_metadata"),
        project.c.slug.label("project_slug"),
    )
    .select_from(event)
    .join(issue, issue.c.id == event.c.issue_id)
    .join(project, project.c.id == event.c.project_id)
)
NEWEST_FIRST = (event.c.date_created.desc(), event.c.id.desc())

# What a client may have said beside the entries, and what is answered where it did not.
_SAID: dict[str, Any] = {"contexts": {}, "sdk": None, "context": {}, "packages": {}, "dist": None}


def kind(row: Row[Any]) -> str:
    """`error` or `default`, as Sentry tells events apart."""
    raised = any(entry.get("type") == "exception" for entry in row.entries)
    return "error" if raised else "default"


def show_event(row: Row[Any]) -> dict[str, Any]:
    """A row of `EVENTS` as JSON, in the form of lists."""
    said = row.data or {}
    return {
        "id": row.event_id,
        "eventID": row.event_id,
        "event.type": kind(row),
        "groupID": str(row.issue_id),
        "projectID": str(row.project_id),
        "message": row.message,
        "title": row.title,
        "location": row.issue_metadata.get("filename"),
        "culprit": row.culprit,
        "user": said.get("user"),
        "tags": row.tags,
        "platform": row.platform,
        "dateCreated": iso(row.date_created),
        "crashFile": None,
        "metadata": row.issue_metadata,
    }


def show_full_event(row: Row[Any]) -> dict[str, Any]:
    """A row of `EVENTS` as JSON, with all that is known of it."""
    said = row.data or {}
    return (
        show_event(row)
        | {key: said.get(key, usual) for key, usual in _SAID.items()}
        | {
            "type": kind(row),
            "entries": row.entries,
            "dateReceived": iso(row.date_created),
            "size": None,
            "errors": [],
            "occurrence": None,
            "_meta": {},
            "fingerprints": [],
            "release": None,
            "userReport": None,
            "sdkUpdates": [],
            "resolvedWith": [],
            "nextEventID": None,
            "previousEventID": None,
        }
    )
