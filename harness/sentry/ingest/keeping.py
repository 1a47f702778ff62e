"""Putting an event into its issue, which it makes where there is none."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from harness.sentry.ingest.event import NewEvent
from harness.sentry.schema import event, issue, project
from harness.sentry.services import Services

_PRIORITIES = {"fatal": "high", "error": "high", "warning": "medium"}

# Who holds the project's row gives numbers to its issues and finds no event twice.
_lock = select(project.c.issue_counter).where(project.c.id == bindparam("id")).with_for_update()
_known = (
    select(event.c.id)
    .where(event.c.project_id == bindparam("project_id"))
    .where(event.c.event_id == bindparam("event_id"))
)
_of_project = select(issue).where(issue.c.project_id == bindparam("project_id"))
_insert_issue = insert(issue).returning(issue.c.id)


def keep_event(services: Services, project_id: int, new: NewEvent) -> None:
    """Stores `new` once, whatever else is stored at the same moment."""
    with services.store.transaction() as connection:
        counter = connection.execute(_lock, {"id": project_id}).scalar_one_or_none()
        which = {"project_id": project_id, "event_id": new.event_id}
        if counter is None or connection.execute(_known, which).first() is not None:
            return
        found = _find_issue(connection, project_id, new)
        if found is None:
            issue_id = _make_issue(connection, project_id, counter + 1, new)
        else:
            issue_id = _add_to_issue(connection, found, new)
        _insert_event(connection, project_id, issue_id, new)


def _find_issue(connection: Connection, project_id: int, new: NewEvent) -> Row[Any] | None:
    titled = and_(issue.c.hash.is_(None), issue.c.title == new.title) if new.by_title else false()
    statement = _of_project.where(or_(issue.c.hash == new.hash, titled))
    return connection.execute(
        statement.order_by(issue.c.id).limit(1), {"project_id": project_id}
    ).first()


def _make_issue(connection: Connection, project_id: int, number: int, new: NewEvent) -> int:
    connection.execute(
        update(project).where(project.c.id == project_id).values(issue_counter=number)
    )
    made: int = connection.execute(
        _insert_issue,
        {
            "project_id": project_id,
            "short_id": number,
            "title": new.title,
            "culprit": new.culprit,
            "level": new.level,
            "status": "unresolved",
            "substatus": "new",
            "hash": new.hash,
            "priority": _PRIORITIES.get(new.level, "low"),
            "times_seen": 1,
            "user_count": 0 if new.user is None else 1,
            "metadata": new.metadata,
            "first_seen": new.date,
            "last_seen": new.date,
        },
    ).scalar_one()
    return made


def _add_to_issue(connection: Connection, found: Row[Any], new: NewEvent) -> int:
    values: dict[str, Any] = {
        "times_seen": issue.c.times_seen + 1,
        "level": new.level,
        "first_seen": min(found.first_seen, new.date),
        "last_seen": max(found.last_seen, new.date),
    }
    if found.status == "resolved":
        values |= {"status": "unresolved", "substatus": "regressed", "status_details": {}}
    if new.user is not None and not _has_user(connection, found.id, new.user):
        values["user_count"] = issue.c.user_count + 1
    connection.execute(update(issue).where(issue.c.id == found.id).values(**values))
    return int(found.id)


def _has_user(connection: Connection, issue_id: int, user: str) -> bool:
    """Whether an event of the issue happened to that user before."""
    tag = json.dumps({"key": "user", "value": user})
    statement = (
        select(func.count(event.c.id))
        .where(event.c.issue_id == issue_id)
        .where(cast(event.c.tags, Text).contains(tag, autoescape=True))
    )
    return bool(connection.execute(statement).scalar_one())


def _insert_event(connection: Connection, project_id: int, issue_id: int, new: NewEvent) -> None:
    connection.execute(
        insert(event).values(
            issue_id=issue_id,
            project_id=project_id,
            event_id=new.event_id,
            title=new.title,
            message=new.message,
            platform=new.platform,
            tags=new.tags,
            entries=new.entries,
            data=new.data,
            date_created=new.date,
        )
    )
