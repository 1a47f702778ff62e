"""What clients ask for beside an issue."""

from __future__ import annotations

import pytest

from harness.sentry.grouping import hash_title
from tests.sentry.callers import Sentry, assert_challenge, assert_missing, assert_plain_denial

ISSUE = "/organizations/acme/issues/WEB-APP-1"
LINK = "/projects/acme/web-app/stacktrace-link/"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{ISSUE}/autofix/", {"autofix": None}),
        (f"{ISSUE}/external-issues/", []),
        ("/organizations/acme/replay-count/?query=issue.id:[90001]&project=-1", {}),
    ],
)
def test_what_is_not_kept_is_empty(sentry: Sentry, path: str, body: object) -> None:
    answer = sentry.api("GET", path, sentry.agent("mia"))
    assert (answer.status_code, answer.json) == (200, body)


def test_no_autofix_is_started(sentry: Sentry) -> None:
    path = f"{ISSUE}/autofix/"
    assert_challenge(sentry.api("POST", path, sentry.agent("mia"), {}), "event:admin event:write")
    assert_missing(sentry.api("POST", path, sentry.user("mia"), {}))


def test_a_project_out_of_reach_is_denied(sentry: Sentry) -> None:
    path = "/organizations/acme/replay-count/?project=payments"
    assert_plain_denial(sentry.api("GET", path, sentry.user("mia")))
    assert_plain_denial(sentry.api("GET", f"{LINK}?file=a.js", sentry.user("bo")))


def test_no_repository_is_connected(sentry: Sentry) -> None:
    answer = sentry.api("GET", f"{LINK}?file=a.js", sentry.user("mia"))
    assert answer.json["error"] == "no_code_mappings_for_project"
    assert sentry.api("GET", LINK, sentry.user("mia")).status_code == 400


def test_an_issue_has_the_hash_of_its_events(sentry: Sentry) -> None:
    [shown] = sentry.api("GET", f"{ISSUE}/hashes/", sentry.user("mia")).json
    title = "TypeError: Cannot read properties of undefined (reading 'total')"
    assert shown["id"] == hash_title(title)
    latest = sentry.api("GET", f"{ISSUE}/events/latest/", sentry.user("mia")).json
    assert shown["latestEvent"]["eventID"] == latest["eventID"]
