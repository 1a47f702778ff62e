"""Environments, repositories and monitors."""

from __future__ import annotations

import pytest

from tests.sentry.callers import (
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)

ACME = "/organizations/acme/environments/"
WEB_APP = "/projects/acme/web-app/environments/"


def test_an_environment_is_where_something_was_deployed_or_happened(sentry: Sentry) -> None:
    def names(path: str, name: str) -> list[str]:
        return [one["name"] for one in sentry.api("GET", path, sentry.user(name)).json]

    assert names(ACME, "olivia") == ["production", "staging"]
    assert names(ACME, "mia") == ["production", "staging"]
    # Staging is the web app's alone.
    assert names(ACME, "bo") == ["production"]
    assert names(WEB_APP, "mia") == ["production", "staging"]
    # Nothing of it was deployed: its events say so.
    assert names("/projects/globex/simulator/environments/", "gil") == ["production"]


def test_an_environment_has_one_id_wherever_it_is_shown(sentry: Sentry) -> None:
    mia = sentry.user("mia")
    read = sentry.api("GET", f"{WEB_APP}staging/", mia).json
    assert read == {"id": read["id"], "name": "staging", "isHidden": False}
    assert {"id": read["id"], "name": "staging"} in sentry.api("GET", ACME, mia).json
    assert_missing(sentry.api("GET", f"{WEB_APP}nowhere/", mia))


@pytest.mark.parametrize(("asked", "count"), [("all", 2), ("visible", 2), ("hidden", 0)])
def test_visibility(sentry: Sentry, asked: str, count: int) -> None:
    for path in (ACME, WEB_APP):
        answer = sentry.api("GET", f"{path}?visibility={asked}", sentry.user("mia"))
        assert len(answer.json) == count
        bad = sentry.api("GET", f"{path}?visibility=maybe", sentry.user("mia"))
        assert bad.status_code == 400


@pytest.mark.parametrize("kind", ["repos", "monitors"])
def test_what_a_mock_has_none_of_is_an_empty_list_behind_the_gate(
    sentry: Sentry, kind: str
) -> None:
    path = f"/organizations/acme/{kind}/"
    for credential in (sentry.user("mia"), sentry.agent("mia"), sentry.session("mia")):
        answer = sentry.api("GET", path, credential)
        assert (answer.status_code, answer.json) == (200, [])
        assert 'results="false"' in answer.headers["Link"]
    assert_plain_denial(sentry.api("GET", path, sentry.user("gil")))
    assert_challenge(
        sentry.api("GET", path, sentry.forged(scopes=["team:read"])),
        {
            "repos": "org:admin org:ci org:integrations org:read org:write",
            "monitors": "alerts:read org:admin org:read org:write",
        }[kind],
    )
