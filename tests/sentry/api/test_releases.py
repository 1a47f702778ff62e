"""Releases: who sees which, and how one is made, finalized, archived and deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.sentry.api.release_summaries import describe_version
from harness.sentry.schema import deploy, release_project
from tests.sentry.callers import Headers, Sentry, assert_challenge, assert_missing

ACME = "/organizations/acme/releases/"
WEB = f"{ACME}web-app@1.1.0/"


def versions(sentry: Sentry, path: str, credential: Headers) -> list[str]:
    answer = sentry.api("GET", path, credential)
    assert answer.status_code == 200, answer.text
    return [one["version"] for one in answer.json]


# Lists


def test_the_list_is_of_the_projects_within_reach_newest_first(sentry: Sentry) -> None:
    everything = ["api@2026.2", "api@2026.1", "web-app@1.1.0", "web-app@1.0.0"]
    assert versions(sentry, ACME, sentry.user("olivia")) == everything
    assert versions(sentry, ACME, sentry.organization()) == everything
    assert versions(sentry, ACME, sentry.user("mia")) == ["web-app@1.1.0", "web-app@1.0.0"]
    assert versions(sentry, ACME, sentry.agent("bo")) == ["api@2026.2", "api@2026.1"]


def test_a_release_names_the_projects_within_reach_alone(sentry: Sentry) -> None:
    def projects(name: str) -> list[str]:
        read = sentry.api("GET", f"{ACME}api@2026.1/", sentry.user(name)).json
        return [project["slug"] for project in read["projects"]]

    assert projects("ada") == ["api", "payments"]
    assert projects("bo") == ["api"]


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("query=1.1", ["web-app@1.1.0"]),
        ("query=API", ["api@2026.2", "api@2026.1"]),
        ("environment=staging", ["web-app@1.1.0"]),
        (
            "environment=staging&environment=production",
            ["api@2026.1", "web-app@1.1.0", "web-app@1.0.0"],
        ),
        ("project=6002", ["api@2026.2", "api@2026.1"]),
        ("project=-1&per_page=1", ["api@2026.2"]),
        ("project=web-app", []),
        ("status=archived", []),
        ("per_page=2&cursor=0:2:0", ["web-app@1.1.0", "web-app@1.0.0"]),
        ("health=1&sort=date&statsPeriod=90d&status=open&per_page=1", ["api@2026.2"]),
    ],
)
def test_the_list_is_narrowed(sentry: Sentry, asked: str, seen: list[str]) -> None:
    assert versions(sentry, f"{ACME}?{asked}", sentry.user("olivia")) == seen


def test_an_unknown_status_is_refused(sentry: Sentry) -> None:
    assert sentry.api("GET", f"{ACME}?status=lost", sentry.user("olivia")).status_code == 400


def test_the_list_of_one_project(sentry: Sentry) -> None:
    path = "/projects/acme/payments/releases/"
    assert versions(sentry, path, sentry.user("ada")) == ["api@2026.1"]
    assert versions(sentry, f"{path}?query=zzz", sentry.user("ada")) == []


# Create


def test_a_release_is_created_and_again_without_harm(stored_sentry: Sentry) -> None:
    sentry, mia = stored_sentry, stored_sentry.user("mia")
    body = {"version": "web-app@2", "projects": ["web-app"], "ref": "main"}
    made = sentry.api("POST", ACME, mia, body)
    assert made.status_code == 201
    assert made.json["dateReleased"] is None
    assert (made.json["status"], made.json["ref"]) == ("open", "main")
    again = sentry.api("POST", ACME, mia, body | {"ref": "other"})
    assert (again.status_code, again.json) == (208, made.json)
    assert sentry.api("GET", f"{ACME}web-app@2/", mia).json == made.json
    assert versions(sentry, ACME, mia)[0] == "web-app@2"


def test_a_release_gains_projects(sentry: Sentry) -> None:
    body = {"version": "web-app@1.1.0", "projects": ["api", "web-app"]}
    answer = sentry.api("POST", ACME, sentry.user("olivia"), body)
    assert answer.status_code == 201
    assert [project["slug"] for project in answer.json["projects"]] == ["api", "web-app"]


def test_projects_are_named_by_slug_or_id(sentry: Sentry) -> None:
    number = sentry.api("GET", "/projects/acme/web-app/", sentry.user("mia")).json["id"]
    for position, named in enumerate(("web-app", number, int(number))):
        body = {"version": f"v{position}", "projects": [named]}
        assert sentry.api("POST", ACME, sentry.user("mia"), body).status_code == 201


@pytest.mark.parametrize("named", ["api", "nothing", "portal", 0, -1])
def test_a_project_out_of_reach_looks_like_none(sentry: Sentry, named: object) -> None:
    before = sentry.stored()
    body = {"version": "x", "projects": ["web-app", named]}
    answer = sentry.api("POST", ACME, sentry.user("mia"), body)
    assert answer.status_code == 400
    assert answer.json == {"projects": ["Invalid project ids or slugs"]}
    assert sentry.stored() == before


def test_of_many_at_once_one_is_made(stored_sentry: Sentry) -> None:
    sentry, mia = stored_sentry, stored_sentry.user("mia")
    body = {"version": "race", "projects": ["web-app"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sentry.api("POST", ACME, mia, body), range(8)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 201
    assert set(codes) <= {201, 208, 409}
    assert versions(sentry, ACME, mia).count("race") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"version": ""},
        {"version": " "},
        {"version": None},
        {"version": "."},
        {"version": ".."},
        {"version": "latest"},
        {"version": "a/b"},
        {"version": "a\\b"},
        {"version": "a\nb"},
        {"version": "a\0"},
        {"version": "\ud83d"},
        {"version": "x" * 201},
        {"projects": "web-app"},
        {"projects": [True]},
        {"projects": [None]},
        {"projects": [1.5]},
        {"dateReleased": "yesterday"},
        {"dateReleased": 1700000000},
        {"dateReleased": "0001-01-01T00:00:00+23:00"},
        {"dateReleased": "9999-12-31T23:59:59-12:00"},
        {"url": "javascript:alert(1)"},
        {"url": "http://"},
        {"url": "http://x/" + "y" * 500},
        {"ref": "x" * 251},
        {"status": "gone"},
        {"status": 1},
    ],
)
def test_a_bad_release_is_refused_by_field(sentry: Sentry, changes: dict[str, object]) -> None:
    before = sentry.stored()
    body = {"version": "x", "projects": ["web-app"]} | changes
    answer = sentry.api("POST", ACME, sentry.user("mia"), body)
    assert (answer.status_code, list(answer.json)) == (400, list(changes)), answer.text
    assert sentry.stored() == before


def test_creating_needs_a_scope(sentry: Sentry) -> None:
    body = {"version": "x", "projects": ["web-app"]}
    wanted = "org:ci project:admin project:releases project:write"
    assert_challenge(sentry.api("POST", ACME, sentry.agent("mia"), body), wanted)
    assert sentry.api("POST", ACME, sentry.organization(), body).status_code == 201
    sentry.plant("mia", ["project:releases"])
    again = sentry.api("POST", ACME, sentry.agent("mia"), body | {"version": "y"})
    assert again.status_code == 201


# Read, update, archive, delete


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-01-15T12:00:00.123456789Z", "2026-01-15T12:00:00.123456Z"),
        ("2026-01-15T13:00:00+01:00", "2026-01-15T12:00:00.000000Z"),
        ("2026-01-15T12:00:00", "2026-01-15T12:00:00.000000Z"),
        (None, None),
    ],
)
def test_a_release_is_finalized(stored_sentry: Sentry, sent: str | None, shown: str | None) -> None:
    sentry, mia = stored_sentry, stored_sentry.user("mia")
    body = {"dateReleased": sent, "projects": ["web-app"], "version": "other"}
    answer = sentry.api("PUT", WEB, mia, body)
    assert answer.status_code == 200
    assert (answer.json["dateReleased"], answer.json["version"]) == (shown, "web-app@1.1.0")
    assert sentry.api("GET", WEB, mia).json == answer.json


def test_what_an_update_leaves_out_stays(sentry: Sentry) -> None:
    mia = sentry.user("mia")
    before = sentry.api("GET", WEB, mia).json
    url = "https://example.com/1.1.0"
    after = sentry.api("PUT", WEB, mia, {"url": url}).json
    assert after == before | {"url": url}
    assert sentry.api("PUT", WEB, mia, {"url": None, "status": None}).json == before


def test_a_release_is_archived_and_restored(sentry: Sentry) -> None:
    mia = sentry.user("mia")
    body = {"version": "web-app@1.0.0", "projects": [], "status": "archived"}
    answer = sentry.api("POST", ACME, mia, body)
    assert (answer.status_code, answer.json["status"]) == (208, "archived")
    assert versions(sentry, ACME, mia) == ["web-app@1.1.0"]
    assert versions(sentry, f"{ACME}?status=archived", mia) == ["web-app@1.0.0"]
    path = f"{ACME}web-app@1.0.0/"
    assert sentry.api("PUT", path, mia, {"status": "open"}).json["status"] == "open"


def test_a_release_out_of_reach_is_not_there(sentry: Sentry) -> None:
    mia, other = sentry.user("mia"), f"{ACME}api@2026.1/"
    for method in ("GET", "PUT", "DELETE"):
        assert_missing(sentry.api(method, other, mia, {}))
    for below in ("commits/", "deploys/"):
        assert_missing(sentry.api("GET", other + below, mia))
    archive = {"version": "api@2026.1", "projects": [], "status": "archived"}
    assert_missing(sentry.api("POST", ACME, mia, archive))
    assert_missing(sentry.api("GET", f"{ACME}portal@7/", sentry.user("olivia")))
    assert_missing(sentry.api("GET", f"{ACME}web-app@1.1/", mia))


def test_deleting_takes_deploys_along_and_leaves_projects(stored_sentry: Sentry) -> None:
    sentry, mia = stored_sentry, stored_sentry.user("mia")
    number = int(sentry.api("GET", WEB, mia).json["id"])
    assert sentry.api("DELETE", WEB, mia).status_code == 204
    assert_missing(sentry.api("GET", WEB, mia))
    store = sentry.services.store
    for table in (deploy, release_project):
        assert store.all(table.select().where(table.c.release_id == number)) == []
    assert sentry.api("GET", "/projects/acme/web-app/", mia).status_code == 200


def test_changing_needs_a_scope(sentry: Sentry) -> None:
    agent = sentry.agent("mia")
    wanted = "org:ci project:admin project:releases project:write"
    assert_challenge(sentry.api("PUT", WEB, agent, {}), wanted)
    assert_challenge(sentry.api("DELETE", WEB, agent), "project:admin project:releases")
    # What CI may write it may not delete.
    ci = sentry.organization()
    assert sentry.api("PUT", WEB, ci, {"ref": "x"}).status_code == 200
    assert_challenge(sentry.api("DELETE", WEB, ci), "project:admin project:releases")


def test_commits_are_an_empty_list(sentry: Sentry) -> None:
    assert sentry.api("GET", f"{WEB}commits/", sentry.user("mia")).json == []


@pytest.mark.parametrize("version", ["1.0 beta", "1.0+build.5", "Ünïcode-1", "a%b", "a?b#c", "1:2"])
def test_a_version_with_odd_signs_is_found_again(sentry: Sentry, version: str) -> None:
    from urllib.parse import quote

    mia = sentry.user("mia")
    body = {"version": version, "projects": ["web-app"]}
    assert sentry.api("POST", ACME, mia, body).status_code == 201
    read = sentry.api("GET", f"{ACME}{quote(version, safe='')}/", mia)
    assert (read.status_code, read.json["version"]) == (200, version)


# The parts of a version


def test_a_version_is_taken_apart() -> None:
    described = describe_version("front@1.2.3-rc.1+77")
    assert described["package"] == "front"
    assert described["version"] == {
        "raw": "1.2.3-rc.1+77",
        "major": 1,
        "minor": 2,
        "patch": 3,
        "pre": "rc.1",
        "buildCode": "77",
        "components": 3,
    }
    assert describe_version("2026.1")["version"]["components"] == 2


def test_a_commit_as_a_version_is_a_build_hash() -> None:
    commit = "3e90a5d9e767ebcfa70e921d7a7ff6c037461168"
    described = describe_version(f"backend@{commit}")
    assert described["buildHash"] == commit
    assert described["description"] == commit[:12]
    assert described["version"] == {"raw": commit}


@pytest.mark.parametrize("version", ["", "@", "a@b@c", "1" * 100, "x" * 200])
def test_any_text_is_taken_apart(version: str) -> None:
    assert describe_version(version)["version"]["raw"] == version
