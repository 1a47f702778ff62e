"""Finding events: what the `query=` of an event list may say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_

from harness.sentry.api.issue_rows import SHORT_ID
from harness.sentry.api.issue_search import tag_condition
from harness.sentry.api.search import (
    Search,
    Term,
    match_contained,
    match_number,
    match_text,
    match_time,
    refuse_operator,
    unknown_value,
)
from harness.sentry.schema import event, issue, project


def _by_tag(_: datetime, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    key = term.key.removeprefix("tags[").removesuffix("]")
    return tag_condition(key, term.values)


def _by_having(_: datetime, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return or_(*(tag_condition(key, ["*"]) for key in term.values))


def _by_state(_: datetime, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    if not set(term.values) <= {"unresolved", "resolved", "ignored"}:
        raise unknown_value(term)
    return issue.c.status.in_(term.values)


def _by_text(text: str) -> ColumnElement[bool]:
    return or_(match_contained(event.c.message, text), match_contained(event.c.title, text))


def _by_message(_: datetime, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return or_(*(_by_text(value) for value in term.values))


def _by_id(_: datetime, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return event.c.event_id.in_([value.replace("-", "").lower() for value in term.values])


def _by_short_id(_: datetime, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return SHORT_ID.in_([value.upper() for value in term.values])


def _text(column: Any) -> Any:
    return lambda _, term: match_text(column, term)


#: Searches `EVENTS`; what it is asked with is the time now.
SEARCH: Search[datetime] = Search(
    fields={
        "is": _by_state,
        "has": _by_having,
        "id": _by_id,
        "issue": _by_short_id,
        "issue.id": lambda _, term: match_number(issue.c.id, term),
        "project": _text(project.c.slug),
        "project.name": _text(project.c.slug),
        "project.id": lambda _, term: match_number(project.c.id, term),
        "title": _text(event.c.title),
        "message": _by_message,
        "platform": _text(event.c.platform),
        "platform.name": _text(event.c.platform),
        "culprit": _text(issue.c.culprit),
        "error.type": _text(issue.c.metadata["type"].as_string()),
        "error.value": _text(issue.c.metadata["value"].as_string()),
        "timestamp": lambda now, term: match_time(event.c.date_created, term, now),
    },
    other=_by_tag,
    text=_by_text,
)
