"""Members: who may see, change and remove whom."""

from __future__ import annotations

import pytest

from harness.sentry.schema import member
from tests.sentry.callers import (
    Headers,
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
)

ACME = "/organizations/acme/members/"
CHANGE = "member:admin member:invite member:write"


def path_of(sentry: Sentry, name: str, organization: str = "acme") -> str:
    """The path of a user's membership."""
    path = f"/organizations/{organization}/members/"
    everybody = sentry.api("GET", path, sentry.user("olivia")).json
    found = next(one for one in everybody if one["email"] == f"{name}@example.com")
    return f"{path}{found['id']}/"


def role_of(sentry: Sentry, name: str) -> str:
    role: str = sentry.api("GET", path_of(sentry, name), sentry.user("olivia")).json["orgRole"]
    return role


def change(sentry: Sentry, credential: Headers, name: str, role: str) -> int:
    path = path_of(sentry, name)
    return sentry.api("PUT", path, credential, {"orgRole": role}).status_code


# List and read


def test_the_list_shows_everybody_oldest_first(sentry: Sentry) -> None:
    answer = sentry.api("GET", ACME, sentry.user("mia"))
    names = [one["email"].partition("@")[0] for one in answer.json]
    assert names == ["olivia", "mia", "martin", "ada", "bo", "maya", "tess", "nora"]
    olivia = answer.json[0]
    assert (olivia["orgRole"], olivia["roleName"], olivia["pending"]) == ("owner", "Owner", False)
    assert olivia["user"]["email"] == "olivia@example.com"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("email:mia@example.com", ["mia"]),
        ("MIA", ["mia"]),
        ("role:manager", ["martin"]),
        ("role:[manager,owner]", ["olivia", "martin"]),
        ("scope:org:admin", ["olivia"]),
        ("isInvited:true", []),
        ("ssoLinked:true", []),
    ],
)
def test_members_can_be_searched(sentry: Sentry, query: str, names: list[str]) -> None:
    answer = sentry.api("GET", ACME, sentry.user("mia"), query_string={"query": query})
    assert [one["email"].partition("@")[0] for one in answer.json] == names


def test_switched_off_users_are_not_listed(sentry: Sentry) -> None:
    path = path_of(sentry, "bo")
    sentry.set_active("bo", active=False)
    names = [one["email"] for one in sentry.api("GET", ACME, sentry.user("mia")).json]
    assert "bo@example.com" not in names
    assert_missing(sentry.api("GET", path, sentry.user("mia")))


def test_me_is_the_caller(sentry: Sentry) -> None:
    for credential in (sentry.user("mia"), sentry.agent("mia"), sentry.session("mia")):
        answer = sentry.api("GET", f"{ACME}me/", credential)
        assert answer.json["email"] == "mia@example.com"


def test_a_member_is_read_with_teams_and_roles(sentry: Sentry) -> None:
    read = sentry.api("GET", path_of(sentry, "ada"), sentry.user("martin")).json
    assert read["teams"] == ["backend", "payments"]
    assert read["teamRoles"][0] == {"teamSlug": "backend", "role": "contributor"}
    allowed = {role["id"]: role["isAllowed"] for role in read["orgRoleList"]}
    assert allowed == {"member": True, "admin": True, "manager": True, "owner": False}
    assert read["isOnlyOwner"] is False
    owner = sentry.api("GET", path_of(sentry, "olivia"), sentry.user("mia")).json
    assert owner["isOnlyOwner"] is True
    assert not any(role["isAllowed"] for role in owner["orgRoleList"] if role["id"] == "owner")


@pytest.mark.parametrize("named", ["0", "-1", "x", "9" * 400, "1e3", "٣", "None"])
def test_nobody_has_such_an_id(sentry: Sentry, named: str) -> None:
    assert_missing(sentry.api("GET", f"{ACME}{named}/", sentry.user("mia")))


def test_a_member_of_another_organization_is_none(sentry: Sentry) -> None:
    gil = path_of(sentry, "gil", "globex").replace("globex", "acme")
    for method in ("GET", "PUT", "DELETE"):
        assert_missing(sentry.api(method, gil, sentry.user("olivia"), {}))


# Change


def test_a_manager_changes_roles_up_to_the_own(stored_sentry: Sentry) -> None:
    sentry, martin = stored_sentry, stored_sentry.user("martin")
    for role in ("admin", "manager", "member"):
        assert change(sentry, martin, "mia", role) == 200
        assert role_of(sentry, "mia") == role


@pytest.mark.parametrize(("name", "role"), [("mia", "owner"), ("olivia", "member")])
def test_nobody_gives_or_takes_a_role_above_the_own(sentry: Sentry, name: str, role: str) -> None:
    before = sentry.stored()
    answer = sentry.api("PUT", path_of(sentry, name), sentry.user("martin"), {"orgRole": role})
    assert_plain_denial(answer)
    assert sentry.stored() == before
    assert sentry.audit()[-1]["rule"] == "role-ceiling"


@pytest.mark.parametrize("role", ["owner", "manager", "admin"])
@pytest.mark.parametrize("key", ["orgRole", "role"])
def test_nobody_raises_themselves(sentry: Sentry, role: str, key: str) -> None:
    for name in ("mia", "ada", "tess"):
        path = path_of(sentry, name)
        for credential in (sentry.user(name), sentry.session(name)):
            assert_plain_denial(sentry.api("PUT", path, credential, {key: role}))
    own = sentry.api("PUT", path_of(sentry, "martin"), sentry.user("martin"), {key: role})
    assert own.status_code == {"owner": 403, "manager": 200, "admin": 400}[role]
    assert role_of(sentry, "martin") == "manager"


def test_the_only_owner_stays_one(stored_sentry: Sentry) -> None:
    sentry, olivia = stored_sentry, stored_sentry.user("olivia")
    path = path_of(sentry, "olivia")
    own = sentry.api("PUT", path, olivia, {"orgRole": "manager"})
    assert (own.status_code, own.json["detail"]) == (
        400,
        "You cannot make changes to your own role.",
    )
    removed = sentry.api("DELETE", path, olivia)
    assert removed.status_code == 403
    assert "only remaining owner" in removed.json["detail"]
    # A second owner who is switched off is none that could take over.
    assert change(sentry, olivia, "bo", "owner") == 200
    sentry.set_active("bo", active=False)
    assert sentry.api("DELETE", path, olivia).status_code == 403
    sentry.set_active("bo", active=True)
    assert sentry.api("DELETE", path, olivia).status_code == 204
    assert role_of_by(sentry, "bo") == "owner"


def role_of_by(sentry: Sentry, name: str) -> str:
    role: str = sentry.api("GET", f"{ACME}me/", sentry.user(name)).json["orgRole"]
    return role


def test_teams_are_changed_and_stay_when_unsaid(stored_sentry: Sentry) -> None:
    sentry, martin = stored_sentry, stored_sentry.user("martin")
    path = path_of(sentry, "mia")
    both = {
        "teamRoles": [{"teamSlug": "web", "role": "admin"}, {"teamSlug": "backend", "role": None}]
    }
    answer = sentry.api("PUT", path, martin, both)
    assert answer.json["teamRoles"] == [
        {"teamSlug": "backend", "role": "contributor"},
        {"teamSlug": "web", "role": "admin"},
    ]
    assert change(sentry, martin, "mia", "admin") == 200
    assert sentry.api("GET", path, martin).json["teams"] == ["backend", "web"]
    assert sentry.api("PUT", path, martin, {"teams": ["payments"]}).json["teams"] == ["payments"]
    assert sentry.api("PUT", path, martin, {"teamRoles": []}).json["teams"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"orgRole": "king"},
        {"orgRole": 1},
        {"role": ["owner"]},
        {"teams": ["platform"]},
        {"teams": "web"},
        {"teams": [1]},
        {"teamRoles": [{"teamSlug": "nobody"}]},
        {"teamRoles": [{"teamSlug": "web", "role": "king"}]},
        {"teamRoles": ["web"]},
        {"teamRoles": {"web": "admin"}},
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(sentry: Sentry, body: object) -> None:
    path = path_of(sentry, "mia")
    before = sentry.stored()
    assert sentry.api("PUT", path, sentry.user("olivia"), body).status_code == 400
    assert sentry.stored() == before


def test_changing_needs_the_scope_and_the_role(sentry: Sentry) -> None:
    path, body = path_of(sentry, "bo"), {"orgRole": "admin"}
    assert_challenge(sentry.api("PUT", path, sentry.agent("olivia"), body), CHANGE)
    # To invite is enough for the gate, and not for this.
    sentry.plant("olivia", ["member:invite"])
    assert_plain_denial(sentry.api("PUT", path, sentry.agent("olivia"), body))
    assert sentry.audit()[-1]["missing"] == ["member:admin", "member:write"]
    assert_plain_denial(sentry.api("PUT", path, sentry.user("mia"), body))
    sentry.plant("olivia", ["member:admin"], session="s2")
    agent = sentry.agent("olivia", session="s2")
    assert sentry.api("PUT", path, agent, body).status_code == 200
    sentry.set_role("olivia", "admin")
    assert_plain_denial(sentry.api("PUT", path, agent, body))


def test_the_agent_of_a_manager_is_held_by_the_managers_role(sentry: Sentry) -> None:
    sentry.plant("martin", ["member:admin"])
    agent = sentry.agent("martin")
    assert change(sentry, agent, "mia", "owner") == 403
    assert change(sentry, agent, "mia", "manager") == 200


def test_an_integration_gives_no_roles(sentry: Sentry) -> None:
    path = path_of(sentry, "mia")
    assert_challenge(sentry.api("PUT", path, sentry.integration(), {"orgRole": "admin"}), CHANGE)


# Remove


def test_a_manager_removes_a_member_and_what_hung_on_it(stored_sentry: Sentry) -> None:
    sentry, martin = stored_sentry, stored_sentry.user("martin")
    path = path_of(sentry, "mia")
    agent = sentry.agent("mia")
    assert sentry.api("DELETE", path, martin).status_code == 204
    assert_missing(sentry.api("GET", path, martin))
    team = sentry.api("GET", "/teams/acme/web/members/", martin).json
    assert "mia@example.com" not in {one["email"] for one in team}
    assert_plain_denial(sentry.api("GET", "/organizations/acme/", sentry.user("mia")))
    assert sentry.api("GET", "/organizations/acme/", agent).status_code == 401


def test_nobody_removes_somebody_above(sentry: Sentry) -> None:
    path = path_of(sentry, "olivia")
    assert_plain_denial(sentry.api("DELETE", path, sentry.user("martin")))
    assert sentry.audit()[-1]["rule"] == "role-ceiling"


def test_a_member_removes_nobody_else_and_may_leave(sentry: Sentry) -> None:
    other, own = path_of(sentry, "bo"), path_of(sentry, "mia")
    assert_plain_denial(sentry.api("DELETE", other, sentry.user("mia")))
    assert sentry.audit()[-1]["missing"] == ["member:admin", "member:write"]
    assert sentry.api("DELETE", own, sentry.session("mia")).status_code == 204
    assert_missing(sentry.api("GET", own, sentry.user("olivia")))


def test_an_agent_does_not_leave_for_its_user(sentry: Sentry) -> None:
    """The published scopes let a reader past the gate here; leaving is no reading."""
    own = path_of(sentry, "mia")
    for path in (own, f"{ACME}me/"):
        assert_plain_denial(sentry.api("DELETE", path, sentry.agent("mia")))
    assert sentry.api("GET", own, sentry.user("mia")).status_code == 200


def test_an_agent_removes_with_an_approved_scope(sentry: Sentry) -> None:
    path = path_of(sentry, "bo")
    assert_plain_denial(sentry.api("DELETE", path, sentry.agent("olivia")))
    sentry.plant("olivia", ["member:admin"])
    assert sentry.api("DELETE", path, sentry.agent("olivia")).status_code == 204


def test_invitations_do_not_outlast_who_sent_them(sentry: Sentry) -> None:
    body = {"email": "new@example.org"}
    made = sentry.api("POST", ACME, sentry.user("bo"), body).json["id"]
    assert sentry.api("DELETE", path_of(sentry, "bo"), sentry.user("martin")).status_code == 204
    assert_missing(sentry.api("GET", f"{ACME}{made}/", sentry.user("martin")))
    store = sentry.services.store
    assert store.all(member.select().where(member.c.user_id.is_(None))) == []
