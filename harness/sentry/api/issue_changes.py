"""What can be changed of an issue: the body of an update, checked, as column values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, Select, bindparam, or_, select

from harness import scopes
from harness.sentry.api.shapes import iso
from harness.sentry.body import Body, Plain
from harness.sentry.call import Call
from harness.sentry.errors import Invalid
from harness.sentry.objects import find_team
from harness.sentry.route import parse_id
from harness.sentry.schema import member, project_team, team_member, user

#: The substatus of an issue that only its status was said of.
_USUAL = {
    "resolved": None,
    "unresolved": "ongoing",
    "ignored": "archived_until_escalating",
}
_SUBSTATUSES = {
    "ongoing": "unresolved",
    "new": "unresolved",
    "escalating": "unresolved",
    "regressed": "unresolved",
    "archived_until_escalating": "ignored",
    "archived_until_condition_met": "ignored",
    "archived_forever": "ignored",
}
_STATUSES = {
    "resolved": "resolved",
    "unresolved": "unresolved",
    "ignored": "ignored",
    "muted": "ignored",
    "resolvedInNextRelease": "resolved",
}

Status = Literal["resolved", "unresolved", "ignored", "muted", "resolvedInNextRelease"]
Substatus = Literal[
    "ongoing",
    "new",
    "escalating",
    "regressed",
    "archived_until_escalating",
    "archived_until_condition_met",
    "archived_forever",
]
_Count = Annotated[int, Field(ge=0, le=10_000_000)] | None
_Version = Annotated[Plain, Field(max_length=200)] | None


class StatusDetails(Body):
    """How an issue is resolved or ignored; `ignoreDuration` in minutes."""

    inNextRelease: bool | None = None
    inRelease: _Version = None
    ignoreDuration: _Count = None
    ignoreCount: _Count = None
    ignoreWindow: _Count = None
    ignoreUserCount: _Count = None
    ignoreUserWindow: _Count = None


class IssueBody(Body):
    """An update; each key may be left out. The flags of a person are read and not kept."""

    status: Status | None = None
    statusDetails: StatusDetails | None = None
    substatus: Substatus | None = None
    assignedTo: Annotated[Plain, Field(max_length=200)] | None = None
    priority: Literal["low", "medium", "high"] | None = None
    isBookmarked: bool | None = None
    isPublic: bool | None = None
    isSubscribed: bool | None = None
    hasSeen: bool | None = None
    inbox: bool | None = None
    merge: bool | None = None
    discard: bool | None = None


_FLAGS = ("isBookmarked", "isPublic", "isSubscribed", "hasSeen", "inbox")


def read_changes(call: Call, body: IssueBody, project_ids: Iterable[int]) -> dict[str, Any]:
    """The columns that `body` changes, for issues of those projects.

    Raises Invalid for a substatus of another status, for somebody who cannot work on
    these projects, and for merging and discarding, which are not done here.
    """
    for name in ("merge", "discard"):
        if getattr(body, name):
            raise Invalid(fields={name: ["Issues are neither merged nor discarded here."]})
    values = _status(call, body)
    if body.priority is not None:
        values["priority"] = body.priority
    if "assignedTo" in body.model_fields_set:
        values |= _assignee(call, body.assignedTo, project_ids)
    return values


def show_changes(body: IssueBody, values: dict[str, Any], call: Call) -> dict[str, Any]:
    """What a bulk update did, as JSON: the keys that it was about."""
    shown: dict[str, Any] = {
        name: getattr(body, name) for name in _FLAGS if getattr(body, name) is not None
    }
    if "status" in values:
        shown |= {
            "status": values["status"],
            "statusDetails": values["status_details"],
            "substatus": values["substatus"],
        }
    if "priority" in values:
        shown["priority"] = values["priority"]
    if "assignee_user_id" in values:
        shown["assignedTo"] = _show_assignee(call, values)
    return shown


def _status(call: Call, body: IssueBody) -> dict[str, Any]:
    status = body.status and _STATUSES[body.status]
    if body.substatus is not None:
        fitting = _SUBSTATUSES[body.substatus]
        if status is not None and status != fitting:
            raise Invalid(
                fields={"substatus": [f"{body.substatus} is no substatus of {body.status}."]}
            )
        status = fitting
    if status is None:
        return {}
    details = _details(call, body.statusDetails or StatusDetails())
    if body.status == "resolvedInNextRelease":
        details = {"inNextRelease": True}
    return {
        "status": status,
        "substatus": body.substatus or _USUAL[status],
        "status_details": details,
    }


def _details(call: Call, details: StatusDetails) -> dict[str, Any]:
    kept = details.model_dump(exclude_none=True)
    minutes = kept.pop("ignoreDuration", None)
    if minutes is not None:
        kept["ignoreUntil"] = iso(call.services.clock.now() + timedelta(minutes=minutes))
    return kept


def _assignee(call: Call, actor: str | None, project_ids: Iterable[int]) -> dict[str, Any]:
    """The columns of an assignment. Raises Invalid."""
    nobody = {"assignee_user_id": None, "assignee_team_id": None}
    if not actor:
        return nobody
    kind, colon, named = actor.partition(":")
    if colon and kind == "team":
        return nobody | {"assignee_team_id": _team(call, named, set(project_ids))}
    if colon and kind == "user":
        actor = named if parse_id(named) is not None else ""
    return nobody | {"assignee_user_id": _user(call, actor, set(project_ids))}


_members: Select[Any] = (
    select(user.c.id, member.c.id.label("member_id"), member.c.role)
    .select_from(member.join(user, user.c.id == member.c.user_id))
    .where(member.c.organization_id == bindparam("organization_id"))
    .where(user.c.is_active)
)
_member_by_id = _members.where(user.c.id == bindparam("id"))
_member_by_name = _members.where(
    or_(user.c.username == bindparam("name"), user.c.email == bindparam("name"))
)
_projects_of_member = (
    select(project_team.c.project_id)
    .join(team_member, team_member.c.team_id == project_team.c.team_id)
    .where(team_member.c.organizationmember_id == bindparam("member_id"))
)
_projects_of_team = select(project_team.c.project_id).where(
    project_team.c.team_id == bindparam("team_id")
)


def _team(call: Call, named: str, project_ids: set[int]) -> int:
    number = parse_id(named)
    store = call.services.store
    row = None if number is None else find_team(store, call.organization.id, named)
    if row is None:
        raise _refused("Unknown actor input")
    owned = {found.project_id for found in store.all(_projects_of_team, team_id=row.id)}
    if not project_ids <= owned:
        raise _refused("Cannot assign to a team without access to the project")
    return int(row.id)


def _user(call: Call, named: str, project_ids: set[int]) -> int:
    store, organization_id = call.services.store, call.organization.id
    number = parse_id(named)
    if number is not None:
        row = store.one(_member_by_id, organization_id=organization_id, id=number)
    else:
        row = store.one(_member_by_name, organization_id=organization_id, name=named)
    if row is None:
        raise _refused("Unknown actor input")
    if not (call.organization.open_membership or scopes.is_global_role(row.role)):
        seen = store.all(_projects_of_member, member_id=row.member_id)
        if not project_ids <= {found.project_id for found in seen}:
            raise _refused("Cannot assign to non-team member")
    return int(row.id)


def _refused(message: str) -> Invalid:
    return Invalid(fields={"assignedTo": [message]})


def _show_assignee(call: Call, values: dict[str, Any]) -> dict[str, Any] | None:
    store = call.services.store
    if values["assignee_user_id"] is not None:
        row = store.one(select(user).where(user.c.id == values["assignee_user_id"]))
        return row and _show_user(row)
    if values["assignee_team_id"] is not None:
        number = str(values["assignee_team_id"])
        row = find_team(store, call.organization.id, number)
        return row and {"type": "team", "id": number, "name": row.slug}
    return None


def _show_user(row: Row[Any]) -> dict[str, Any]:
    return {
        "type": "user",
        "id": str(row.id),
        "name": row.name or row.username,
        "email": row.email,
    }
