"""Which teams a project belongs to."""

from __future__ import annotations

from tests.sentry.callers import (
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)

WEB_APP = "/projects/acme/web-app/"


def teams(sentry: Sentry) -> list[str]:
    answer = sentry.api("GET", f"{WEB_APP}teams/", sentry.user("olivia"))
    return [team["slug"] for team in answer.json]


def test_a_project_is_given_to_a_team_and_taken_back(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    assert teams(sentry) == ["web"]
    assert_plain_denial(sentry.api("GET", WEB_APP, sentry.user("bo")))
    for _ in range(2):
        answer = sentry.api("POST", f"{WEB_APP}teams/backend/", credential)
        assert answer.status_code == 201
        assert [team["slug"] for team in answer.json["teams"]] == ["backend", "web"]
    assert teams(sentry) == ["backend", "web"]
    assert sentry.api("GET", WEB_APP, sentry.user("bo")).status_code == 200
    answer = sentry.api("DELETE", f"{WEB_APP}teams/web/", credential)
    assert answer.status_code == 200
    assert [team["slug"] for team in answer.json["teams"]] == ["backend"]
    assert_plain_denial(sentry.api("GET", WEB_APP, sentry.user("mia")))


def test_a_team_of_another_organization_is_none(sentry: Sentry) -> None:
    for method in ("POST", "DELETE"):
        path = f"{WEB_APP}teams/platform/"
        assert_missing(sentry.api(method, path, sentry.user("olivia")))
    platform = sentry.api("GET", "/teams/globex/platform/", sentry.user("olivia")).json["id"]
    assert_missing(sentry.api("POST", f"{WEB_APP}teams/{platform}/", sentry.user("olivia")))


def test_giving_and_taking_need_the_scope_on_the_project(sentry: Sentry) -> None:
    path, wanted = f"{WEB_APP}teams/backend/", "project:admin project:write"
    assert_challenge(sentry.api("POST", path, sentry.agent("olivia")), wanted)
    assert_challenge(sentry.api("DELETE", path, sentry.agent("olivia")), wanted)
    assert_plain_denial(sentry.api("POST", path, sentry.session("mia")))
    assert_plain_denial(sentry.api("POST", path, sentry.user("ada")))
    # A team admin gives the project to any team, and takes it from the own one alone.
    assert sentry.api("POST", path, sentry.session("tess")).status_code == 201
    assert_plain_denial(sentry.api("DELETE", path, sentry.session("tess")))
    assert sentry.api("DELETE", f"{WEB_APP}teams/web/", sentry.session("tess")).status_code == 200


def test_the_members_of_a_project_are_those_of_its_teams(sentry: Sentry) -> None:
    answer = sentry.api("GET", f"{WEB_APP}members/", sentry.user("mia"))
    names = sorted(member["email"].partition("@")[0] for member in answer.json)
    assert names == ["maya", "mia", "nora", "tess"]
