"""Events: of an issue, of a project, and one by its id."""

from __future__ import annotations

from typing import Any

import pytest

from harness.sentry.schema import event as event_table
from tests.sentry.callers import Sentry, assert_missing, assert_plain_denial

ISSUE = "/organizations/acme/issues/90001/events/"
PROJECT = "/projects/acme/web-app/events/"


def events(sentry: Sentry, path: str = ISSUE) -> list[dict[str, Any]]:
    answer = sentry.api("GET", path, sentry.user("mia"))
    assert answer.status_code == 200, answer.text
    shown: list[dict[str, Any]] = answer.json
    return shown


def test_an_issue_has_its_events_newest_first(sentry: Sentry) -> None:
    shown = events(sentry)
    assert len(shown) == 3
    dates = [event["dateCreated"] for event in shown]
    assert dates == sorted(dates, reverse=True)
    assert {event["groupID"] for event in shown} == {"90001"}
    assert {event["event.type"] for event in shown} == {"error"}
    assert "entries" not in shown[0]
    assert "entries" in events(sentry, f"{ISSUE}?full=true")[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("query=browser:Chrome*", 1),
        ("query=!browser:Chrome*", 2),
        ("query=guest", 1),
        ("query=title:TypeError*", 3),
        ("query=issue:api-1", 0),
        ("query=has:browser is:unresolved platform:javascript-react", 3),
        ("query=has:colour", 0),
        ("query=error.type:TypeError timestamp:-60d", 3),
        ("query=timestamp:>2026-01-15", 0),
        ("query=issue.id:90001 project:web-app", 3),
        ("environment=production", 3),
        ("environment=nowhere", 0),
        ("statsPeriod=1s", 3),
        ("start=2026-01-15T00:00:00Z", 0),
        ("per_page=2", 2),
    ],
)
def test_a_list_is_narrowed(sentry: Sentry, query: str, count: int) -> None:
    assert len(events(sentry, f"{ISSUE}?{query}")) == count


def test_latest_and_oldest_are_the_ends(sentry: Sentry) -> None:
    ids = [event["eventID"] for event in events(sentry)]
    latest, middle, oldest = ids
    read = {name: events(sentry, f"{ISSUE}{name}/") for name in ("latest", "oldest")}
    assert read["latest"] == events(sentry, f"{ISSUE}recommended/")
    shown: Any = read["latest"]
    assert (shown["eventID"], shown["nextEventID"], shown["previousEventID"]) == (
        latest,
        None,
        middle,
    )
    shown = read["oldest"]
    assert (shown["eventID"], shown["nextEventID"], shown["previousEventID"]) == (
        oldest,
        middle,
        None,
    )
    shown = events(sentry, f"{ISSUE}{middle}/")
    assert (shown["nextEventID"], shown["previousEventID"]) == (latest, oldest)
    assert [entry["type"] for entry in shown["entries"]] == ["exception", "message"]


def test_an_event_is_found_by_its_id_with_or_without_hyphens(sentry: Sentry) -> None:
    plain = events(sentry)[0]["eventID"]
    parts = (plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:])
    for written in (plain, plain.upper(), "-".join(parts)):
        for path in (ISSUE, PROJECT):
            shown: Any = events(sentry, f"{path}{written}/")
            assert shown["eventID"] == plain
        answer = sentry.api("GET", f"/organizations/acme/eventids/{written}/", sentry.user("mia"))
        assert answer.json["groupId"] == "90001"
        assert answer.json["event"]["eventID"] == answer.json["eventId"] == plain


@pytest.mark.parametrize("event_id", ["0" * 32, "latest-", "x" * 32, "9" * 40])
def test_another_id_is_missing(sentry: Sentry, event_id: str) -> None:
    for path in (
        f"{ISSUE}{event_id}/",
        f"{PROJECT}{event_id}/",
        f"{PROJECT}{event_id}/attachments/",
    ):
        assert_missing(sentry.api("GET", path, sentry.user("mia")))


def test_an_event_of_another_issue_or_project_is_missing(sentry: Sentry) -> None:
    other = sentry.api(
        "GET", "/organizations/acme/issues/API-1/events/latest/", sentry.user("olivia")
    ).json["eventID"]
    assert_missing(sentry.api("GET", f"{ISSUE}{other}/", sentry.user("olivia")))
    assert_missing(sentry.api("GET", f"{PROJECT}{other}/", sentry.user("olivia")))
    path = f"/organizations/acme/eventids/{other}/"
    assert sentry.api("GET", path, sentry.user("olivia")).status_code == 200
    # Its project is out of mia's reach, and in no reach of Globex.
    assert_missing(sentry.api("GET", path, sentry.user("mia")))
    assert_missing(sentry.api("GET", path.replace("acme", "globex"), sentry.user("olivia")))


def test_an_issue_without_events_has_no_latest(sentry: Sentry) -> None:
    with sentry.services.store.transaction() as connection:
        connection.execute(event_table.delete())
    assert events(sentry) == []
    assert_missing(sentry.api("GET", f"{ISSUE}latest/", sentry.user("mia")))


def test_a_project_has_its_events(sentry: Sentry) -> None:
    assert len(events(sentry, PROJECT)) == 10
    assert_plain_denial(sentry.api("GET", PROJECT, sentry.user("bo")))
    event_id = events(sentry)[0]["eventID"]
    assert events(sentry, f"{PROJECT}{event_id}/attachments/") == []


def test_events_out_of_reach_are_denied(sentry: Sentry) -> None:
    path = "/organizations/acme/issues/PAYMENTS-1/events/"
    assert_plain_denial(sentry.api("GET", path, sentry.user("mia")))
    assert_plain_denial(sentry.api("GET", f"{path}latest/", sentry.user("mia")))
