"""What clients ask for beside an issue: hashes, runs of Seer, other trackers, replays, sources.

All but the hashes are not kept here; each answer says so in the form of a Sentry
that has none of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam

from harness.sentry.api.event_rows import EVENTS, NEWEST_FIRST, show_event
from harness.sentry.api.filters import read_projects
from harness.sentry.api.pagination import paginate
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Invalid, NotFound
from harness.sentry.grouping import hash_title
from harness.sentry.schema import event

_ISSUE = "/organizations/{organization_id_or_slug}/issues/{issue_id}"

_latest = EVENTS.where(event.c.issue_id == bindparam("issue_id")).order_by(*NEWEST_FIRST).limit(1)


@operation("GET", f"{_ISSUE}/hashes/")
def list_hashes(call: Call) -> Reply:
    """[{"id": what the issue's events share, "latestEvent"}]; an issue here has one."""
    row = call.services.store.one(_latest, issue_id=call.issue.id)
    shown = {
        "id": call.issue.hash or hash_title(call.issue.title),
        "latestEvent": row and show_event(row),
        "mergedBySeer": False,
        "seerMatchDistance": None,
    }
    return paginate(call, [shown], dict)


@operation("GET", f"{_ISSUE}/autofix/")
def read_autofix(_: Call) -> dict[str, Any]:
    """{"autofix": null}: no run of Seer is kept on an issue."""
    return {"autofix": None}


@operation("POST", f"{_ISSUE}/autofix/")
def start_autofix(_: Call) -> Reply:
    """Raises NotFound: no Seer that would fix the issue is connected."""
    raise NotFound(rule="not-served")


@operation("GET", f"{_ISSUE}/external-issues/")
def list_external_issues(_: Call) -> list[Any]:
    """[]: no issue of another tracker is linked."""
    return []


@operation("GET", "/organizations/{organization_id_or_slug}/replay-count/")
def count_replays(call: Call) -> dict[str, Any]:
    """{id: number of replays}, for those that have any: none has."""
    read_projects(call)
    return {}


@operation("GET", "/projects/{organization_id_or_slug}/{project_id_or_slug}/stacktrace-link/")
def read_stacktrace_link(call: Call) -> dict[str, Any]:
    """No link: no repository is connected. Raises Invalid where no `file=` is named."""
    if not call.request.args.get("file"):
        raise Invalid("Filepath is required")
    return {
        "config": None,
        "sourceUrl": None,
        "integrations": [],
        "error": "no_code_mappings_for_project",
    }
