"""Events as a table of chosen fields: `events/`, and `events/validate/` before it.

Answered from the events that are stored. Only errors are: other datasets have no rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from harness.sentry.api.event_rows import EVENTS, NEWEST_FIRST, kind
from harness.sentry.api.event_search import SEARCH
from harness.sentry.api.filters import read_period, read_projects
from harness.sentry.api.issue_search import tag_condition
from harness.sentry.api.pagination import paginate
from harness.sentry.api.search import parse_query
from harness.sentry.api.shapes import iso
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import ApiError, Invalid
from harness.sentry.schema import event

#: Events that one table is made of, the newest.
MOST_EVENTS: Final = 10_000
#: Fields of one table.
MOST_FIELDS: Final = 20

_EVENTS = "/organizations/{organization_id_or_slug}/events/"
_ERRORS = frozenset({"errors", "discover"})
_EMPTY = frozenset(
    {
        "issuePlatform",
        "logs",
        "ourlogs",
        "profile_functions",
        "replays",
        "spans",
        "tracemetrics",
        "transactions",
        "uptime_results",
    }
)
_FUNCTION = re.compile(r"(\w+)\(([^()]*)\)")

_Rows = Sequence[Row[Any]]


def _user(row: Row[Any]) -> str | None:
    said = (row.data or {}).get("user") or {}
    found = (said.get(name) for name in ("email", "username", "id", "ip_address"))
    return next((str(value) for value in found if value), None)


def _short_id(row: Row[Any]) -> str:
    return f"{row.project_slug.upper()}-{row.short_id}"


#: What a field is, and its type in the table's `meta`.
_FIELDS: dict[str, tuple[str, Callable[[Row[Any]], Any]]] = {
    "id": ("string", lambda row: row.event_id),
    "title": ("string", lambda row: row.title),
    "message": ("string", lambda row: row.message),
    "culprit": ("string", lambda row: row.culprit),
    "timestamp": ("date", lambda row: iso(row.date_created)),
    "issue": ("string", _short_id),
    "issue.id": ("integer", lambda row: row.issue_id),
    "project": ("string", lambda row: row.project_slug),
    "project.name": ("string", lambda row: row.project_slug),
    "project.id": ("integer", lambda row: row.project_id),
    "level": ("string", lambda row: row.level),
    "platform": ("string", lambda row: row.platform),
    "platform.name": ("string", lambda row: row.platform),
    "event.type": ("string", kind),
    "error.type": ("string", lambda row: row.issue_metadata.get("type")),
    "error.value": ("string", lambda row: row.issue_metadata.get("value")),
    "user": ("string", _user),
    "user.display": ("string", _user),
}


def _times(rows: _Rows) -> list[str]:
    return sorted(str(iso(row.date_created)) for row in rows)


#: Functions over the events of a group: type, and value with the argument's field.
_FUNCTIONS: dict[str, tuple[str, Callable[[_Rows, str], Any]]] = {
    "count": ("integer", lambda rows, _: len(rows)),
    "count_unique": (
        "integer",
        lambda rows, name: len({_value(name, row) for row in rows} - {None}),
    ),
    "last_seen": ("date", lambda rows, _: _times(rows)[-1] if rows else None),
    "first_seen": ("date", lambda rows, _: _times(rows)[0] if rows else None),
    "max": ("date", lambda rows, _: _times(rows)[-1] if rows else None),
    "min": ("date", lambda rows, _: _times(rows)[0] if rows else None),
}


@operation("GET", _EVENTS)
def query_events(call: Call) -> Reply:
    """{"data": rows of the fields asked for, "meta": {"fields": {field: type}, …}}.

    A function among the fields, as count(), makes one row of the events that agree in
    all the others. Raises Invalid for a field, a query or an order that cannot be used.
    """
    arguments = call.request.args
    dataset = _read_dataset(arguments.get("dataset", "discover"))
    fields = _read_fields(arguments.getlist("field"), dataset)
    order = _read_order(arguments.getlist("sort"), fields)
    rows = _select(call) if dataset in _ERRORS else ()
    table = _tabulate(rows, fields)
    for name, down in reversed(order):
        table.sort(key=partial(_sort_key, name), reverse=down)
    reply = paginate(call, table, dict)
    types = {name: _type(name) for name in fields}
    meta = {"fields": types, "units": dict.fromkeys(fields), "dataset": dataset}
    reply.body = {"data": reply.body, "meta": meta}
    return reply


@operation("GET", _EVENTS + "validate/")
def validate_query(call: Call) -> Reply:
    """Whether `events/` would take the same parameters: {"valid", and why for each}; 400 if not."""
    arguments = call.request.args
    read_projects(call)
    dataset = arguments.get("dataset", "discover")
    known = dataset in _ERRORS | _EMPTY
    fields = arguments.getlist("field")
    orders = arguments.getlist("orderby") or arguments.getlist("sort")
    verdicts = {
        "projects": [_verdict(None)],
        "dataset": [{"name": dataset, **_verdict(None if known else "Unknown dataset")}],
        "environment": [_verdict(None) for _ in arguments.getlist("environment")[:1]],
        "field": [_judge_field(name, dataset) for name in fields[: MOST_FIELDS + 1]],
        "orderby": [_judge_order(name, fields) for name in orders[:MOST_FIELDS]],
    }
    query = _judge_query(call, arguments.get("query", ""))
    valid = query["valid"] and all(one["valid"] for some in verdicts.values() for one in some)
    return Reply({"valid": valid, **verdicts, "query": query}, 200 if valid else 400)


def _judge_field(name: str, dataset: str) -> dict[str, Any]:
    fault = _fault(lambda: _read_fields([name], dataset))
    shown = None if fault else {"date": "string", "integer": "number"}.get(_type(name), _type(name))
    return {"name": name, "attrType": shown, **_verdict(fault)}


def _judge_order(name: str, fields: Sequence[str]) -> dict[str, Any]:
    fault = _fault(lambda: _read_order([name], fields))
    return {"name": name, "attrType": None, **_verdict(fault)}


def _judge_query(call: Call, query: str) -> dict[str, Any]:
    fault = _fault(lambda: SEARCH.condition(call.services.clock.now(), query))
    terms = () if fault else parse_query(query).terms
    keys = dict.fromkeys(term.key for term in terms)
    fields = [{"name": key, "attrType": "string", **_verdict(None)} for key in keys]
    return {**_verdict(fault), "fields": fields}


def _verdict(fault: str | None) -> dict[str, Any]:
    return {"valid": fault is None, "error": fault}


def _fault(judge: Callable[[], object]) -> str | None:
    try:
        judge()
    except ApiError as error:
        return str(error.body["detail"])
    return None


def _read_dataset(name: str) -> str:
    if name not in _ERRORS | _EMPTY:
        raise Invalid(f"dataset must be one of: {', '.join(sorted(_ERRORS | _EMPTY))}")
    return name


def _read_fields(names: Sequence[str], dataset: str) -> list[str]:
    fields = [name for name in dict.fromkeys(names) if name]
    if not fields:
        raise Invalid("No columns selected")
    if len(fields) > MOST_FIELDS:
        raise Invalid(f"You can view up to {MOST_FIELDS} fields at a time.")
    for name in fields:
        function = _FUNCTION.fullmatch(name)
        if function is None and not re.fullmatch(r"[\w.\-:\[\]]{1,200}", name):
            raise Invalid(f"Invalid characters in field {name[:50]}")
        if function is not None and dataset in _ERRORS and not _is_known(function):
            raise Invalid(f"{name[:50]} is not a valid function here")
    return fields


def _is_known(function: re.Match[str]) -> bool:
    name, argument = function[1], function[2]
    if name in ("max", "min"):
        return argument == "timestamp"
    return name in _FUNCTIONS and bool(argument) == (name == "count_unique")


def _read_order(names: Iterable[str], fields: Sequence[str]) -> list[tuple[str, bool]]:
    """[(field, whether downwards)]."""
    # count() may be written count, as some clients do.
    known = {plain: name for name in fields for plain in (name, name.removesuffix("()"))}
    order = []
    for name in names:
        field = name.removeprefix("-")
        if field not in known:
            raise Invalid("Cannot sort by a field that is not selected.")
        order.append((known[field], name.startswith("-")))
    return order


def _select(call: Call) -> _Rows:
    arguments = call.request.args
    query = arguments.get("query", "").strip()
    statement = EVENTS.where(event.c.project_id.in_(sorted(read_projects(call))))
    statement = statement.where(SEARCH.condition(call.services.clock.now(), query))
    statement = statement.where(*read_period(call).within(event.c.date_created))
    environments = [name for name in arguments.getlist("environment") if name]
    if environments:
        statement = statement.where(tag_condition("environment", environments[:50]))
    return call.services.store.all(statement.order_by(*NEWEST_FIRST).limit(MOST_EVENTS))


def _tabulate(rows: _Rows, fields: Sequence[str]) -> list[dict[str, Any]]:
    functions = [name for name in fields if _FUNCTION.fullmatch(name)]
    plain = [name for name in fields if name not in functions]
    if not functions:
        # Clients link a row to its event, so these come along.
        return [
            {"id": row.event_id, "project.name": row.project_slug}
            | {name: _value(name, row) for name in plain}
            for row in rows
        ]
    groups: dict[tuple[Any, ...], list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(_value(name, row) for name in plain), []).append(row)
    if not plain:
        groups.setdefault((), [])
    return [
        dict(zip(plain, key, strict=True)) | {name: _apply(name, group) for name in functions}
        for key, group in groups.items()
    ]


def _apply(name: str, rows: _Rows) -> Any:
    function = _FUNCTION.fullmatch(name)
    if function is None or function[1] not in _FUNCTIONS:
        # Of a dataset that has no rows.
        return None
    return _FUNCTIONS[function[1]][1](rows, function[2])


def _value(name: str, row: Row[Any]) -> Any:
    if name in _FIELDS:
        return _FIELDS[name][1](row)
    key = name.removeprefix("tags[").removesuffix("]")
    return next((tag["value"] for tag in row.tags if tag["key"] == key), None)


def _type(name: str) -> str:
    function = _FUNCTION.fullmatch(name)
    if function is not None:
        return _FUNCTIONS[function[1]][0] if function[1] in _FUNCTIONS else "number"
    return _FIELDS[name][0] if name in _FIELDS else "string"


def _sort_key(name: str, row: dict[str, Any]) -> tuple[bool, bool, Any]:
    """Orders rows by one column; None comes first."""
    value = row[name]
    return (value is not None, isinstance(value, str), value if value is not None else 0)
