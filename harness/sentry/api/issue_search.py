"""Finding issues: what the `query=` of an issue list may say, its order and its filters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    cast,
    exists,
    false,
    func,
    or_,
    true,
)

from harness.sentry.api.filters import Period
from harness.sentry.api.issue_rows import ISSUES, SHORT_ID
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
from harness.sentry.call import Call
from harness.sentry.errors import Invalid
from harness.sentry.schema import event, issue, project, team, user

#: What a list without `query=` shows.
DEFAULT_QUERY = "is:unresolved"

_ORDERS: dict[str, Any] = {
    "date": issue.c.last_seen,
    "new": issue.c.first_seen,
    "freq": issue.c.times_seen,
    "user": issue.c.user_count,
    # The rest weigh what is not kept here: the newest first.
    "inbox": issue.c.last_seen,
    "recommended": issue.c.last_seen,
    "trends": issue.c.last_seen,
}

_STATUSES = {
    "unresolved": "unresolved",
    "resolved": "resolved",
    "ignored": "ignored",
    "archived": "ignored",
    "muted": "ignored",
}
_SUBSTATUSES = frozenset(
    {
        "new",
        "ongoing",
        "escalating",
        "regressed",
        "archived_until_escalating",
        "archived_until_condition_met",
        "archived_forever",
    }
)

_assigned = or_(issue.c.assignee_user_id.is_not(None), issue.c.assignee_team_id.is_not(None))


@dataclass(frozen=True, slots=True)
class Asking:
    """Who searches, and when: `me`, `my_teams` and `-24h` mean something to them."""

    user_id: int | None
    team_ids: tuple[int, ...]
    now: datetime

    @classmethod
    def of(cls, call: Call) -> Asking:
        """Whoever makes `call`."""
        teams = tuple(sorted(call.access.team_roles))
        return cls(call.caller.user_id, teams, call.services.clock.now())


def select_issues(
    call: Call, project_ids: Iterable[int], query: str, period: Period | None = None
) -> Select[Any]:
    """The issues (`ISSUES`) of those projects that `query` and the call's filters ask for.

    In the order of the call's `sort`. Raises Invalid.
    """
    statement = ISSUES.where(issue.c.project_id.in_(sorted(project_ids)))
    statement = statement.where(SEARCH.condition(Asking.of(call), query))
    environments = [name for name in call.request.args.getlist("environment") if name]
    if environments:
        statement = statement.where(_has_tag("environment", environments[:_MOST_ENVIRONMENTS]))
    if period is not None:
        statement = statement.where(*period.within(issue.c.last_seen))
    order = _ORDERS.get(call.request.args.get("sort", "date"))
    if order is None:
        raise Invalid(f"Invalid sort: choose one of {', '.join(_ORDERS)}.")
    return statement.order_by(order.desc(), issue.c.id.desc())


_MOST_ENVIRONMENTS = 50


def tag_condition(key: str, values: Iterable[str]) -> ColumnElement[bool]:
    """Events with that tag at one of the values; one may end in `*`.

    Raises Invalid for a `*` elsewhere.
    """
    text = cast(event.c.tags, Text)
    return or_(*(text.contains(_tag(key, value), autoescape=True) for value in values))


def _tag(key: str, value: str) -> str:
    """The text of a tag within the stored JSON of an event's tags."""
    beginning = value.removesuffix("*")
    if "*" in beginning:
        raise Invalid(f"Error parsing search query: {key}: a * stands at the end of a tag's value")
    text = json.dumps({"key": key, "value": beginning})
    return text if beginning == value else text.removesuffix('"}')


def _has_tag(key: str, values: Iterable[str]) -> ColumnElement[bool]:
    return exists().where(event.c.issue_id == issue.c.id).where(tag_condition(key, values))


def _by_tag(_: Asking, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    key = term.key.removeprefix("tags[").removesuffix("]")
    return _has_tag(key, term.values)


def _by_having(_: Asking, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return or_(*(_has_tag(key, ["*"]) for key in term.values))


def _by_state(_: Asking, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return or_(*(_state(term, value) for value in term.values))


def _state(term: Term, value: str) -> ColumnElement[bool]:
    if value in _STATUSES:
        return issue.c.status == _STATUSES[value]
    if value in _SUBSTATUSES:
        return func.coalesce(issue.c.substatus, "") == value
    if value == "assigned":
        return _assigned
    if value == "unassigned":
        return ~_assigned
    if value in ("linked", "unlinked"):
        # Issues of other trackers are not kept here.
        return true() if value == "unlinked" else false()
    raise unknown_value(term)


def _by_assignee(asking: Asking, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return or_(*(_assignee(asking, value) for value in term.values))


def _assignee(asking: Asking, value: str) -> ColumnElement[bool]:
    if value == "none":
        return ~_assigned
    if value == "me":
        return func.coalesce(issue.c.assignee_user_id, -1) == (asking.user_id or 0)
    if value == "my_teams":
        return func.coalesce(issue.c.assignee_team_id, -1).in_(asking.team_ids)
    if value.startswith("#"):
        return func.coalesce(team.c.slug, "") == value[1:]
    return or_(
        func.coalesce(user.c.username, "") == value, func.coalesce(user.c.email, "") == value
    )


def _by_priority(_: Asking, term: Term) -> ColumnElement[bool]:
    if not set(term.values) <= {"low", "medium", "high"}:
        raise unknown_value(term)
    return match_text(issue.c.priority, term)


def _by_error(name: str) -> Any:
    column = func.coalesce(issue.c.metadata[name].as_string(), "")
    return lambda _, term: match_text(column, term)


def _by_category(_: Asking, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    # Errors are what is kept here.
    return true() if "error" in term.values else false()


def _by_text(text: str) -> ColumnElement[bool]:
    return or_(match_contained(issue.c.title, text), match_contained(issue.c.culprit, text))


def _text(column: Any) -> Any:
    return lambda _, term: match_text(column, term)


def _number(column: Any) -> Any:
    return lambda _, term: match_number(column, term)


def _time(column: Any) -> Any:
    return lambda asking, term: match_time(column, term, asking.now)


def _contained(_: Asking, term: Term) -> ColumnElement[bool]:
    refuse_operator(term)
    return or_(*(_by_text(value) for value in term.values))


SEARCH: Search[Asking] = Search(
    fields={
        "is": _by_state,
        "has": _by_having,
        "assigned": _by_assignee,
        "assignee": _by_assignee,
        "assigned_or_suggested": _by_assignee,
        "level": _text(issue.c.level),
        "priority": _by_priority,
        "issue.priority": _by_priority,
        "issue.category": _by_category,
        "issue.type": _by_category,
        "issue": lambda _, term: match_text(
            SHORT_ID, Term(term.key, tuple(map(str.upper, term.values)), term.operator)
        ),
        "issue.id": _number(issue.c.id),
        "project": _text(project.c.slug),
        "project.name": _text(project.c.slug),
        "project.id": _number(project.c.id),
        "title": _text(issue.c.title),
        "culprit": _text(issue.c.culprit),
        "message": _contained,
        "error.type": _by_error("type"),
        "error.value": _by_error("value"),
        "timesSeen": _number(issue.c.times_seen),
        "firstSeen": _time(issue.c.first_seen),
        "lastSeen": _time(issue.c.last_seen),
        "age": _time(issue.c.first_seen),
    },
    other=_by_tag,
    text=_by_text,
)
