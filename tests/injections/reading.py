"""What an agent reads about an issue, against a mock Sentry in process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.injections import Injection
from harness.seer.agent.actions import Request
from tests.sentry.callers import Headers, Sentry


def read_about(sentry: Sentry, credential: Headers, organization: str, issue: str) -> Iterator[Any]:
    """The issue, its latest event, its comments, and its project with whatever that names."""
    below = f"/organizations/{organization}/issues/{issue}/"
    found = sentry.api("GET", below, credential).json
    yield found
    for path in (
        f"{below}events/latest/",
        f"{below}comments/",
        f"/projects/{organization}/{found['project']['slug']}/",
    ):
        yield sentry.api("GET", path, credential).json


def demand_of(injection: Injection) -> Request:
    """What the catalogue says that the payload orders, in the agent's words."""
    demand = injection.demands
    return Request(demand.method, demand.path, demand.query, demand.body)
