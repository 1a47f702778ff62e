"""Issue alert rules of a project: who may write them, and what a rule is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import Sentry, assert_challenge, assert_missing, assert_plain_denial

RULES = "/projects/acme/web-app/rules/"
RULE = {
    "name": "Many in production",
    "actionMatch": "any",
    "filterMatch": "all",
    "conditions": [{"id": "first", "value": 3}],
    "filters": [],
    "actions": [{"id": "mail", "targetType": "IssueOwners"}],
    "frequency": 60,
    "environment": "production",
}


def make(sentry: Sentry, changes: dict[str, Any]) -> Any:
    return sentry.api("POST", RULES, sentry.user("mia"), RULE | changes)


def test_a_rule_is_created_read_updated_and_deleted(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    web = next(one["id"] for one in sentry.world["teams"] if one["slug"] == "web")
    answer = make(sentry, {"owner": f"team:{web}"})
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert {key: made[key] for key in RULE} == RULE
    assert made["owner"] == f"team:{web}"
    assert made["createdBy"]["email"] == "mia@example.com"
    assert made["projects"] == ["web-app"]
    path = f"{RULES}{made['id']}/"
    assert sentry.api("GET", path, sentry.user("tess")).json == made
    answer = sentry.api("PUT", path, sentry.user("tess"), {"name": "Fewer", "owner": None})
    assert answer.json == made | {"name": "Fewer", "owner": None}
    names = [rule["name"] for rule in sentry.api("GET", RULES, sentry.user("mia")).json]
    assert names == ["Tell the web team about new issues", "Many at once", "Fewer"]
    answer = sentry.api("DELETE", path, sentry.user("mia"))
    assert (answer.status_code, answer.data) == (202, b"")
    assert_missing(sentry.api("GET", path, sentry.user("mia")))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 257}, "name"),
        ({"name": "a\0"}, "name"),
        ({"actionMatch": "most"}, "actionMatch"),
        ({"frequency": 4}, "frequency"),
        ({"frequency": "60"}, "frequency"),
        ({"frequency": True}, "frequency"),
        ({"conditions": {}}, "conditions"),
        ({"conditions": [{}]}, "conditions"),
        ({"conditions": [{"id": "x"}] * 101}, "conditions"),
        ({"filters": [3]}, "filters"),
        ({"actions": []}, "actions"),
        ({"actions": [{"id": "a", "text": "\0"}]}, "actions"),
        ({"actions": [{"id": "a", "\ud800": 1}]}, "actions"),
        ({"environment": "x" * 65}, "environment"),
        ({"owner": "user:1"}, "owner"),
        ({"owner": "user:{gil}"}, "owner"),
        ({"owner": "team:{platform}"}, "owner"),
        ({"owner": "web"}, "owner"),
        ({"owner": "team:99999999999"}, "owner"),
    ],
)
def test_a_wrong_rule_names_the_field(sentry: Sentry, changes: dict[str, Any], field: str) -> None:
    if "owner" in changes:
        teams = {one["slug"]: one["id"] for one in sentry.world["teams"]}
        changes = {"owner": changes["owner"].format(gil=sentry.user_id("gil"), **teams)}
    before = sentry.stored()
    answer = make(sentry, changes)
    assert (answer.status_code, list(answer.json)) == (400, [field])
    path = f"{RULES}80001/"
    answer = sentry.api("PUT", path, sentry.user("mia"), changes)
    assert (answer.status_code, list(answer.json)) == (400, [field])
    assert sentry.stored() == before


def test_parts_are_bounded_in_depth_and_number_size(sentry: Sentry) -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = [deep]
    answer = make(sentry, {"actions": [{"id": "a", "deep": deep}]})
    assert answer.status_code == 400
    body = '{"name":"n","actionMatch":"any","frequency":5,"actions":[{"id":"a","n":1e999}]}'
    answer = sentry.api(
        "POST", RULES, sentry.user("mia"), data=body, content_type="application/json"
    )
    assert answer.status_code == 400


def test_what_a_rule_needs_is_told(sentry: Sentry) -> None:
    answer = sentry.api("POST", RULES, sentry.user("mia"), {})
    assert answer.status_code == 400
    assert answer.json == {
        name: ["This field is required."]
        for name in ("name", "actionMatch", "actions", "frequency")
    }


def test_a_rule_of_another_project_is_missing(sentry: Sentry) -> None:
    # 80003 is the rule of the project api.
    for rule in ("80003", "0", "x", "99999999999999"):
        for method in ("GET", "PUT", "DELETE"):
            answer = sentry.api(method, f"{RULES}{rule}/", sentry.user("olivia"), {"name": "x"})
            assert_missing(answer)
    assert_plain_denial(sentry.api("GET", RULES, sentry.user("bo")))
    assert_plain_denial(sentry.api("GET", f"{RULES}80001/", sentry.user("bo")))


def test_reading_suffices_to_read_and_writing_is_approved(sentry: Sentry) -> None:
    agent = sentry.agent("mia")
    assert sentry.api("GET", RULES, agent).status_code == 200
    wanted = "alerts:write project:admin project:write"
    assert_challenge(sentry.api("POST", RULES, agent, RULE), wanted)
    assert_challenge(sentry.api("PUT", f"{RULES}80001/", agent, {"name": "x"}), wanted)
    assert_challenge(sentry.api("DELETE", f"{RULES}80001/", agent), wanted)
    sentry.plant("mia", ["alerts:write"])
    answer = sentry.api("POST", RULES, sentry.agent("mia"), RULE)
    assert answer.status_code == 201
    assert answer.json["createdBy"]["id"] == str(sentry.user_id("mia"))


def test_an_organization_token_may_make_a_rule_of_nobody(sentry: Sentry) -> None:
    answer = sentry.api("GET", RULES, sentry.organization(reads=True))
    assert answer.status_code == 200
    assert_challenge(
        sentry.api("POST", RULES, sentry.organization(reads=True), RULE),
        "alerts:write project:admin project:write",
    )
