"""Issues: who sees which, what a query finds, and what an update changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import (
    Headers,
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)

ACME = "/organizations/acme/issues/"
WEB = "/projects/acme/web-app/issues/"
#: WEB-APP-1 of the world.
FIRST = "90001"


def found(sentry: Sentry, query: str, name: str = "olivia", path: str = ACME) -> list[str]:
    """The short ids that a list shows, in its order."""
    answer = sentry.api("GET", path, sentry.user(name), query_string=query)
    assert answer.status_code == 200, answer.text
    return [issue["shortId"] for issue in answer.json]


def put(sentry: Sentry, body: object, name: str = "olivia", issue: str = FIRST) -> Any:
    return sentry.api("PUT", f"{ACME}{issue}/", sentry.user(name), body)


# Lists


def test_a_list_shows_what_is_unresolved_unless_a_query_says_otherwise(sentry: Sentry) -> None:
    unresolved = {"WEB-APP-1", "WEB-APP-4", "API-1", "API-2", "PAYMENTS-1"}
    assert set(found(sentry, "")) == unresolved
    assert set(found(sentry, "query=")) == unresolved | {"WEB-APP-2", "WEB-APP-3"}


@pytest.mark.parametrize(
    ("name", "short_ids"),
    [
        ("mia", {"WEB-APP-1", "WEB-APP-2", "WEB-APP-3", "WEB-APP-4"}),
        ("bo", {"API-1", "API-2"}),
        ("ada", {"API-1", "API-2", "PAYMENTS-1"}),
    ],
)
def test_a_list_has_the_projects_in_reach(sentry: Sentry, name: str, short_ids: set[str]) -> None:
    assert set(found(sentry, "query=", name)) == short_ids
    assert set(found(sentry, "query=&project=-1", name)) == short_ids


def test_projects_are_named_by_id_and_by_slug(sentry: Sentry) -> None:
    projects = {one["slug"]: one["id"] for one in sentry.world["projects"]}
    assert set(found(sentry, f"query=&project={projects['api']}")) == {"API-1", "API-2"}
    assert set(found(sentry, "query=&project=api&project=payments")) == {
        "API-1",
        "API-2",
        "PAYMENTS-1",
    }


@pytest.mark.parametrize("project", ["payments", "portal", "9", "no-such", "99999999999999"])
def test_a_project_out_of_reach_is_denied_whether_it_exists_or_not(
    sentry: Sentry, project: str
) -> None:
    answer = sentry.api("GET", ACME, sentry.user("mia"), query_string={"project": project})
    assert_plain_denial(answer)


QUERIES = [
    ("is:resolved", "WEB-APP-2"),
    ("is:ignored", "WEB-APP-3"),
    ("is:archived", "WEB-APP-3"),
    ("is:new", "WEB-APP-4"),
    ("is:assigned", "WEB-APP-1 WEB-APP-3 API-1"),
    ("is:unassigned is:unresolved", "WEB-APP-4 API-2 PAYMENTS-1"),
    ("assigned:mia@example.com", "WEB-APP-1"),
    ("assigned:#web", "WEB-APP-3"),
    ("assigned:[me, none] is:unresolved", "WEB-APP-4 API-2 PAYMENTS-1"),
    ("TOTAL", "WEB-APP-1"),
    ('"(reading \'total"', "WEB-APP-1"),
    ("stock service", "API-1"),
    ("level:fatal", "API-1"),
    ("level:[fatal, info]", "API-1 WEB-APP-3"),
    ("!level:error", "API-1 WEB-APP-2 WEB-APP-3"),
    ("error.type:TypeError level:error timesSeen:>9", "WEB-APP-1"),
    ("error.type:[ValueError,TypeError] project:payments", "PAYMENTS-1"),
    ("title:*total'*", "WEB-APP-1"),
    ("issue:web-app-1", "WEB-APP-1"),
    ("timesSeen:>=128", "WEB-APP-1"),
    ("project:payments", "PAYMENTS-1"),
    ("project.name:payments !has:browser", "PAYMENTS-1"),
    ("lastSeen:+1d lastSeen:-1000w project:payments", "PAYMENTS-1"),
    ("lastSeen:-1s", ""),
    ("firstSeen:<2020-01-01", ""),
    ("age:>2020-01-01 issue.priority:low", "WEB-APP-3"),
    ('browser:"Firefox 140"', "WEB-APP-1"),
    ("tags[browser]:Chrome*", "WEB-APP-1"),
    ("has:browser", "WEB-APP-1"),
    ("browser:Firefox_140", ""),
    ("100%", ""),
    ("issue.category:error level:fatal", "API-1"),
    ("issue.category:performance", ""),
    ("is:linked", ""),
]


def test_a_query_finds(stored_sentry: Sentry) -> None:
    credential = stored_sentry.user("olivia")
    for query, short_ids in QUERIES:
        answer = stored_sentry.api("GET", ACME, credential, query_string={"query": query})
        assert answer.status_code == 200, answer.text
        assert {issue["shortId"] for issue in answer.json} == set(short_ids.split()), query


def test_me_is_the_caller(sentry: Sentry) -> None:
    assert found(sentry, "query=assigned:me", "mia") == ["WEB-APP-1"]
    assert found(sentry, "query=assigned:my_teams", "mia") == ["WEB-APP-3"]
    # An integration has nobody's issues.
    answer = sentry.api("GET", f"{ACME}?query=assigned:me", sentry.integration())
    assert answer.json == []


@pytest.mark.parametrize(
    "query",
    [
        "query=is:nothing",
        "query=foo:",
        "query=level:[]",
        "query=timesSeen:many",
        "query=timesSeen:99999999999999999999",
        "query=firstSeen:yesterday",
        "query=level:>error",
        "query=issue.priority:urgent",
        "query=browser:*fox",
        "query=" + "a:b " * 101,
        "query=" + "x" * 5000,
        "sort=colour",
        "statsPeriod=14 days",
        "start=yesterday",
        "per_page=0",
        "per_page=101",
        "limit=x",
        "cursor=1",
        "cursor=0:-1:0",
        "query=a%00b",
    ],
)
def test_a_query_that_cannot_be_read_is_400(sentry: Sentry, query: str) -> None:
    answer = sentry.api("GET", ACME, sentry.user("olivia"), query_string=query)
    assert answer.status_code == 400, answer.text
    assert list(answer.json) == ["detail"]
    assert isinstance(answer.json["detail"], str)


def test_the_order_is_the_one_asked_for(sentry: Sentry) -> None:
    def keys(sort: str, key: str) -> list[Any]:
        answer = sentry.api("GET", f"{ACME}?query=&sort={sort}", sentry.user("olivia"))
        return [issue[key] for issue in answer.json]

    for sort, key in (("date", "lastSeen"), ("new", "firstSeen"), ("user", "userCount")):
        values = keys(sort, key)
        assert values == sorted(values, reverse=True)
    counts = [int(count) for count in keys("freq", "count")]
    assert counts == sorted(counts, reverse=True)


def test_pages_have_every_issue_once(sentry: Sentry) -> None:
    credential = sentry.user("olivia")
    path, pages = f"/api/0{ACME}?query=&limit=3", []
    for _ in range(3):
        answer = sentry.send("GET", path, credential)
        pages.append([issue["shortId"] for issue in answer.json])
        ahead = answer.headers["Link"].split(", ")[1]
        path = ahead[1 : ahead.index(">")].removeprefix("http://localhost")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert 'rel="next"; results="false"' in ahead
    assert [*pages[0], *pages[1], *pages[2]] == found(sentry, "query=")


def test_start_and_end_bound_a_list_and_a_period_does_not(sentry: Sentry) -> None:
    assert found(sentry, "start=2026-01-15T00:00:00") == []
    assert found(sentry, "end=2020-01-01") == []
    assert found(sentry, "statsPeriod=1s") == found(sentry, "")


def test_an_environment_is_where_an_event_happened(sentry: Sentry) -> None:
    assert found(sentry, "environment=production") == found(sentry, "")
    assert found(sentry, "environment=nowhere") == []


def test_a_short_id_is_looked_up_where_that_is_asked_for(sentry: Sentry) -> None:
    answer = sentry.api("GET", f"{ACME}?shortIdLookup=1&query=web-app-2", sentry.user("olivia"))
    assert [issue["shortId"] for issue in answer.json] == ["WEB-APP-2"]
    assert answer.headers["X-Sentry-Direct-Hit"] == "1"
    assert found(sentry, "shortIdLookup=1&query=payments-1", "mia") == []
    assert found(sentry, "query=web-app-2") == []


def test_a_project_has_a_list_of_its_own(sentry: Sentry) -> None:
    assert found(sentry, "", "mia", WEB) == found(sentry, "", "mia")
    assert_plain_denial(sentry.api("GET", WEB, sentry.user("bo")))


# One issue


@pytest.mark.parametrize("named", [FIRST, "WEB-APP-1", "web-app-1"])
def test_an_issue_is_read_by_number_and_by_short_id(sentry: Sentry, named: str) -> None:
    answer = sentry.api("GET", f"{ACME}{named}/", sentry.user("mia"))
    issue = answer.json
    assert answer.status_code == 200
    assert (issue["id"], issue["shortId"]) == (FIRST, "WEB-APP-1")
    assert issue["project"]["slug"] == "web-app"
    assert issue["assignedTo"] == {
        "type": "user",
        "id": str(sentry.user_id("mia")),
        "name": "Mia Miller",
        "email": "mia@example.com",
    }
    assert issue["permalink"] == f"http://localhost/organizations/acme/issues/{FIRST}/"
    assert (issue["count"], issue["userCount"]) == ("128", 41)
    assert [entry["type"] for entry in issue["activity"]] == ["note", "note", "first_seen"]
    assert {tag["key"] for tag in issue["tags"]} == {"browser", "environment", "level", "release"}


def test_an_issue_out_of_reach_is_a_plain_denial(sentry: Sentry) -> None:
    for path in (f"{ACME}PAYMENTS-1/", "/organizations/acme/shortids/PAYMENTS-1/"):
        assert_plain_denial(sentry.api("GET", path, sentry.user("mia")))
    answer = sentry.api("PUT", f"{ACME}PAYMENTS-1/", sentry.user("mia"), {"status": "resolved"})
    assert_plain_denial(answer)
    assert_plain_denial(sentry.api("DELETE", f"{ACME}PAYMENTS-1/", sentry.user("mia")))


@pytest.mark.parametrize("named", ["PORTAL-1", "90008", "WEB-APP-99", "nothing", "-", "9" * 30])
def test_an_issue_of_another_organization_does_not_exist(sentry: Sentry, named: str) -> None:
    assert_missing(sentry.api("GET", f"{ACME}{named}/", sentry.user("olivia")))


def test_a_short_id_leads_to_its_issue(sentry: Sentry) -> None:
    path = "/organizations/acme/shortids/"
    answer = sentry.api("GET", f"{path}web-app-1/", sentry.user("mia"))
    assert answer.json["groupId"] == FIRST
    assert answer.json["group"]["shortId"] == answer.json["shortId"] == "WEB-APP-1"
    assert answer.json["projectSlug"] == "web-app"
    assert_missing(sentry.api("GET", f"{path}{FIRST}/", sentry.user("mia")))


def test_activities_are_what_was_said(sentry: Sentry) -> None:
    answer = sentry.api("GET", f"{ACME}{FIRST}/activities/", sentry.user("mia"))
    assert [entry["type"] for entry in answer.json["activity"]] == ["note", "note", "first_seen"]


# Updates


@pytest.mark.parametrize(
    ("body", "status", "substatus", "details"),
    [
        ({"status": "resolved"}, "resolved", None, {}),
        ({"status": "ignored"}, "ignored", "archived_until_escalating", {}),
        ({"status": "muted"}, "ignored", "archived_until_escalating", {}),
        ({"status": "unresolved"}, "unresolved", "ongoing", {}),
        ({"status": "resolvedInNextRelease"}, "resolved", None, {"inNextRelease": True}),
        (
            {"status": "ignored", "substatus": "archived_forever"},
            "ignored",
            "archived_forever",
            {},
        ),
        ({"substatus": "escalating"}, "unresolved", "escalating", {}),
        (
            {"status": "resolved", "statusDetails": {"inRelease": "web-app@1.1.0"}},
            "resolved",
            None,
            {"inRelease": "web-app@1.1.0"},
        ),
        (
            {"status": "ignored", "statusDetails": {"ignoreDuration": 60}},
            "ignored",
            "archived_until_escalating",
            {"ignoreUntil": "2026-01-15T13:00:00.000000Z"},
        ),
    ],
)
def test_a_status_is_set(
    sentry: Sentry, body: object, status: str, substatus: str | None, details: object
) -> None:
    answer = put(sentry, body, "mia")
    assert answer.status_code == 200, answer.text
    read = sentry.api("GET", f"{ACME}{FIRST}/", sentry.user("mia")).json
    for issue in (answer.json, read):
        assert issue["status"] == status
        assert issue["substatus"] == substatus
        assert issue["statusDetails"] == details


def test_an_update_changes_what_it_names_and_no_more(sentry: Sentry) -> None:
    before = sentry.api("GET", f"{ACME}{FIRST}/", sentry.user("mia")).json
    answer = put(sentry, {"priority": "low", "isBookmarked": True, "unknown": 1}, "mia")
    assert answer.status_code == 200, answer.text
    after = sentry.api("GET", f"{ACME}{FIRST}/", sentry.user("mia")).json
    assert after == before | {"priority": "low"}
    assert put(sentry, {}, "mia").json["priority"] == "low"


@pytest.mark.parametrize(
    "body",
    [
        {"status": "closed"},
        {"status": 3},
        {"status": "resolved", "substatus": "archived_forever"},
        {"substatus": "great"},
        {"priority": "urgent"},
        {"assignedTo": 5},
        {"statusDetails": []},
        {"status": "ignored", "statusDetails": {"ignoreDuration": 10**12}},
        {"status": "ignored", "statusDetails": {"ignoreDuration": -1}},
        {"merge": True},
        {"discard": True},
        {"isBookmarked": "yes"},
    ],
)
def test_a_wrong_update_names_the_field_and_changes_nothing(
    sentry: Sentry, body: dict[str, Any]
) -> None:
    before = sentry.stored()
    answer = put(sentry, body)
    assert answer.status_code == 400, answer.text
    assert next(iter(answer.json)) in body
    assert sentry.stored() == before


def test_an_issue_is_assigned_to_whoever_can_see_it(sentry: Sentry) -> None:
    teams = {one["slug"]: one["id"] for one in sentry.world["teams"]}
    mia = sentry.user_id("mia")
    for actor in (f"user:{mia}", str(mia), "mia@example.com"):
        assert put(sentry, {"assignedTo": actor}).json["assignedTo"]["id"] == str(mia)
    assigned = put(sentry, {"assignedTo": f"team:{teams['web']}"}).json["assignedTo"]
    assert assigned == {"type": "team", "id": teams["web"], "name": "web"}
    # A manager sees every project, in a team of it or not.
    martin = put(sentry, {"assignedTo": "martin@example.com"}).json["assignedTo"]
    assert martin["name"] == "Martin Mann"
    for nobody in ("", None):
        put(sentry, {"assignedTo": "mia@example.com"})
        assert put(sentry, {"assignedTo": nobody}).json["assignedTo"] is None


@pytest.mark.parametrize(
    ("actor", "message"),
    [
        ("user:{bo}", "Cannot assign to non-team member"),
        ("user:{gil}", "Unknown actor input"),
        ("gil@example.com", "Unknown actor input"),
        ("user:9999999999999", "Unknown actor input"),
        ("user:mia@example.com", "Unknown actor input"),
        ("team:{backend}", "Cannot assign to a team without access to the project"),
        ("team:{platform}", "Unknown actor input"),
        ("team:web", "Unknown actor input"),
        ("team:", "Unknown actor input"),
        (":", "Unknown actor input"),
    ],
)
def test_an_issue_is_assigned_to_nobody_else(sentry: Sentry, actor: str, message: str) -> None:
    ids: dict[str, Any] = {name: sentry.user_id(name) for name in ("bo", "gil")}
    ids |= {one["slug"]: one["id"] for one in sentry.world["teams"]}
    answer = put(sentry, {"assignedTo": actor.format(**ids)})
    assert (answer.status_code, answer.json) == (400, {"assignedTo": [message]})


def test_an_agent_needs_the_scope_and_acts_for_its_user(sentry: Sentry) -> None:
    path = f"{ACME}{FIRST}/"
    denied = sentry.api("PUT", path, sentry.agent("mia"), {"status": "resolved"})
    assert_challenge(denied, "event:admin event:write")
    sentry.plant("mia", ["event:write"])
    answer = sentry.api("PUT", path, sentry.agent("mia"), {"status": "resolved"})
    assert answer.json["status"] == "resolved"
    record = sentry.audit()[-1]
    assert record["user"] == str(sentry.user_id("mia"))
    assert record["agent"] == {"session": "s1"}
    # Of a project out of reach approval makes no difference.
    denied = sentry.api("PUT", f"{ACME}PAYMENTS-1/", sentry.agent("mia"), {"status": "resolved"})
    assert_plain_denial(denied)


# Deletion


def test_a_deleted_issue_takes_its_events_and_comments_along(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    answer = sentry.api("DELETE", f"{ACME}{FIRST}/", sentry.user("mia"))
    assert (answer.status_code, answer.data) == (202, b"")
    assert_missing(sentry.api("GET", f"{ACME}{FIRST}/", sentry.user("mia")))
    stored = sentry.stored()
    for table in ("nodestore_event", "sentry_groupnote"):
        assert int(FIRST) not in {row[1] for row in stored[table]}


def test_reading_and_writing_do_not_delete(sentry: Sentry) -> None:
    sentry.plant("mia", ["event:write"])
    answer = sentry.api("DELETE", f"{ACME}{FIRST}/", sentry.agent("mia"))
    assert_challenge(answer, "event:admin")


def test_any_credential_of_a_user_works(sentry: Sentry) -> None:
    credentials: list[Headers] = [sentry.session("mia"), sentry.viewer("mia", "acme")]
    for credential in credentials:
        answer = sentry.api("PUT", f"{ACME}{FIRST}/", credential, {"priority": "high"})
        assert answer.status_code == 200, answer.text
