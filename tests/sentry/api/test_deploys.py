"""Deploys of a release."""

from __future__ import annotations

import pytest

from tests.sentry.callers import Sentry, assert_challenge, assert_missing

DEPLOYS = "/organizations/acme/releases/web-app@1.1.0/deploys/"


def test_deploys_are_listed_newest_first(sentry: Sentry) -> None:
    answer = sentry.api("GET", DEPLOYS, sentry.user("mia"))
    assert [one["environment"] for one in answer.json] == ["production", "staging"]
    assert answer.json[0]["name"] == "after the tests"


def test_a_deploy_is_recorded(stored_sentry: Sentry) -> None:
    sentry, mia = stored_sentry, stored_sentry.user("mia")
    body = {
        "environment": "qa",
        "name": "try",
        "url": "https://qa.example.com",
        "dateStarted": "2026-01-15T11:00:00Z",
    }
    answer = sentry.api("POST", DEPLOYS, mia, body)
    assert answer.status_code == 201
    assert answer.json == {
        "id": answer.json["id"],
        "environment": "qa",
        "name": "try",
        "url": "https://qa.example.com",
        "dateStarted": "2026-01-15T11:00:00.000000Z",
        "dateFinished": "2026-01-15T12:00:00.000000Z",
    }
    assert sentry.api("GET", DEPLOYS, mia).json[0] == answer.json
    read = sentry.api("GET", DEPLOYS.replace("deploys/", ""), mia).json
    assert (read["deployCount"], read["lastDeploy"]) == (3, answer.json)
    names = sentry.api("GET", "/projects/acme/web-app/environments/", mia).json
    assert [one["name"] for one in names] == ["production", "qa", "staging"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment", ""),
        ("environment", None),
        ("environment", "a/b"),
        ("environment", "none"),
        ("environment", "x" * 65),
        ("environment", "a\nb"),
        ("name", "x" * 65),
        ("name", 1),
        ("url", "ftp://example.com"),
        ("url", "http://a b"),
        ("dateFinished", "soon"),
        ("dateStarted", 5),
    ],
)
def test_a_bad_deploy_is_refused_by_field(sentry: Sentry, key: str, value: object) -> None:
    body = {"environment": "qa"} | {key: value}
    answer = sentry.api("POST", DEPLOYS, sentry.user("mia"), body)
    assert (answer.status_code, list(answer.json)) == (400, [key]), answer.text


def test_a_deploy_needs_a_release_and_a_scope(sentry: Sentry) -> None:
    body = {"environment": "qa"}
    missing = DEPLOYS.replace("1.1.0", "9")
    assert_missing(sentry.api("POST", missing, sentry.user("mia"), body))
    assert_missing(sentry.api("POST", DEPLOYS, sentry.user("bo"), body))
    wanted = "org:ci project:admin project:releases project:write"
    assert_challenge(sentry.api("POST", DEPLOYS, sentry.agent("mia"), body), wanted)
    assert sentry.api("POST", DEPLOYS, sentry.organization(), body).status_code == 201
