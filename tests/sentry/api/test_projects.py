"""Projects: who sees which, and what can be done with one."""

from __future__ import annotations

import pytest

from tests.sentry.callers import (
    Headers,
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)


def slugs(sentry: Sentry, path: str, credential: Headers) -> list[str]:
    answer = sentry.api("GET", path, credential)
    assert answer.status_code == 200, answer.text
    return [project["slug"] for project in answer.json]


ACME = "/organizations/acme/projects/"
WEB_APP = "/projects/acme/web-app/"


# Lists


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("olivia", ["api", "payments", "web-app"]),
        ("martin", ["api", "payments", "web-app"]),
        ("ada", ["api", "payments"]),
        ("mia", ["web-app"]),
        ("bo", ["api"]),
    ],
)
def test_a_closed_organization_shows_what_the_role_and_the_teams_reach(
    sentry: Sentry, name: str, seen: list[str]
) -> None:
    assert slugs(sentry, ACME, sentry.user(name)) == seen
    assert slugs(sentry, ACME, sentry.agent(name)) == seen


def test_an_open_organization_shows_everything_to_its_members(sentry: Sentry) -> None:
    path = "/organizations/globex/projects/"
    assert slugs(sentry, path, sentry.user("gil")) == ["portal", "simulator"]


def test_tokens_without_a_member_see_every_project(sentry: Sentry) -> None:
    for credential in (sentry.organization(reads=True), sentry.integration()):
        assert slugs(sentry, ACME, credential) == ["api", "payments", "web-app"]


def test_the_global_list_shows_all_that_a_user_reaches_newest_first(sentry: Sentry) -> None:
    both = {"api", "payments", "web-app", "portal", "simulator"}
    assert set(slugs(sentry, "/projects/", sentry.user("olivia"))) == both
    assert set(slugs(sentry, "/projects/", sentry.session("olivia"))) == both
    assert set(slugs(sentry, "/projects/", sentry.user("bo"))) == {"api", "portal", "simulator"}
    sentry.api("POST", "/teams/acme/web/projects/", sentry.user("olivia"), {"name": "Newest"})
    # Time stands still, and the world's projects are older.
    assert slugs(sentry, "/projects/", sentry.user("olivia"))[0] == "newest"


def test_the_global_list_names_each_projects_organization(sentry: Sentry) -> None:
    answer = sentry.api("GET", "/projects/", sentry.user("olivia"))
    owners = {project["slug"]: project["organization"]["slug"] for project in answer.json}
    assert owners["web-app"] == "acme"
    assert owners["portal"] == "globex"


def test_the_global_list_of_a_bound_credential_is_of_its_organization(sentry: Sentry) -> None:
    acme = {"api", "payments", "web-app"}
    for credential in (
        sentry.agent("olivia"),
        sentry.integration(),
        sentry.organization(reads=True),
        sentry.viewer("olivia", "acme"),
    ):
        assert set(slugs(sentry, "/projects/", credential)) == acme
    globex = sentry.agent("olivia", "globex")
    assert set(slugs(sentry, "/projects/", globex)) == {"portal", "simulator"}


def test_a_viewer_context_of_a_strangers_organization_lists_nothing(sentry: Sentry) -> None:
    assert slugs(sentry, "/projects/", sentry.viewer("gil", "acme")) == []


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("app", ["web-app"]),
        ("WEB", ["web-app"]),
        ("slug:api", ["api"]),
        ("slug:[api,payments]", ["api", "payments"]),
        ("!slug:api", ["payments", "web-app"]),
        ("platform:python-flask", ["api"]),
        ("name:API", ["api"]),
        ("slug:api app", []),
        ("is_internal:1", []),
        ("zzz", []),
    ],
)
def test_a_list_can_be_searched(sentry: Sentry, query: str, seen: list[str]) -> None:
    answer = sentry.api("GET", ACME, sentry.user("olivia"), query_string={"query": query})
    assert [project["slug"] for project in answer.json] == seen


def test_a_list_has_pages(sentry: Sentry) -> None:
    credential = sentry.user("olivia")
    first = sentry.api("GET", f"{ACME}?per_page=2", credential)
    assert [project["slug"] for project in first.json] == ["api", "payments"]
    assert 'rel="next"; results="true"; cursor="0:2:0"' in first.headers["Link"]
    second = sentry.api("GET", f"{ACME}?per_page=2&cursor=0:2:0", credential)
    assert [project["slug"] for project in second.json] == ["web-app"]
    assert 'rel="next"; results="false"' in second.headers["Link"]


def test_a_project_in_a_list_says_what_the_caller_may_do(sentry: Sentry) -> None:
    mia = sentry.api("GET", ACME, sentry.user("mia")).json[0]
    assert (mia["isMember"], mia["hasAccess"]) == (True, True)
    assert "project:write" not in mia["access"]
    assert mia["team"] == mia["teams"][0] == {"id": "2001", "slug": "web", "name": "Web"}
    assert mia["environments"] == ["production", "staging"]
    assert mia["latestRelease"] == {"version": "web-app@1.1.0"}
    assert mia["firstEvent"].endswith("Z")
    # What a team's role adds counts where no token caps it.
    tess = sentry.api("GET", ACME, sentry.session("tess")).json[0]
    assert "project:write" in tess["access"]
    olivia = sentry.api("GET", ACME, sentry.user("olivia")).json[2]
    assert (olivia["isMember"], olivia["hasAccess"]) == (False, True)


# Create


def test_a_project_is_created_under_a_team_with_a_key(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    body = {"name": "Check Out", "platform": "python"}
    answer = sentry.api("POST", "/teams/acme/web/projects/", credential, body)
    assert answer.status_code == 201
    assert answer.json["slug"] == "check-out"
    assert answer.json["platform"] == "python"
    assert [team["slug"] for team in answer.json["teams"]] == ["web"]
    read = sentry.api("GET", "/projects/acme/check-out/", credential)
    assert read.json["id"] == answer.json["id"]
    keys = sentry.api("GET", "/projects/acme/check-out/keys/", credential).json
    assert [key["name"] for key in keys] == ["Default"]


def test_whoever_creates_in_an_own_team_reaches_it_at_once(sentry: Sentry) -> None:
    body = {"name": "Mine"}
    answer = sentry.api("POST", "/teams/acme/web/projects/", sentry.session("tess"), body)
    assert (answer.status_code, answer.json["isMember"]) == (201, True)
    assert "project:admin" in answer.json["access"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Web App", "web-app-2"),
        ("2026", "project-2026"),
        ("проект", "project"),
        ("  A  b!c ", "a-b-c"),
    ],
)
def test_a_slug_is_made_from_the_name(sentry: Sentry, name: str, slug: str) -> None:
    answer = sentry.api("POST", "/teams/acme/web/projects/", sentry.user("olivia"), {"name": name})
    assert answer.json["slug"] == slug


def test_a_slug_is_one_projects_alone_within_its_organization(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    taken = {"name": "X", "slug": "api"}
    answer = sentry.api("POST", "/teams/acme/web/projects/", credential, taken)
    assert answer.status_code == 409
    assert answer.json == {"detail": "A project with this slug already exists."}
    elsewhere = sentry.api("POST", "/teams/globex/platform/projects/", credential, taken)
    assert elsewhere.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 51},
        {"name": None},
        {"name": 7},
        {"name": "x\0"},
        {"name": "x\ud800"},
        {"name": "x", "slug": "12"},
        {"name": "x", "slug": "No"},
        {"name": "x", "slug": ""},
        {"name": "x", "slug": "a/b"},
        {"name": "x", "slug": "x" * 101},
        {"name": "x", "platform": ["python"]},
    ],
)
def test_a_bad_project_is_refused_by_field(sentry: Sentry, body: object) -> None:
    answer = sentry.api("POST", "/teams/acme/web/projects/", sentry.user("olivia"), body)
    assert answer.status_code == 400
    assert answer.json.keys() <= {"name", "slug", "platform"}
    assert len(slugs(sentry, ACME, sentry.user("olivia"))) == 3


def test_creating_needs_the_scope_and_the_team(sentry: Sentry) -> None:
    path, body = "/teams/acme/web/projects/", {"name": "X"}
    challenge = "project:admin project:write"
    assert_challenge(sentry.api("POST", path, sentry.agent("olivia"), body), challenge)
    assert_challenge(sentry.api("POST", path, sentry.user("mia"), body), challenge)
    # ada may create, and this is not one of her teams.
    assert_plain_denial(sentry.api("POST", path, sentry.user("ada"), body))
    assert_missing(sentry.api("POST", "/teams/acme/nobody/projects/", sentry.user("ada"), body))


def test_creating_can_be_left_to_those_who_manage(sentry: Sentry) -> None:
    path, olivia = "/teams/acme/web/projects/", sentry.user("olivia")
    switch = {"allowMemberProjectCreation": False}
    assert sentry.api("PUT", "/organizations/acme/", olivia, switch).status_code == 200
    sentry.plant("olivia", ["project:write"])
    denied = sentry.api("POST", path, sentry.agent("olivia"), {"name": "X"})
    assert denied.status_code == 403
    assert "disabled" in denied.json["detail"]
    assert sentry.api("POST", path, sentry.session("tess"), {"name": "Y"}).status_code == 201
    assert sentry.api("POST", path, olivia, {"name": "Z"}).status_code == 201


# Read


def test_a_project_is_read_by_slug_and_by_id_with_its_settings(sentry: Sentry) -> None:
    mia = sentry.user("mia")
    by_slug = sentry.api("GET", WEB_APP, mia).json
    by_id = sentry.api("GET", f"/projects/acme/{by_slug['id']}/", mia).json
    assert by_slug == by_id
    assert by_slug["organization"]["slug"] == "acme"
    assert by_slug["subjectPrefix"] == ""
    assert by_slug["options"] == {}
    short = sentry.api("GET", f"{WEB_APP}?collapse=organization", mia).json
    assert short.keys() == by_slug.keys() - {"organization"}


def test_out_of_reach_is_403_and_elsewhere_is_404(sentry: Sentry) -> None:
    assert_plain_denial(sentry.api("GET", "/projects/acme/api/", sentry.user("mia")))
    assert_missing(sentry.api("GET", "/projects/acme/portal/", sentry.user("olivia")))
    assert_missing(sentry.api("GET", "/projects/acme/nothing/", sentry.user("olivia")))
    # An id of the other organization's, under one's own.
    portal = sentry.api("GET", "/projects/globex/portal/", sentry.user("olivia")).json["id"]
    assert_missing(sentry.api("GET", f"/projects/acme/{portal}/", sentry.user("olivia")))


# Update


def test_a_project_is_updated_and_stays_so(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    body = {
        "name": "Shop",
        "slug": "shop",
        "platform": None,
        "resolveAge": 24,
        "allowedDomains": ["example.com"],
        "scrubIPAddresses": True,
        "highlightContext": {"browser": ["name"]},
        "isInternal": True,
        "status": "pending_deletion",
    }
    answer = sentry.api("PUT", WEB_APP, credential, body)
    assert answer.status_code == 200, answer.text
    read = sentry.api("GET", "/projects/acme/shop/", credential).json
    assert read == answer.json
    wanted = {key: body[key] for key in body if key not in ("isInternal", "status")}
    assert {key: read[key] for key in wanted} == wanted
    assert (read["isInternal"], read["status"]) == (False, "active")
    assert_missing(sentry.api("GET", WEB_APP, credential))
    # What was not sent stands as it was.
    again = sentry.api("PUT", "/projects/acme/shop/", credential, {"resolveAge": None})
    assert (again.json["name"], again.json["allowedDomains"]) == ("Shop", ["example.com"])
    assert again.json["resolveAge"] is None


def test_a_taken_slug_is_refused(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    answer = sentry.api("PUT", WEB_APP, sentry.user("olivia"), {"slug": "api"})
    assert (answer.status_code, list(answer.json)) == (400, ["slug"])
    same = sentry.api("PUT", WEB_APP, sentry.user("olivia"), {"slug": "web-app"})
    assert same.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": None},
        {"slug": "99"},
        {"resolveAge": "24"},
        {"resolveAge": -1},
        {"resolveAge": 10**30},
        {"resolveAge": True},
        {"isBookmarked": "yes"},
        {"allowedDomains": "example.com"},
        {"allowedDomains": ["a\0"]},
        {"highlightContext": {"a": "b"}},
        {"subjectPrefix": "x" * 201},
    ],
)
def test_a_bad_update_is_refused_and_changes_nothing(sentry: Sentry, body: object) -> None:
    before = sentry.stored()
    answer = sentry.api("PUT", WEB_APP, sentry.user("olivia"), body)
    assert answer.status_code == 400, answer.text
    assert sentry.stored() == before


def test_reading_is_enough_for_a_bookmark_and_for_nothing_else(stored_sentry: Sentry) -> None:
    sentry, agent = stored_sentry, stored_sentry.agent("mia")
    for credential in (agent, sentry.user("mia"), sentry.session("mia")):
        assert_plain_denial(sentry.api("PUT", WEB_APP, credential, {"name": "Mine"}))
        assert_plain_denial(
            sentry.api(
                "PUT", WEB_APP, credential, {"isBookmarked": True, "scrubIPAddresses": False}
            )
        )
    assert sentry.api("PUT", WEB_APP, agent, {"isBookmarked": True}).json["isBookmarked"]
    assert sentry.api("PUT", WEB_APP, agent, {"isBookmarked": True}).status_code == 200
    assert sentry.api("GET", WEB_APP, sentry.user("mia")).json["isBookmarked"]
    # A mark of one user is nobody else's.
    assert not sentry.api("GET", WEB_APP, sentry.user("tess")).json["isBookmarked"]
    assert not sentry.api("PUT", WEB_APP, agent, {"isBookmarked": False}).json["isBookmarked"]


def test_the_denial_of_an_update_says_in_the_log_what_was_missing(sentry: Sentry) -> None:
    sentry.api("PUT", WEB_APP, sentry.agent("olivia"), {"name": "X"})
    record = sentry.audit()[-1]
    assert record["decision"] == "deny"
    assert record["missing"] == ["project:admin", "project:write"]


def test_an_agent_updates_with_an_approved_scope(sentry: Sentry) -> None:
    sentry.plant("olivia", ["project:write"])
    answer = sentry.api("PUT", WEB_APP, sentry.agent("olivia"), {"name": "Renamed"})
    assert (answer.status_code, answer.json["name"]) == (200, "Renamed")


def test_a_team_admin_updates_the_projects_of_the_team(sentry: Sentry) -> None:
    assert sentry.api("PUT", WEB_APP, sentry.session("tess"), {"name": "Y"}).status_code == 200
    assert_plain_denial(
        sentry.api("PUT", "/projects/acme/api/", sentry.user("tess"), {"name": "N"})
    )


# Delete


def test_deleting_takes_everything_in_the_project_along(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    project = int(sentry.api("GET", WEB_APP, credential).json["id"])
    sentry.api("PUT", WEB_APP, credential, {"isBookmarked": True})
    answer = sentry.api("DELETE", WEB_APP, credential)
    assert (answer.status_code, answer.data) == (204, b"")
    assert_missing(sentry.api("GET", WEB_APP, credential))
    store = sentry.services.store
    from harness.sentry.schema import metadata

    for table in metadata.sorted_tables:
        if "project_id" in table.c:
            rows = store.all(table.select().where(table.c.project_id == project))
            assert rows == [], table.name
    assert slugs(sentry, ACME, credential) == ["api", "payments"]
    # Its teams and releases stay.
    assert sentry.api("GET", "/teams/acme/web/", credential).status_code == 200
    path = "/organizations/acme/releases/web-app@1.1.0/"
    assert sentry.api("GET", path, credential).json["projects"] == []


def test_an_agent_with_the_scope_deletes(sentry: Sentry) -> None:
    sentry.plant("olivia", ["project:admin"])
    agent = sentry.agent("olivia")
    assert sentry.api("DELETE", WEB_APP, agent).status_code == 204
    assert_missing(sentry.api("GET", WEB_APP, agent))


def test_a_session_needs_sudo_to_delete_events(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    made = sentry.api("POST", "/teams/acme/web/projects/", session, {"name": "Empty"}).json["slug"]
    sentry.services.clock.advance(2 * 3600)
    answer = sentry.api("DELETE", WEB_APP, session)
    assert answer.status_code == 401
    assert answer.json["detail"]["code"] == "sudo-required"
    assert sentry.api("GET", WEB_APP, session).status_code == 200
    # A project in which nothing ever happened may be thrown away.
    assert sentry.api("DELETE", f"/projects/acme/{made}/", session).status_code == 204


def test_deleting_needs_project_admin(sentry: Sentry) -> None:
    assert_challenge(sentry.api("DELETE", WEB_APP, sentry.agent("olivia")), "project:admin")
    assert_challenge(sentry.api("DELETE", WEB_APP, sentry.user("mia")), "project:admin")
    assert_plain_denial(sentry.api("DELETE", WEB_APP, sentry.session("mia")))
    assert_plain_denial(sentry.api("DELETE", WEB_APP, sentry.user("ada")))
