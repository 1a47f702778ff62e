"""Monitors of scheduled jobs: none, in a mock."""

from __future__ import annotations

from harness.sentry.api.pagination import paginate
from harness.sentry.call import Call, Reply, operation


@operation("GET", "/organizations/{organization_id_or_slug}/monitors/")
def list_monitors(call: Call) -> Reply:
    """An empty list."""
    return paginate(call, [], lambda row: row)
