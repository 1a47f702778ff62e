"""Conversations with Seer: whose each is. What was said is Seer's to keep."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, insert, select, update

from harness.defence import defence
from harness.sentry.call import Call
from harness.sentry.errors import NotFound
from harness.sentry.route import parse_id
from harness.sentry.schema import explorer_run
from harness.sentry.seer.client import Viewer

_TITLE: Final = 200

_this = explorer_run.c.id == bindparam("run_id")
_find = select(explorer_run).where(explorer_run.c.id == bindparam("id"))
_insert = insert(explorer_run).returning(explorer_run)
_touch = update(explorer_run).where(_this).values(last_triggered_at=bindparam("now"))


def find_viewer(call: Call) -> Viewer:
    """On whose behalf Seer is called: the session's user, in the path's organization."""
    user_id = call.caller.user_id
    assert user_id is not None  # noqa: S101 - the gate lets sessions pass alone
    return Viewer(call.organization.id, user_id)


def start(call: Call, query: str) -> Row[Any]:
    """A new conversation of the caller's; its row."""
    viewer, now = find_viewer(call), call.services.clock.now()
    with call.services.store.transaction() as connection:
        return connection.execute(
            _insert.values(
                organization_id=viewer.organization_id,
                user_id=viewer.user_id,
                title=query[:_TITLE],
                date_added=now,
                last_triggered_at=now,
            )
        ).one()


def touch(call: Call, run_id: int) -> None:
    """The conversation goes on now."""
    with call.services.store.transaction() as connection:
        connection.execute(_touch, {"run_id": run_id, "now": call.services.clock.now()})


def find(call: Call) -> Row[Any]:
    """The conversation that the path names. Raises NotFound for any but the caller's own."""
    number = parse_id(call.parameter("run_id"))
    row = None if number is None else call.services.store.one(_find, id=number)
    if row is None or not is_own(row, find_viewer(call)):
        raise NotFound()
    return row


@defence(
    "explorer-run.owner",
    title="A conversation with Seer is its user's own, in its organization",
    cwe=639,
    source="OWASP API1:2023",
)
def is_own(row: Row[Any], viewer: Viewer) -> bool:
    """Whether a conversation is the viewer's."""
    return bool(row.user_id == viewer.user_id and row.organization_id == viewer.organization_id)


@is_own.weakened("run-of-other-user", title="Members read each other's conversations with Seer")
def _(row: Row[Any], viewer: Viewer) -> bool:
    return bool(row.organization_id == viewer.organization_id)


@is_own.weakened("run-of-other-organization", title="A conversation opens under any organization")
def _(row: Row[Any], viewer: Viewer) -> bool:
    return bool(row.user_id == viewer.user_id)


def select_own(viewer: Viewer) -> Select[Any]:
    """The viewer's conversations, the last first."""
    return (
        select(explorer_run)
        .where(listed_for(viewer))
        .order_by(explorer_run.c.last_triggered_at.desc(), explorer_run.c.id.desc())
    )


@defence(
    "explorer-run.list",
    title="Who lists conversations sees their own",
    cwe=639,
    source="OWASP API1:2023",
)
def listed_for(viewer: Viewer) -> Any:
    """The condition on conversations that the viewer is shown."""
    mine = explorer_run.c.user_id == viewer.user_id
    return mine & (explorer_run.c.organization_id == viewer.organization_id)


@listed_for.weakened("all-runs-listed", title="The list has everybody's conversations")
def _(viewer: Viewer) -> Any:
    return explorer_run.c.organization_id == viewer.organization_id
