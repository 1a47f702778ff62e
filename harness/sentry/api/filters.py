"""Filters that lists of issues and events share: projects, period and environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from harness.sentry.api.reach import reach_projects
from harness.sentry.api.search import parse_time
from harness.sentry.call import Call
from harness.sentry.errors import Denied, Invalid

#: Instead of a project's id: every project in reach.
ALL_PROJECTS = "-1"

_PERIOD = re.compile(r"\d{1,4}[smhdw]")


def read_projects(call: Call) -> dict[int, Row[Any]]:
    """{id: row} of the projects that the call is about, each in reach and with its scopes.

    `project=` (an id, a slug or -1) and `projectSlug=` name them, again and again;
    without them it is all that are in reach. Raises Denied, plain, for one that is not:
    whether it exists is not told.
    """
    rows = reach_projects(call, call.access)
    within = {row.id: row for row in rows if _holds_scopes(call, row.id)}
    arguments = call.request.args
    named = set(arguments.getlist("project")) | set(arguments.getlist("projectSlug"))
    named.discard("")
    if not named or ALL_PROJECTS in named:
        return within
    by_name = {name: row for row in within.values() for name in (str(row.id), row.slug)}
    if not named <= by_name.keys():
        raise Denied(rule="project-access")
    return {by_name[name].id: by_name[name] for name in named}


def _holds_scopes(call: Call, project_id: int) -> bool:
    wanted = call.operation.scopes
    return not call.access.project_scopes(project_id).isdisjoint(wanted)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`; None: no bound."""

    start: datetime | None = None
    end: datetime | None = None

    def within(self, column: Any) -> list[Any]:
        """The conditions that hold a column of times within the period."""
        conditions = []
        if self.start is not None:
            conditions.append(column >= self.start)
        if self.end is not None:
            conditions.append(column <= self.end)
        return conditions


def read_period(call: Call) -> Period:
    """From `start` to `end`, where they are given.

    `statsPeriod` (as 24h) must be one, and hides nothing: clients send it unasked, and a
    world may be older than the clock that runs over it. Raises Invalid where one of
    them cannot be read.
    """
    text = call.request.args.get("statsPeriod")
    if text and not _PERIOD.fullmatch(text):
        raise Invalid(f"Invalid statsPeriod: {text!r}")
    return Period(_read_time(call, "start"), _read_time(call, "end"))


def _read_time(call: Call, name: str) -> datetime | None:
    text = call.request.args.get(name)
    if not text:
        return None
    moment = parse_time(text)
    if moment is None:
        raise Invalid(f"start and end are dates in ISO 8601, not {text!r}")
    return moment
