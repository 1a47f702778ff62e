"""Issues: listed, read by number or short id, updated, deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, update

from harness.sentry.api.comments import select_comments, show_comment
from harness.sentry.api.filters import read_period, read_projects
from harness.sentry.api.issue_changes import IssueBody, read_changes
from harness.sentry.api.issue_rows import read_row, short_id, show_issue
from harness.sentry.api.issue_search import DEFAULT_QUERY, select_issues
from harness.sentry.api.pagination import paginate, paginate_rows
from harness.sentry.api.shapes import iso
from harness.sentry.api.tags import count_tags
from harness.sentry.body import read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import NotFound
from harness.sentry.objects import find_issue
from harness.sentry.route import parse_id
from harness.sentry.schema import issue

_ISSUE = "/organizations/{organization_id_or_slug}/issues/{issue_id}/"
#: Comments that are shown with an issue, the newest.
MOST_ACTIVITIES: Final = 100
_by_id = issue.c.id == bindparam("issue_id")
_delete = delete(issue).where(_by_id)


@operation("GET", "/organizations/{organization_id_or_slug}/issues/")
def list_issues(call: Call) -> Reply:
    """The issues of the projects in reach that `query=` asks for."""
    return _list(call, read_projects(call))


@operation("GET", "/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/")
def list_project_issues(call: Call) -> Reply:
    """The issues of the project that `query=` asks for."""
    return _list(call, [call.project.id])


def _list(call: Call, project_ids: Iterable[int]) -> Reply:
    query = call.request.args.get("query", DEFAULT_QUERY).strip()
    if call.request.args.get("shortIdLookup") in ("1", "true"):
        found = _look_up(call, query)
        if found is not None:
            return found
    statement = select_issues(call, project_ids, query, read_period(call))
    return paginate_rows(call, statement, lambda row: show_issue(row, call))


def _look_up(call: Call, query: str) -> Reply | None:
    """The one issue whose short id the whole query is, if it is in reach."""
    if parse_id(query) is not None:
        return None
    found = find_issue(call.services.store, call.organization.id, query)
    if found is None or not call.access.reaches_project(found.project_id):
        return None
    reply = paginate(call, [read_row(call, found.id)], lambda row: show_issue(row, call))
    reply.headers = {**reply.headers, "X-Sentry-Direct-Hit": "1"}
    return reply


@operation("GET", _ISSUE)
def read_issue(call: Call) -> dict[str, Any]:
    """The issue, with what was said and done about it, newest first."""
    row = read_row(call, call.issue.id)
    return show_issue(row, call) | {
        "activity": _show_activity(row, call),
        "seenBy": [],
        "participants": [],
        "userReportCount": 0,
        "firstRelease": None,
        "lastRelease": None,
        "tags": count_tags(call),
        "inbox": None,
        "owners": None,
    }


@operation("GET", _ISSUE + "activities/")
def list_activities(call: Call) -> dict[str, Any]:
    """{"activity": what was said and done about the issue, newest first}."""
    return {"activity": _show_activity(read_row(call, call.issue.id), call)}


def _show_activity(row: Row[Any], call: Call) -> list[dict[str, Any]]:
    comments = call.services.store.all(select_comments(row.id).limit(MOST_ACTIVITIES))
    first: dict[str, Any] = {
        "id": "0",
        "type": "first_seen",
        "user": None,
        "data": {},
        "dateCreated": iso(row.first_seen),
    }
    return [*map(show_comment, comments), first]


@operation("GET", "/organizations/{organization_id_or_slug}/shortids/{issue_id}/")
def resolve_short_id(call: Call) -> dict[str, Any]:
    """{"organizationSlug", "projectSlug", "groupId", "shortId", "group": the issue}."""
    row = read_row(call, call.issue.id)
    if call.parameter("issue_id").upper() != short_id(row):
        # A number: not what this endpoint is asked by.
        raise NotFound()
    return {
        "organizationSlug": call.organization.slug,
        "projectSlug": row.project_slug,
        "groupId": str(row.id),
        "shortId": short_id(row),
        "group": show_issue(row, call),
    }


@operation("PUT", _ISSUE)
def update_issue(call: Call) -> dict[str, Any]:
    """The issue as it is now. Raises Invalid."""
    body = read_body(call, IssueBody)
    with call.services.store.transaction() as connection:
        changes = read_changes(call, body, [call.issue.project_id])
        if changes:
            connection.execute(
                update(issue).where(_by_id).values(**changes), {"issue_id": call.issue.id}
            )
        row = read_row(call, call.issue.id)
    return show_issue(row, call)


@operation("DELETE", _ISSUE)
def delete_issue(call: Call) -> Reply:
    """202: the issue goes, with its events and comments."""
    with call.services.store.transaction() as connection:
        connection.execute(_delete, {"issue_id": call.issue.id})
    return Reply(status=202)
