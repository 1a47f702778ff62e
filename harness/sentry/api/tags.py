"""Tags of an issue's events: their values, and how often each was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select

from harness.sentry.api.pagination import paginate
from harness.sentry.api.shapes import iso
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import NotFound
from harness.sentry.schema import event

#: Values that a tag shows unless they are all asked for.
TOP: Final = 10

_TAGS = "/organizations/{organization_id_or_slug}/issues/{issue_id}/tags/"
_of_issue = select(event.c.tags, event.c.date_created).where(
    event.c.issue_id == bindparam("issue_id")
)


@dataclass(slots=True)
class _Value:
    """One value of a tag."""

    value: str
    first_seen: datetime
    last_seen: datetime
    count: int = 0


@operation("GET", _TAGS)
def list_tags(call: Call) -> list[dict[str, Any]]:
    """The tags of the issue's events, each with its commonest values."""
    return [_show_tag(key, values) for key, values in sorted(_count(call).items())]


@operation("GET", _TAGS + "{key}/")
def read_tag(call: Call) -> dict[str, Any]:
    """One tag, with its commonest values. Raises NotFound where no event has it."""
    key = call.parameter("key")
    return _show_tag(key, _values(call, key))


@operation("GET", _TAGS + "{key}/values/")
def list_tag_values(call: Call) -> Reply:
    """Every value of a tag, the commonest first."""
    return paginate(call, _values(call, call.parameter("key")), _show_value)


def count_tags(call: Call) -> list[dict[str, Any]]:
    """[{"key", "name", "totalValues"}] of the call's issue, by key."""
    return [
        {"key": key, "name": _name(key), "totalValues": sum(value.count for value in values)}
        for key, values in sorted(_count(call).items())
    ]


def _values(call: Call, key: str) -> list[_Value]:
    values = _count(call).get(key)
    if values is None:
        raise NotFound()
    return values


def _count(call: Call) -> dict[str, list[_Value]]:
    """{key: values, the commonest first}."""
    found: dict[str, dict[str, _Value]] = {}
    for row in call.services.store.all(_of_issue, issue_id=call.issue.id):
        at = row.date_created
        for tag in row.tags:
            values = found.setdefault(tag["key"], {})
            value = values.setdefault(tag["value"], _Value(tag["value"], at, at))
            value.count += 1
            value.first_seen = min(value.first_seen, at)
            value.last_seen = max(value.last_seen, at)
    return {key: _order(values.values()) for key, values in found.items()}


def _order(values: Iterable[_Value]) -> list[_Value]:
    return sorted(values, key=lambda value: (-value.count, value.value))


def _show_tag(key: str, values: list[_Value]) -> dict[str, Any]:
    return {
        "key": key,
        "name": _name(key),
        "uniqueValues": len(values),
        "totalValues": sum(value.count for value in values),
        "topValues": [_show_value(value) | {"key": key} for value in values[:TOP]],
    }


def _name(key: str) -> str:
    """The tag's name for people."""
    return key.replace("_", " ").title()


def _show_value(value: _Value) -> dict[str, Any]:
    return {
        "name": value.value,
        "value": value.value,
        "count": value.count,
        "firstSeen": iso(value.first_seen),
        "lastSeen": iso(value.last_seen),
    }
