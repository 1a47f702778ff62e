"""Projects as Sentry's JSON has them: in lists, and in full."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, func, select

from harness.sentry.access import Access
from harness.sentry.api.environments import find_environments
from harness.sentry.api.shapes import iso, letter_avatar
from harness.sentry.call import Call
from harness.sentry.schema import (
    event,
    project_bookmark,
    project_team,
    release,
    release_project,
    team,
)

_ids: BindParameter[Any] = bindparam("project_ids", expanding=True)
_teams = (
    select(project_team.c.project_id, team.c.id, team.c.slug, team.c.name)
    .select_from(project_team.join(team, team.c.id == project_team.c.team_id))
    .where(project_team.c.project_id.in_(_ids))
    .order_by(team.c.slug)
)
_first_events = (
    select(event.c.project_id, func.min(event.c.date_created).label("first"))
    .where(event.c.project_id.in_(_ids))
    .group_by(event.c.project_id)
)
_releases = (
    select(release_project.c.project_id, release.c.version)
    .select_from(release_project.join(release, release.c.id == release_project.c.release_id))
    .where(release_project.c.project_id.in_(_ids))
    .order_by(release.c.date_added, release.c.id)
)
_bookmarks = (
    select(project_bookmark.c.project_id)
    .where(project_bookmark.c.user_id == bindparam("user_id"))
    .where(project_bookmark.c.project_id.in_(_ids))
)

# What a mock's projects never receive.
_NEVER = (
    "firstTransactionEvent",
    "hasSessions",
    "hasProfiles",
    "hasReplays",
    "hasFlags",
    "hasMinifiedStackTrace",
    "hasMonitors",
    "hasFeedbacks",
    "hasNewFeedbacks",
    "hasUserReports",
    "hasInsightsHttp",
    "hasInsightsDb",
    "hasInsightsAssets",
    "hasInsightsAppStart",
    "hasInsightsScreenLoad",
    "hasInsightsVitals",
    "hasInsightsCaches",
    "hasInsightsQueues",
    "hasInsightsAgentMonitoring",
    "hasInsightsMCP",
    "hasLogs",
    "hasTraceMetrics",
)

#: The settings of a project and what they are until somebody sets them, by Sentry's names.
SETTINGS: dict[str, Any] = {
    "digestsMinDelay": 300,
    "digestsMaxDelay": 1800,
    "subjectPrefix": "",
    "subjectTemplate": "$shortID - $title",
    "allowedDomains": ["*"],
    "resolveAge": 0,
    "dataScrubber": True,
    "dataScrubberDefaults": True,
    "sensitiveFields": [],
    "safeFields": [],
    "verifySSL": False,
    "scrubIPAddresses": False,
    "scrapeJavaScript": True,
    "defaultEnvironment": None,
    "enableAutoReleaseCreation": True,
    "highlightTags": [],
    "highlightContext": {},
    "scmSourceContextEnabled": False,
}


# What Sentry shows beside them, and a mock has no use for.
_UNUSED: dict[str, Any] = {
    "processingIssues": 0,
    "securityTokenHeader": None,
    "storeCrashReports": None,
    "groupingConfig": "newstyle:2026-01-20",
    "groupingEnhancements": "",
    "derivedGroupingEnhancements": "",
    "secondaryGroupingConfig": None,
    "secondaryGroupingExpiry": 0,
    "fingerprintingRules": "",
    "relayPiiConfig": None,
    "builtinSymbolSources": [],
    "symbolSources": "[]",
    "dynamicSamplingBiases": None,
    "isDynamicallySampled": False,
    "tempestFetchScreenshots": False,
    "debugFilesRole": None,
    "autofixAutomationTuning": "off",
    "seerScannerAutomation": False,
    "seerNightshiftTweaks": None,
    "highlightPreset": {"tags": [], "context": {}},
}


class ProjectSummaries:
    """What is needed to show the projects `rows` to a caller, read at once."""

    def __init__(self, call: Call, rows: Sequence[Row[Any]]) -> None:
        store = call.services.store
        ids = tuple(sorted(row.id for row in rows))
        self._teams: dict[int, list[dict[str, Any]]] = {}
        for row in store.recall(_teams, project_ids=ids):
            shown = {"id": str(row.id), "slug": row.slug, "name": row.name}
            self._teams.setdefault(row.project_id, []).append(shown)
        self._first_events = {
            row.project_id: row.first for row in store.recall(_first_events, project_ids=ids)
        }
        # The last one stands: the newest.
        self._releases = {
            row.project_id: row.version for row in store.recall(_releases, project_ids=ids)
        }
        marks = store.recall(_bookmarks, user_id=call.caller.user_id, project_ids=ids)
        self._bookmarked = {row.project_id for row in marks}
        self._environments = find_environments(store, ids)

    def show(self, row: Row[Any], access: Access) -> dict[str, Any]:
        """A row of `sentry_project` as JSON, in the form of lists."""
        teams = self._teams.get(row.id, [])
        version = self._releases.get(row.id)
        return {
            "id": str(row.id),
            "slug": row.slug,
            "name": row.name,
            "platform": row.platform,
            "platforms": [row.platform] if row.platform else [],
            "dateCreated": iso(row.date_added),
            "status": "active",
            "isBookmarked": row.id in self._bookmarked,
            "isMember": access.is_member_of_project(row.id),
            "hasAccess": access.reaches_project(row.id),
            "access": sorted(access.project_scopes(row.id)),
            "features": ["releases"],
            "firstEvent": iso(self._first_events.get(row.id)),
            **dict.fromkeys(_NEVER, False),
            "team": teams[0] if teams else None,
            "teams": teams,
            "environments": self._environments[row.id],
            "latestRelease": {"version": version} if version else None,
            "latestDeploys": None,
            "isInternal": False,
            "isPublic": False,
            "avatar": letter_avatar(),
            "color": f"#{zlib.crc32(row.slug.encode()) & 0xFFFFFF:06x}",
        }

    def show_all(self, rows: Iterable[Row[Any]], access: Access) -> list[dict[str, Any]]:
        """Rows of one organization, in the form of lists."""
        return [self.show(row, access) for row in rows]


def show_settings(options: dict[str, Any]) -> dict[str, Any]:
    """The settings of a project whose row has `options`."""
    set_here = {name: options[name] for name in SETTINGS if name in options}
    others = {name: value for name, value in options.items() if name not in SETTINGS}
    return _UNUSED | SETTINGS | set_here | {"options": others}
