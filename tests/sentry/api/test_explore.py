"""Events as a table of chosen fields, and the check before it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import Sentry, assert_plain_denial

EVENTS = "/organizations/acme/events/"


def table(sentry: Sentry, query: str, name: str = "olivia") -> Any:
    answer = sentry.api("GET", f"{EVENTS}?{query}", sentry.user(name))
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_row_has_the_fields_asked_for(sentry: Sentry) -> None:
    fields = ["issue", "issue.id", "title", "project", "timestamp", "level", "browser", "user"]
    query = "&".join(f"field={name}" for name in fields)
    answer = table(sentry, f"{query}&query=browser:Chrome*")
    [row] = answer["data"]
    assert row["issue"] == "WEB-APP-1"
    assert row["issue.id"] == 90001
    assert row["project"] == row["project.name"] == "web-app"
    assert row["browser"] == "Chrome 143"
    assert row["user"] is None
    assert answer["meta"]["fields"]["issue.id"] == "integer"
    assert answer["meta"]["fields"]["timestamp"] == "date"


def test_functions_group_the_rows(sentry: Sentry) -> None:
    query = "field=project&field=count()&field=count_unique(title)&field=last_seen()&sort=-count()"
    rows = table(sentry, query)["data"]
    assert [(row["project"], row["count()"], row["count_unique(title)"]) for row in rows] == [
        ("web-app", 10, 4),
        ("api", 5, 2),
        ("payments", 2, 1),
    ]
    assert all(row["last_seen()"] < "2026-01-15T12" for row in rows)
    [alone] = table(sentry, "field=count()&query=nothing has this title")["data"]
    assert alone == {"count()": 0}


def test_an_order_is_kept_over_pages(sentry: Sentry) -> None:
    query = "field=title&field=timestamp&sort=-timestamp"
    times = [row["timestamp"] for row in table(sentry, query)["data"]]
    assert times == sorted(times, reverse=True)
    page = table(sentry, f"{query}&per_page=2&cursor=0:2:0")["data"]
    assert [row["timestamp"] for row in page] == times[2:4]
    names = [row["browser"] for row in table(sentry, "field=browser&sort=browser")["data"]]
    assert names[0] is None
    assert names[-1] == "Firefox 140"


def test_a_table_has_the_projects_in_reach(sentry: Sentry) -> None:
    rows = table(sentry, "field=project&field=count()", "mia")["data"]
    assert rows == [{"project": "web-app", "count()": 10}]
    answer = sentry.api("GET", f"{EVENTS}?field=title&project=payments", sentry.user("mia"))
    assert_plain_denial(answer)


def test_only_errors_have_rows(sentry: Sentry) -> None:
    assert table(sentry, "dataset=spans&field=span.op")["data"] == []
    assert table(sentry, "dataset=logs&field=p95(span.duration)")["data"] == [
        {"p95(span.duration)": None}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "field=",
        "field=title&dataset=nothing",
        "field=ti%20tle",
        "field=p95(title)",
        "field=count(title)",
        "field=count_unique()",
        "field=max(title)",
        "field=title&sort=-message",
        "field=title&query=foo:",
        "&".join(f"field=f{n}" for n in range(21)),
        f"field={'x' * 300}",
    ],
)
def test_a_table_that_cannot_be_made_is_400(sentry: Sentry, query: str) -> None:
    answer = sentry.api("GET", f"{EVENTS}?{query}", sentry.user("olivia"))
    assert answer.status_code == 400, answer.text
    assert isinstance(answer.json["detail"], str)


def test_the_check_agrees_with_the_table(sentry: Sentry) -> None:
    good = "field=title&field=count()&orderby=-count()&query=level:error&dataset=errors"
    answer = sentry.api("GET", f"{EVENTS}validate/?{good}", sentry.user("mia"))
    assert answer.status_code == 200
    assert answer.json["valid"] is True
    assert [one["attrType"] for one in answer.json["field"]] == ["string", "number"]
    assert [one["name"] for one in answer.json["query"]["fields"]] == ["level"]


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("field=ti%20tle", "field"),
        ("field=title&orderby=message", "orderby"),
        ("field=title&dataset=nothing", "dataset"),
        ("field=title&query=foo:", "query"),
    ],
)
def test_the_check_names_the_part_that_is_wrong(sentry: Sentry, query: str, part: str) -> None:
    answer = sentry.api("GET", f"{EVENTS}validate/?{query}", sentry.user("mia"))
    assert (answer.status_code, answer.json["valid"]) == (400, False)
    verdicts = answer.json[part]
    [wrong] = verdicts if isinstance(verdicts, list) else [verdicts]
    assert wrong["valid"] is False
    assert wrong["error"]
