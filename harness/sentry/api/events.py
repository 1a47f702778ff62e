"""Events of an issue, a project, and one by its id."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Row, Select, and_, bindparam, or_, select

from harness.sentry.api.event_rows import EVENTS, NEWEST_FIRST, show_event, show_full_event
from harness.sentry.api.event_search import SEARCH
from harness.sentry.api.filters import read_period
from harness.sentry.api.issue_search import tag_condition
from harness.sentry.api.pagination import paginate, paginate_rows
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import NotFound
from harness.sentry.schema import event, project

_MOST_ENVIRONMENTS: Final = 50
_EVENT_ID = re.compile(r"[0-9a-f]{32}")

_OF_ISSUE = "/organizations/{organization_id_or_slug}/issues/{issue_id}/events/"
_OF_PROJECT = "/projects/{organization_id_or_slug}/{project_id_or_slug}/events/"

_oldest_first = (event.c.date_created, event.c.id)
_of_issue = EVENTS.where(event.c.issue_id == bindparam("issue_id"))
_with_event_id = event.c.event_id == bindparam("event_id")
_latest = _of_issue.order_by(*NEWEST_FIRST).limit(1)
_oldest = _of_issue.order_by(*_oldest_first).limit(1)
_of_issue_by_id = _of_issue.where(_with_event_id)
_of_project_by_id = EVENTS.where(event.c.project_id == bindparam("project_id")).where(
    _with_event_id
)
_of_organization_by_id = (
    EVENTS.where(project.c.organization_id == bindparam("organization_id"))
    .where(_with_event_id)
    .order_by(event.c.id)
)
_ids = select(event.c.event_id).where(event.c.issue_id == bindparam("issue_id"))
_next = (
    _ids.where(
        or_(
            event.c.date_created > bindparam("date_created"),
            and_(event.c.date_created == bindparam("date_created"), event.c.id > bindparam("id")),
        )
    )
    .order_by(*_oldest_first)
    .limit(1)
)
_previous = (
    _ids.where(
        or_(
            event.c.date_created < bindparam("date_created"),
            and_(event.c.date_created == bindparam("date_created"), event.c.id < bindparam("id")),
        )
    )
    .order_by(*NEWEST_FIRST)
    .limit(1)
)


@operation("GET", _OF_ISSUE)
def list_issue_events(call: Call) -> Reply:
    """The issue's events that `query=` asks for, newest first; whole ones with `full=true`."""
    statement = EVENTS.where(event.c.issue_id == call.issue.id)
    query = call.request.args.get("query", "").strip()
    statement = statement.where(SEARCH.condition(call.services.clock.now(), query))
    return _list(call, statement)


@operation("GET", _OF_PROJECT)
def list_project_events(call: Call) -> Reply:
    """The project's events, newest first; whole ones with `full=true`."""
    return _list(call, EVENTS.where(event.c.project_id == call.project.id))


@operation("GET", _OF_ISSUE + "{event_id}/")
def read_issue_event(call: Call) -> dict[str, Any]:
    """The event of that id, or the `latest`, `oldest` or `recommended` one of the issue."""
    store, named = call.services.store, call.parameter("event_id")
    if named in ("latest", "recommended"):
        row = store.one(_latest, issue_id=call.issue.id)
    elif named == "oldest":
        row = store.one(_oldest, issue_id=call.issue.id)
    else:
        row = store.one(_of_issue_by_id, issue_id=call.issue.id, event_id=_read_id(named))
    return _show(call, row)


@operation("GET", _OF_PROJECT + "{event_id}/")
def read_project_event(call: Call) -> dict[str, Any]:
    """The event of that id."""
    return _show(call, _find_in_project(call))


@operation("GET", _OF_PROJECT + "{event_id}/attachments/")
def list_attachments(call: Call) -> Reply:
    """The event's attachments: there are none, as none are kept."""
    if _find_in_project(call) is None:
        raise NotFound()
    return paginate(call, (), lambda none: none)


@operation("GET", "/organizations/{organization_id_or_slug}/eventids/{event_id}/")
def resolve_event_id(call: Call) -> dict[str, Any]:
    """{"organizationSlug", "projectSlug", "groupId", "eventId", "event"}."""
    rows = call.services.store.all(
        _of_organization_by_id,
        organization_id=call.organization.id,
        event_id=_read_id(call.parameter("event_id")),
    )
    row = next((row for row in rows if call.access.reaches_project(row.project_id)), None)
    if row is None:
        raise NotFound()
    return {
        "organizationSlug": call.organization.slug,
        "projectSlug": row.project_slug,
        "groupId": str(row.issue_id),
        "eventId": row.event_id,
        "event": _show(call, row),
    }


def _list(call: Call, statement: Select[Any]) -> Reply:
    arguments = call.request.args
    environments = [name for name in arguments.getlist("environment") if name]
    if environments:
        condition = tag_condition("environment", environments[:_MOST_ENVIRONMENTS])
        statement = statement.where(condition)
    statement = statement.where(*read_period(call).within(event.c.date_created))
    show = show_full_event if arguments.get("full") in ("1", "true") else show_event
    return paginate_rows(call, statement.order_by(*NEWEST_FIRST), show)


def _find_in_project(call: Call) -> Row[Any] | None:
    return call.services.store.one(
        _of_project_by_id,
        project_id=call.project.id,
        event_id=_read_id(call.parameter("event_id")),
    )


def _read_id(text: str) -> str:
    """An event's id from a path: 32 hexadecimal digits, with or without hyphens.

    Raises NotFound.
    """
    plain = text.replace("-", "").lower()
    if not _EVENT_ID.fullmatch(plain):
        raise NotFound()
    return plain


def _show(call: Call, row: Row[Any] | None) -> dict[str, Any]:
    """The whole event, and its neighbours in the issue. Raises NotFound for None."""
    if row is None:
        raise NotFound()
    where = {"issue_id": row.issue_id, "date_created": row.date_created, "id": row.id}
    store = call.services.store
    after, before = store.one(_next, **where), store.one(_previous, **where)
    return show_full_event(row) | {
        "nextEventID": after and after.event_id,
        "previousEventID": before and before.event_id,
    }
