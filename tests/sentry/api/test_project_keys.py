"""Client keys of a project."""

from __future__ import annotations

import pytest

from tests.sentry.callers import (
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)

KEYS = "/projects/acme/web-app/keys/"


def test_a_key_says_where_to_send_events(sentry: Sentry) -> None:
    (key,) = sentry.api("GET", KEYS, sentry.user("mia")).json
    project = sentry.api("GET", "/projects/acme/web-app/", sentry.user("mia")).json["id"]
    assert (key["name"], key["isActive"], key["projectId"]) == ("Default", True, int(project))
    assert key["id"] == key["public"]
    assert key["dsn"]["public"] == f"http://{key['public']}@localhost/{project}"
    assert key["dsn"]["secret"] == f"http://{key['public']}:{key['secret']}@localhost/{project}"


def test_the_address_is_the_one_that_was_asked(sentry: Sentry) -> None:
    answer = sentry.api("GET", KEYS, sentry.user("mia"), base_url="https://sentry.example.com:8443")
    dsn = answer.json[0]["dsn"]["public"]
    assert dsn.startswith("https://")
    assert "@sentry.example.com:8443/" in dsn


def test_keys_are_made_read_changed_and_deleted(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    made = sentry.api("POST", KEYS, credential, {"name": "Nightly"})
    assert made.status_code == 201
    key = made.json
    assert len(key["public"]) == len(key["secret"]) == 32
    assert key["public"] != key["secret"]
    path = f"{KEYS}{key['id']}/"
    assert sentry.api("GET", path, credential).json == key
    # The newest first.
    assert [one["name"] for one in sentry.api("GET", KEYS, credential).json] == [
        "Nightly",
        "Default",
    ]
    changed = sentry.api("PUT", path, credential, {"name": "Daily", "isActive": False}).json
    assert (changed["name"], changed["isActive"]) == ("Daily", False)
    assert sentry.api("PUT", path, credential, {}).json == changed
    active = sentry.api("GET", f"{KEYS}?status=active", credential).json
    assert [one["name"] for one in active] == ["Default"]
    inactive = sentry.api("GET", f"{KEYS}?status=inactive", credential).json
    assert [one["name"] for one in inactive] == ["Daily"]
    assert sentry.api("GET", f"{KEYS}?status=lost", credential).json == []
    assert sentry.api("DELETE", path, credential).status_code == 204
    assert_missing(sentry.api("GET", path, credential))


def test_a_key_without_a_name_gets_one(sentry: Sentry) -> None:
    answer = sentry.api("POST", KEYS, sentry.user("olivia"), {})
    assert (answer.status_code, answer.json["name"]) == (201, "Default")


@pytest.mark.parametrize("body", [{"name": 1}, {"name": "x" * 65}, {"name": "x\0"}, ["name"]])
def test_a_bad_key_is_refused(sentry: Sentry, body: object) -> None:
    assert sentry.api("POST", KEYS, sentry.user("olivia"), body).status_code == 400


def test_a_key_of_another_project_is_none(sentry: Sentry) -> None:
    olivia = sentry.user("olivia")
    other = sentry.api("GET", "/projects/acme/api/keys/", olivia).json[0]["id"]
    for named in (other, "0" * 32, "x", "1"):
        assert_missing(sentry.api("GET", f"{KEYS}{named}/", olivia))
        assert_missing(sentry.api("DELETE", f"{KEYS}{named}/", olivia))


def test_keys_need_their_scopes(sentry: Sentry) -> None:
    path = f"{KEYS}{sentry.api('GET', KEYS, sentry.user('mia')).json[0]['id']}/"
    agent = sentry.agent("olivia")
    assert sentry.api("GET", path, agent).status_code == 200
    assert_challenge(sentry.api("POST", KEYS, agent, {}), "project:admin project:write")
    assert_challenge(sentry.api("PUT", path, agent, {}), "project:admin project:write")
    assert_challenge(sentry.api("DELETE", path, agent), "project:admin")
    assert_plain_denial(sentry.api("POST", KEYS, sentry.session("mia"), {}))
    assert_plain_denial(sentry.api("GET", "/projects/acme/api/keys/", sentry.user("mia")))
