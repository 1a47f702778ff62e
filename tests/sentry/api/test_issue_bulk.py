"""Many issues at once: what is chosen, what is out of reach, and all or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import Headers, Sentry, assert_challenge, assert_plain_denial

ACME = "/organizations/acme/issues/"
WEB = "/projects/acme/web-app/issues/"


def states(sentry: Sentry) -> dict[str, str]:
    """{short id: status} of Acme's issues."""
    answer = sentry.api("GET", f"{ACME}?query=", sentry.user("olivia"))
    return {issue["shortId"]: issue["status"] for issue in answer.json}


def put(sentry: Sentry, path: str, query: str, body: object, credential: Headers) -> Any:
    return sentry.api("PUT", path, credential, body, query_string=query)


def test_the_issues_named_are_updated(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    before = states(sentry)
    answer = put(sentry, ACME, "id=90001&id=90005", {"status": "resolved"}, sentry.user("olivia"))
    assert answer.status_code == 200, answer.text
    assert answer.json == {"status": "resolved", "statusDetails": {}, "substatus": None}
    assert states(sentry) == before | {"WEB-APP-1": "resolved", "API-1": "resolved"}


def test_what_is_out_of_reach_stays_as_it_was(sentry: Sentry) -> None:
    before = states(sentry)
    globex = sentry.stored()["sentry_groupedmessage"][7:]
    # Of another project, of another organization, and of none.
    query = "id=90001&id=90005&id=90008&id=999999&id=99999999999999999999"
    answer = put(sentry, ACME, query, {"status": "resolved"}, sentry.user("mia"))
    assert answer.status_code == 200
    assert states(sentry) == before | {"WEB-APP-1": "resolved"}
    assert sentry.stored()["sentry_groupedmessage"][7:] == globex


def test_nothing_to_change_is_204(sentry: Sentry) -> None:
    for query in ("id=90005", "id=90008", "query=nothing has this title"):
        answer = put(sentry, ACME, query, {"status": "resolved"}, sentry.user("mia"))
        assert (answer.status_code, answer.data) == (204, b"")


def test_without_a_selector_it_is_all_that_are_in_reach(sentry: Sentry) -> None:
    before = states(sentry)
    put(sentry, ACME, "", {"status": "resolved"}, sentry.user("mia"))
    changed = {name: "resolved" for name in before if name.startswith("WEB-APP-")}
    assert states(sentry) == before | changed


@pytest.mark.parametrize(
    ("query", "short_ids"),
    [
        ("status=ignored", {"WEB-APP-3"}),
        ("status=muted", {"WEB-APP-3"}),
        ("query=is:ignored", {"WEB-APP-3"}),
        ("query=level:error&status=unresolved", {"WEB-APP-1", "WEB-APP-4"}),
        ("id=90001&id=90003&status=ignored", {"WEB-APP-3"}),
        ("id=90005", set()),
    ],
)
def test_a_project_is_narrowed_by_status_and_query(
    sentry: Sentry, query: str, short_ids: set[str]
) -> None:
    before = states(sentry)
    put(sentry, WEB, query, {"status": "resolved"}, sentry.user("olivia"))
    assert states(sentry) == before | dict.fromkeys(short_ids, "resolved")


def test_the_organization_is_narrowed_by_project(sentry: Sentry) -> None:
    before = states(sentry)
    answer = put(sentry, ACME, "project=api", {"status": "resolved"}, sentry.user("olivia"))
    assert answer.status_code == 200
    assert states(sentry) == before | {"API-1": "resolved", "API-2": "resolved"}
    answer = put(sentry, ACME, "project=payments", {"status": "resolved"}, sentry.user("mia"))
    assert_plain_denial(answer)


def test_what_was_changed_comes_back(sentry: Sentry) -> None:
    web = next(one["id"] for one in sentry.world["teams"] if one["slug"] == "web")
    body = {"priority": "low", "assignedTo": f"team:{web}", "hasSeen": True}
    answer = put(sentry, WEB, "id=90001&id=90004", body, sentry.user("mia"))
    assert answer.json == {
        "hasSeen": True,
        "priority": "low",
        "assignedTo": {"type": "team", "id": web, "name": "web"},
    }
    answer = put(sentry, WEB, "id=90001", {"assignedTo": "mia@example.com"}, sentry.user("mia"))
    assert answer.json["assignedTo"]["email"] == "mia@example.com"
    answer = put(sentry, WEB, "id=90001", {"assignedTo": ""}, sentry.user("mia"))
    assert answer.json == {"assignedTo": None}


def test_an_assignee_must_see_every_project_or_nothing_changes(sentry: Sentry) -> None:
    before = sentry.stored()
    body = {"status": "resolved", "assignedTo": "mia@example.com"}
    answer = put(sentry, ACME, "id=90001&id=90005", body, sentry.user("olivia"))
    assert answer.status_code == 400
    assert list(answer.json) == ["assignedTo"]
    assert sentry.stored() == before


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("id=x", {"status": "resolved"}),
        ("id=", {"status": "resolved"}),
        ("id=-1", {"status": "resolved"}),
        ("id=%D9%A1", {"status": "resolved"}),
        ("&".join(f"id={n}" for n in range(1001)), {"status": "resolved"}),
        ("status=closed", {"status": "resolved"}),
        ("query=is:nothing", {"status": "resolved"}),
        ("", {"status": "closed"}),
        ("", []),
        ("", {"merge": True}),
    ],
)
def test_a_wrong_call_changes_nothing(sentry: Sentry, query: str, body: object) -> None:
    before = sentry.stored()
    for path in (ACME, WEB):
        answer = put(sentry, path, query, body, sentry.user("olivia"))
        assert answer.status_code == 400, answer.text
    assert sentry.stored() == before


def test_an_agent_needs_the_scope_that_the_endpoint_demands(sentry: Sentry) -> None:
    body = {"status": "resolved"}
    assert_challenge(put(sentry, ACME, "", body, sentry.agent("mia")), "event:admin event:write")
    assert_challenge(put(sentry, WEB, "", body, sentry.agent("mia")), "event:write")
    sentry.plant("mia", ["event:write"])
    answer = put(sentry, ACME, "id=90001&id=90005", body, sentry.agent("mia"))
    assert answer.status_code == 200
    assert states(sentry)["API-1"] == "unresolved"
    answer = sentry.api("DELETE", f"{ACME}?id=90001", sentry.agent("mia"))
    assert_challenge(answer, "event:admin")


def test_deletion_takes_what_is_named_and_in_reach(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    before = states(sentry)
    answer = sentry.api("DELETE", f"{ACME}?id=90001&id=90005&id=90008", sentry.user("mia"))
    assert (answer.status_code, answer.data) == (204, b"")
    assert states(sentry).keys() == before.keys() - {"WEB-APP-1"}
    assert len(sentry.stored()["sentry_groupedmessage"]) == 9
    assert sentry.api("DELETE", WEB, sentry.user("olivia")).status_code == 204
    assert states(sentry).keys() == {"API-1", "API-2", "PAYMENTS-1"}
    assert sentry.api("DELETE", f"{ACME}?query=is:resolved", sentry.user("ada")).status_code == 204
    assert states(sentry).keys() == {"API-1", "API-2", "PAYMENTS-1"}
