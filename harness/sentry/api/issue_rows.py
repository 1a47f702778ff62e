"""Issues: their rows with what stands beside them, and their JSON."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, bindparam, cast, func, select

from harness.sentry.api.shapes import iso
from harness.sentry.call import Call
from harness.sentry.errors import NotFound
from harness.sentry.schema import comment, issue, project, team, user

#: WEB-APP-1, as people write it.
SHORT_ID: ColumnElement[str] = func.upper(project.c.slug) + "-" + cast(issue.c.short_id, String)

#: Issues with their project, assignee and number of comments.
ISSUES: Select[Any] = (
    select(
        issue,
        project.c.slug.label("project_slug"),
        project.c.name.label("project_name"),
        project.c.platform.label("project_platform"),
        user.c.name.label("assignee_name"),
        user.c.username.label("assignee_username"),
        user.c.email.label("assignee_email"),
        team.c.slug.label("assignee_slug"),
        select(func.count(comment.c.id))
        .where(comment.c.issue_id == issue.c.id)
        .scalar_subquery()
        .label("comments"),
    )
    .select_from(issue)
    .join(project, project.c.id == issue.c.project_id)
    .outerjoin(user, user.c.id == issue.c.assignee_user_id)
    .outerjoin(team, team.c.id == issue.c.assignee_team_id)
)
_by_id = ISSUES.where(issue.c.id == bindparam("id"))


def read_row(call: Call, issue_id: int) -> Row[Any]:
    """The row of `ISSUES` with that id. Raises NotFound where it has just gone."""
    row = call.services.store.one(_by_id, id=issue_id)
    if row is None:
        raise NotFound()
    return row


def short_id(row: Row[Any]) -> str:
    """The short id of a row that has `project_slug`."""
    return f"{row.project_slug.upper()}-{row.short_id}"


def show_assignee(row: Row[Any]) -> dict[str, Any] | None:
    """Who works on the issue; None for nobody."""
    if row.assignee_user_id is not None:
        name = row.assignee_name or row.assignee_username
        return {
            "type": "user",
            "id": str(row.assignee_user_id),
            "name": name,
            "email": row.assignee_email,
        }
    if row.assignee_team_id is not None:
        return {"type": "team", "id": str(row.assignee_team_id), "name": row.assignee_slug}
    return None


def show_issue(row: Row[Any], call: Call) -> dict[str, Any]:
    """A row of `ISSUES` as JSON, in the form of lists."""
    first, last = iso(row.first_seen), iso(row.last_seen)
    return {
        "id": str(row.id),
        "shareId": None,
        "shortId": short_id(row),
        "title": row.title,
        "culprit": row.culprit,
        "permalink": f"{call.base_url}/organizations/{call.organization.slug}/issues/{row.id}/",
        "logger": None,
        "level": row.level,
        "status": row.status,
        "statusDetails": row.status_details or {},
        "substatus": row.substatus,
        "isPublic": False,
        "platform": row.project_platform or "other",
        "priority": row.priority,
        "priorityLockedAt": None,
        "seerFixabilityScore": None,
        "seerAutofixLastTriggered": None,
        "project": {
            "id": str(row.project_id),
            "name": row.project_name,
            "slug": row.project_slug,
            "platform": row.project_platform,
        },
        "type": "error" if "type" in row.metadata else "default",
        "issueType": "error",
        "issueCategory": "error",
        "metadata": row.metadata,
        "numComments": row.comments,
        "assignedTo": show_assignee(row),
        "isBookmarked": False,
        "isSubscribed": False,
        "subscriptionDetails": None,
        "hasSeen": False,
        "annotations": [],
        "isUnhandled": False,
        "count": str(row.times_seen),
        "userCount": row.user_count,
        "firstSeen": first,
        "lastSeen": last,
        "stats": {},
        "filtered": None,
        "lifetime": {
            "count": str(row.times_seen),
            "userCount": row.user_count,
            "firstSeen": first,
            "lastSeen": last,
            "stats": None,
        },
    }
