"""Connected repositories: none, in a mock."""

from __future__ import annotations

from harness.sentry.api.pagination import paginate
from harness.sentry.call import Call, Reply, operation


@operation("GET", "/organizations/{organization_id_or_slug}/repos/")
def list_repositories(call: Call) -> Reply:
    """An empty list."""
    return paginate(call, [], lambda row: row)
