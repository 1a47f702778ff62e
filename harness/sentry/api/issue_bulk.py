"""Many issues updated or deleted at once: all in one transaction, none out of reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, delete, select, update

from harness.sentry.api.filters import read_projects
from harness.sentry.api.issue_changes import IssueBody, read_changes, show_changes
from harness.sentry.api.issue_rows import ISSUES
from harness.sentry.api.issue_search import select_issues
from harness.sentry.body import read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Invalid
from harness.sentry.route import parse_id
from harness.sentry.schema import issue

_OF_ORGANIZATION = "/organizations/{organization_id_or_slug}/issues/"
_OF_PROJECT = "/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/"

#: Issues that one call changes at most.
MOST: Final = 1000

_STATUSES = {
    "resolved": "resolved",
    "unresolved": "unresolved",
    "ignored": "ignored",
    "muted": "ignored",
}
_chosen = issue.c.id.in_(bindparam("issue_ids", expanding=True))
# In one order, so that two calls never wait for each other.
_lock = select(issue.c.id, issue.c.project_id).where(_chosen).order_by(issue.c.id).with_for_update()
_delete = delete(issue).where(_chosen)


@operation("PUT", _OF_ORGANIZATION)
def update_issues(call: Call) -> Reply:
    """The keys that were changed, of every issue chosen; 204 where none was."""
    return _update(call, read_projects(call))


@operation("PUT", _OF_PROJECT)
def update_project_issues(call: Call) -> Reply:
    """As for the organization, within the project."""
    return _update(call, [call.project.id])


@operation("DELETE", _OF_ORGANIZATION)
def delete_issues(call: Call) -> Reply:
    """204: every issue chosen goes."""
    return _delete_all(call, read_projects(call))


@operation("DELETE", _OF_PROJECT)
def delete_project_issues(call: Call) -> Reply:
    """As for the organization, within the project."""
    return _delete_all(call, [call.project.id])


def _update(call: Call, project_ids: Iterable[int]) -> Reply:
    body = read_body(call, IssueBody)
    statement = _select_chosen(call, project_ids)
    with call.services.store.transaction() as connection:
        chosen = _lock_chosen(call, statement)
        if not chosen:
            return Reply(status=204)
        changes = read_changes(call, body, {row.project_id for row in chosen})
        if changes:
            ids = [row.id for row in chosen]
            connection.execute(update(issue).where(_chosen).values(**changes), {"issue_ids": ids})
        return Reply(show_changes(body, changes, call))


def _delete_all(call: Call, project_ids: Iterable[int]) -> Reply:
    statement = _select_chosen(call, project_ids)
    with call.services.store.transaction() as connection:
        chosen = _lock_chosen(call, statement)
        connection.execute(_delete, {"issue_ids": [row.id for row in chosen]})
    return Reply(status=204)


def _lock_chosen(call: Call, statement: Select[Any]) -> Sequence[Row[Any]]:
    """The rows to change, held until the transaction ends."""
    store = call.services.store
    found = store.all(statement.limit(MOST))
    return store.all(_lock, issue_ids=[row.id for row in found])


def _select_chosen(call: Call, project_ids: Iterable[int]) -> Select[Any]:
    """The issues that `id=` names, or else those that `query=` asks for; all without either.

    `status=` narrows both. What is out of reach is not among them, and that is not told.
    Raises Invalid.
    """
    arguments = call.request.args
    if "id" in arguments:
        statement = ISSUES.where(issue.c.id.in_(_read_ids(arguments.getlist("id"))))
        statement = statement.where(issue.c.project_id.in_(sorted(project_ids)))
    else:
        statement = select_issues(call, project_ids, arguments.get("query", "").strip())
    if "status" in arguments:
        status = _STATUSES.get(arguments["status"])
        if status is None:
            raise Invalid(fields={"status": [f"Choose one of {', '.join(_STATUSES)}."]})
        statement = statement.where(issue.c.status == status)
    return statement


def _read_ids(texts: Sequence[str]) -> list[int]:
    """Raises Invalid for what is no id, and for too many."""
    if len(texts) > MOST:
        raise Invalid(f"{MOST} ids at most can be given.")
    ids = []
    for text in texts:
        if not (text.isascii() and text.isdigit()):
            raise Invalid("Invalid id: a number is expected.")
        number = parse_id(text)
        if number is not None:
            ids.append(number)
    return ids
