"""Comments under an issue, which Sentry's API also calls notes: one thing, two paths."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import StringConstraints
from sqlalchemy import Row, Select, bindparam, delete, insert, select, update

from harness.sentry.api.pagination import paginate_rows
from harness.sentry.api.shapes import iso, letter_avatar
from harness.sentry.body import Body, Filled, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Denied, Invalid, NotFound
from harness.sentry.route import parse_id
from harness.sentry.schema import comment, user

#: Characters of a comment.
MAX_LENGTH: Final = 10_000
#: The same words by the same user within this time are a mistake.
_REPEATED = timedelta(hours=1)

_ISSUE = "/organizations/{organization_id_or_slug}/issues/{issue_id}"

_comments = select(comment, user.c.name, user.c.username, user.c.email).select_from(
    comment.outerjoin(user, user.c.id == comment.c.user_id)
)
_by_id = _comments.where(comment.c.id == bindparam("id"))
_own = _by_id.where(comment.c.issue_id == bindparam("issue_id")).where(
    comment.c.user_id == bindparam("user_id")
)
_repeated = (
    select(comment.c.id)
    .where(comment.c.issue_id == bindparam("issue_id"))
    .where(comment.c.user_id == bindparam("user_id"))
    .where(comment.c.text == bindparam("text"))
    .where(comment.c.date_added >= bindparam("since"))
)
_insert = insert(comment).returning(comment.c.id)
_this = comment.c.id == bindparam("comment_id")


class CommentBody(Body):
    """A comment."""

    text: Annotated[Filled, StringConstraints(max_length=MAX_LENGTH)]


def select_comments(issue_id: int) -> Select[Any]:
    """The comments of an issue with their authors, newest first."""
    return _comments.where(comment.c.issue_id == issue_id).order_by(
        comment.c.date_added.desc(), comment.c.id.desc()
    )


def show_comment(row: Row[Any]) -> dict[str, Any]:
    """A row of `select_comments` as JSON."""
    return {
        "id": str(row.id),
        "type": "note",
        "user": None if row.user_id is None else _show_author(row),
        "sentry_app": None,
        "data": {"text": row.text},
        "dateCreated": iso(row.date_added),
    }


def list_comments(call: Call) -> Reply:
    """The issue's comments, newest first."""
    return paginate_rows(call, select_comments(call.issue.id), show_comment)


def create_comment(call: Call) -> Reply:
    """201 with the comment, whose author is the caller's user: an agent's user, too.

    Raises Denied where no user stands behind the credential, Invalid for a bad text
    and for one that the user wrote here not long ago.
    """
    author = _author(call)
    body = read_body(call, CommentBody)
    services, now = call.services, call.services.clock.now()
    values = {"issue_id": call.issue.id, "user_id": author, "text": body.text}
    with services.store.transaction() as connection:
        if connection.execute(_repeated, values | {"since": now - _REPEATED}).first():
            raise Invalid("You have already posted that comment.")
        made = connection.execute(_insert, values | {"date_added": now}).scalar_one()
        row = connection.execute(_by_id, {"id": made}).one()
    return Reply(show_comment(row), 201)


def update_comment(call: Call) -> dict[str, Any]:
    """The caller's own comment as it is now. Raises NotFound for another's."""
    found = _find_own(call)
    body = read_body(call, CommentBody)
    store = call.services.store
    with store.transaction() as connection:
        changed = update(comment).where(_this).values(text=body.text)
        connection.execute(changed, {"comment_id": found.id})
        row = store.one(_by_id, id=found.id)
    if row is None:
        raise NotFound()
    return show_comment(row)


def delete_comment(call: Call) -> Reply:
    """204: the caller's own comment goes. Raises NotFound for another's."""
    found = _find_own(call)
    with call.services.store.transaction() as connection:
        connection.execute(delete(comment).where(_this), {"comment_id": found.id})
    return Reply(status=204)


for _name in ("comments", "notes"):
    operation("GET", f"{_ISSUE}/{_name}/")(list_comments)
    operation("POST", f"{_ISSUE}/{_name}/")(create_comment)
    operation("PUT", f"{_ISSUE}/{_name}/{{note_id}}/")(update_comment)
    operation("DELETE", f"{_ISSUE}/{_name}/{{note_id}}/")(delete_comment)


def _author(call: Call) -> int:
    if call.caller.user_id is None:
        raise Denied("A comment needs a user: this credential has none.", rule="user-principal")
    return call.caller.user_id


def _find_own(call: Call) -> Row[Any]:
    author, number = _author(call), parse_id(call.parameter("note_id"))
    row = (
        None
        if number is None
        else call.services.store.one(_own, id=number, issue_id=call.issue.id, user_id=author)
    )
    if row is None:
        raise NotFound()
    return row


def _show_author(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": str(row.user_id),
        "name": row.name or row.username,
        "username": row.username,
        "email": row.email,
        "avatar": letter_avatar(),
    }
