"""Teams: who sees which, who may make one, and the sudo that deleting one asks for."""

from __future__ import annotations

from typing import Any

import pytest

from harness.sentry.schema import issue
from tests.sentry.callers import (
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)

ACME = "/organizations/acme/teams/"
WEB = "/teams/acme/web/"


def teams(sentry: Sentry, name: str, path: str = ACME) -> dict[str, dict[str, Any]]:
    answer = sentry.api("GET", path, sentry.user(name))
    assert answer.status_code == 200, answer.text
    return {team["slug"]: team for team in answer.json}


# Lists


def test_everybody_sees_every_team_with_their_place_in_it(sentry: Sentry) -> None:
    mia = teams(sentry, "mia")
    assert list(mia) == ["backend", "payments", "web"]
    assert (mia["web"]["isMember"], mia["web"]["hasAccess"]) == (True, True)
    assert mia["web"]["teamRole"] == "contributor"
    assert (mia["backend"]["isMember"], mia["backend"]["hasAccess"]) == (False, False)
    assert mia["backend"]["access"] == []
    olivia = teams(sentry, "olivia")
    assert (olivia["web"]["isMember"], olivia["web"]["hasAccess"]) == (False, True)
    assert olivia["web"]["memberCount"] == 4
    gil = teams(sentry, "gil", "/organizations/globex/teams/")
    assert (gil["research"]["isMember"], gil["research"]["hasAccess"]) == (False, True)


def test_a_team_in_the_list_shows_the_projects_within_reach(sentry: Sentry) -> None:
    shown = {
        slug: [project["slug"] for project in team["projects"]]
        for slug, team in teams(sentry, "mia").items()
    }
    assert shown == {"backend": [], "payments": [], "web": ["web-app"]}
    assert "projects" not in teams(sentry, "mia", f"{ACME}?detailed=0")["web"]


def test_teams_can_be_searched(sentry: Sentry) -> None:
    assert list(teams(sentry, "mia", f"{ACME}?query=PAY")) == ["payments"]
    assert list(teams(sentry, "mia", f"{ACME}?query=slug:web")) == ["web"]
    assert list(teams(sentry, "mia", f"{ACME}?query=hasExternalTeams:true")) == []


def test_own_teams_are_those_one_is_in(sentry: Sentry) -> None:
    path = "/organizations/acme/user-teams/"
    assert list(teams(sentry, "ada", path)) == ["backend", "payments"]
    assert list(teams(sentry, "olivia", path)) == []
    assert teams(sentry, "mia", path)["web"]["projects"][0]["slug"] == "web-app"


def test_switched_off_users_are_not_counted(sentry: Sentry) -> None:
    sentry.set_active("nora", active=False)
    assert teams(sentry, "olivia")["web"]["memberCount"] == 3
    members = sentry.api("GET", f"{WEB}members/", sentry.user("olivia")).json
    assert "nora@example.com" not in {member["email"] for member in members}


# Create


def test_whoever_creates_a_team_is_in_it(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    answer = sentry.api("POST", ACME, sentry.user("ada"), {"name": "Night Shift"})
    assert answer.status_code == 201
    made = answer.json
    assert (made["slug"], made["name"]) == ("night-shift", "Night Shift")
    assert (made["isMember"], made["teamRole"], made["memberCount"]) == (True, "admin", 1)
    assert "team:admin" in made["access"]
    assert sentry.api("GET", "/teams/acme/night-shift/", sentry.user("ada")).status_code == 200


def test_an_integration_is_in_no_team(sentry: Sentry) -> None:
    answer = sentry.api("POST", ACME, sentry.integration(), {"slug": "bots"})
    assert answer.status_code == 201
    assert (answer.json["name"], answer.json["memberCount"]) == ("bots", 0)


def test_a_taken_slug_is_a_conflict(stored_sentry: Sentry) -> None:
    sentry = stored_sentry
    answer = sentry.api("POST", ACME, sentry.user("olivia"), {"slug": "web"})
    assert answer.status_code == 409
    assert answer.json["detail"] == "A team with this slug already exists."
    # A name alone finds another slug.
    named = sentry.api("POST", ACME, sentry.user("olivia"), {"name": "Web"})
    assert (named.status_code, named.json["slug"]) == (201, "web-2")
    assert sentry.api(
        "POST", "/organizations/globex/teams/", sentry.user("olivia"), {"slug": "web"}
    ).status_code == (201)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"slug": "7"},
        {"slug": "A"},
        {"name": "x" * 65},
        {"name": ["x"]},
        {"slug": 1},
    ],
)
def test_a_bad_team_is_refused(sentry: Sentry, body: object) -> None:
    assert sentry.api("POST", ACME, sentry.user("olivia"), body).status_code == 400


def test_creating_needs_a_scope(sentry: Sentry) -> None:
    wanted = "org:admin org:write team:write"
    assert_challenge(sentry.api("POST", ACME, sentry.agent("olivia"), {"name": "x"}), wanted)
    assert_challenge(sentry.api("POST", ACME, sentry.user("mia"), {"name": "x"}), wanted)
    assert_plain_denial(sentry.api("POST", ACME, sentry.session("mia"), {"name": "x"}))
    sentry.plant("olivia", ["team:write"])
    made = sentry.api("POST", ACME, sentry.agent("olivia"), {"name": "x"})
    assert made.status_code == 201


# Read and update


def test_a_team_is_read_with_its_organization(sentry: Sentry) -> None:
    read = sentry.api("GET", WEB, sentry.user("mia")).json
    assert read["organization"]["slug"] == "acme"
    assert "projects" not in read
    asked = sentry.api("GET", f"{WEB}?collapse=organization&expand=projects", sentry.user("mia"))
    assert "organization" not in asked.json
    assert [project["slug"] for project in asked.json["projects"]] == ["web-app"]
    assert sentry.api("GET", f"/teams/acme/{read['id']}/", sentry.user("mia")).json == read


def test_a_team_out_of_reach_is_403_and_elsewhere_404(sentry: Sentry) -> None:
    assert_plain_denial(sentry.api("GET", "/teams/acme/backend/", sentry.user("mia")))
    assert_missing(sentry.api("GET", "/teams/acme/platform/", sentry.user("olivia")))


def test_a_team_is_updated(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    answer = sentry.api("PUT", WEB, credential, {"slug": "front", "name": "Front"})
    assert (answer.status_code, answer.json["slug"], answer.json["name"]) == (200, "front", "Front")
    assert_missing(sentry.api("GET", WEB, credential))
    assert sentry.api("PUT", "/teams/acme/front/", credential, {}).json["slug"] == "front"
    taken = sentry.api("PUT", "/teams/acme/front/", credential, {"slug": "backend"})
    assert (taken.status_code, list(taken.json)) == (400, ["slug"])
    for bad in ({"slug": "1"}, {"name": ""}, {"name": 1}, {"slug": None}):
        assert sentry.api("PUT", "/teams/acme/front/", credential, bad).status_code == 400


def test_updating_needs_the_scope_on_the_team(sentry: Sentry) -> None:
    body = {"name": "x"}
    assert_challenge(sentry.api("PUT", WEB, sentry.agent("tess"), body), "team:admin team:write")
    assert sentry.api("PUT", WEB, sentry.session("tess"), body).status_code == 200
    assert_plain_denial(sentry.api("PUT", "/teams/acme/backend/", sentry.session("tess"), body))
    assert_plain_denial(sentry.api("PUT", WEB, sentry.session("mia"), body))


# Delete


SUDO = {
    "detail": {
        "code": "sudo-required",
        "message": "Account verification required.",
        "extra": {"username": "olivia@example.com"},
    }
}


def test_an_agent_with_the_scope_is_asked_for_sudo(sentry: Sentry) -> None:
    sentry.plant("olivia", ["team:admin"])
    before = sentry.stored()
    answer = sentry.api("DELETE", WEB, sentry.agent("olivia"))
    assert (answer.status_code, answer.json) == (401, SUDO)
    assert answer.headers["WWW-Authenticate"] == 'xBasic realm="api"'
    assert sentry.stored() == before
    record = sentry.audit()[-1]
    assert (record["decision"], record["rule"], record["status"]) == ("deny", "sudo", 401)
    assert record["agent"] == {"session": "s1"}


def test_an_agent_without_the_scope_is_challenged_first(sentry: Sentry) -> None:
    assert_challenge(sentry.api("DELETE", WEB, sentry.agent("olivia")), "team:admin")


def test_an_agent_with_the_scope_and_not_the_role_is_denied_plainly(sentry: Sentry) -> None:
    sentry.plant("olivia", ["team:admin"])
    agent = sentry.agent("olivia")
    sentry.set_role("olivia", "member")
    assert_plain_denial(sentry.api("DELETE", WEB, agent))


def test_a_session_that_just_typed_the_password_deletes(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    assert sentry.api("DELETE", WEB, session).status_code == 204
    assert_missing(sentry.api("GET", WEB, session))


def test_a_session_whose_sudo_ended_is_asked_and_may_confirm(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    sentry.advance(sentry.services.settings.sudo_lifetime.total_seconds())
    answer = sentry.api("DELETE", WEB, session)
    assert (answer.status_code, answer.json) == (401, SUDO)
    password = {"password": sentry.password("olivia")}
    assert sentry.api("PUT", "/auth/", session, password).status_code == 200
    assert sentry.api("DELETE", WEB, session).status_code == 204


def test_a_viewer_context_is_asked_for_sudo(sentry: Sentry) -> None:
    answer = sentry.api("DELETE", WEB, sentry.viewer("olivia"))
    assert (answer.status_code, answer.json) == (401, SUDO)


def test_kept_tokens_delete(sentry: Sentry) -> None:
    assert sentry.api("DELETE", WEB, sentry.user("olivia")).status_code == 204
    # The integration of this world lacks the scope; its kind would not be asked.
    assert_challenge(
        sentry.api("DELETE", "/teams/acme/backend/", sentry.integration()), "team:admin"
    )


def test_deleting_a_team_keeps_what_it_worked_on(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    team = int(sentry.api("GET", WEB, credential).json["id"])
    store = sentry.services.store
    issues = len(store.all(issue.select()))
    assigned = store.all(issue.select().where(issue.c.assignee_team_id == team))
    assert assigned
    assert sentry.api("DELETE", WEB, credential).status_code == 204
    assert len(store.all(issue.select())) == issues
    row = store.one(issue.select().where(issue.c.id == assigned[0].id))
    assert row is not None
    assert row.assignee_team_id is None
    project = sentry.api("GET", "/projects/acme/web-app/", credential).json
    assert (project["team"], project["teams"]) == (None, [])
    # Whoever reached the project by the team alone reaches it no more.
    assert_plain_denial(sentry.api("GET", "/projects/acme/web-app/", sentry.user("mia")))


# Who is in one


def test_the_members_of_a_team_come_with_their_team_role(sentry: Sentry) -> None:
    answer = sentry.api("GET", f"{WEB}members/", sentry.user("mia"))
    roles = {member["email"].partition("@")[0]: member["teamRole"] for member in answer.json}
    assert roles == {
        "mia": "contributor",
        "maya": "contributor",
        "tess": "admin",
        "nora": "contributor",
    }
    assert {member["teamSlug"] for member in answer.json} == {"web"}


def test_the_projects_of_a_team(sentry: Sentry) -> None:
    answer = sentry.api("GET", f"{WEB}projects/", sentry.user("mia"))
    assert [project["slug"] for project in answer.json] == ["web-app"]
    assert_plain_denial(sentry.api("GET", "/teams/acme/backend/projects/", sentry.user("mia")))
