"""Inviting somebody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sentry.callers import Sentry, assert_challenge, assert_plain_denial

ACME = "/organizations/acme/members/"
NEW = "new@example.org"


def emails(sentry: Sentry) -> list[str]:
    return [one["email"] for one in sentry.api("GET", ACME, sentry.user("olivia")).json]


def test_an_invitation_is_a_pending_member(stored_sentry: Sentry) -> None:
    sentry, martin = stored_sentry, stored_sentry.user("martin")
    body = {"email": "New@Example.org", "orgRole": "admin", "teams": ["web", "backend"]}
    answer = sentry.api("POST", ACME, martin, body)
    assert answer.status_code == 201
    made = answer.json
    assert (made["email"], made["name"], made["orgRole"]) == (NEW, NEW, "admin")
    assert (made["pending"], made["user"]) == (True, None)
    assert made["inviterName"] == "martin@example.com"
    read = sentry.api("GET", f"{ACME}{made['id']}/", martin).json
    assert read["teams"] == ["backend", "web"]
    assert emails(sentry)[-1] == NEW
    listed = sentry.api("GET", ACME, martin, query_string={"query": "isInvited:true"}).json
    assert [one["id"] for one in listed] == [made["id"]]
    # Nobody is in a team who has not accepted.
    assert sentry.api("GET", "/teams/acme/web/", martin).json["memberCount"] == 4


def test_a_member_invites_members(sentry: Sentry) -> None:
    answer = sentry.api("POST", ACME, sentry.user("mia"), {"email": NEW})
    assert (answer.status_code, answer.json["orgRole"]) == (201, "member")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("mia", "admin"),
        ("mia", "manager"),
        ("mia", "owner"),
        ("ada", "manager"),
        ("martin", "owner"),
    ],
)
@pytest.mark.parametrize("key", ["orgRole", "role"])
def test_nobody_invites_above_the_own_role(sentry: Sentry, name: str, role: str, key: str) -> None:
    before = sentry.stored()
    body = {"email": NEW, key: role}
    assert_plain_denial(sentry.api("POST", ACME, sentry.user(name), body))
    sentry.plant(name, ["member:invite", "member:admin"])
    assert_plain_denial(sentry.api("POST", ACME, sentry.agent(name), body))
    assert sentry.audit()[-1]["rule"] == "role-ceiling"
    assert {**sentry.stored(), "seer_agentwritegrant": []} == before


def test_the_team_role_of_an_invitation_is_not_the_inviters_choice(sentry: Sentry) -> None:
    body = {"email": NEW, "teamRoles": [{"teamSlug": "web", "role": "admin"}]}
    made = sentry.api("POST", ACME, sentry.user("mia"), body).json["id"]
    read = sentry.api("GET", f"{ACME}{made}/", sentry.user("mia")).json
    assert read["teamRoles"] == [{"teamSlug": "web", "role": "contributor"}]


def test_an_agent_needs_an_approved_scope(sentry: Sentry) -> None:
    wanted = "member:admin member:invite member:write"
    body = {"email": NEW}
    assert_challenge(sentry.api("POST", ACME, sentry.agent("olivia"), body), wanted)
    sentry.plant("olivia", ["member:invite"])
    answer = sentry.api("POST", ACME, sentry.agent("olivia"), body | {"orgRole": "owner"})
    assert answer.status_code == 201
    assert answer.json["inviterName"] == "olivia@example.com"
    record = sentry.audit()[-1]
    assert (record["decision"], record["agent"]) == ("allow", {"session": "s1"})


@pytest.mark.parametrize(
    ("email", "said"),
    [("mia@example.com", "already a member"), ("MIA@example.COM", "already a member")],
)
def test_who_is_a_member_is_not_invited(sentry: Sentry, email: str, said: str) -> None:
    answer = sentry.api("POST", ACME, sentry.user("olivia"), {"email": email})
    assert answer.status_code == 400
    assert said in answer.json["email"][0]


def test_nobody_is_invited_twice(sentry: Sentry) -> None:
    credential = sentry.user("olivia")
    assert sentry.api("POST", ACME, credential, {"email": NEW}).status_code == 201
    answer = sentry.api("POST", ACME, credential, {"email": NEW.upper()})
    assert (answer.status_code, list(answer.json)) == (400, ["email"])
    assert emails(sentry).count(NEW) == 1
    globex = "/organizations/globex/members/"
    assert sentry.api("POST", globex, credential, {"email": NEW}).status_code == 201


def test_of_many_at_once_one_is_made(stored_sentry: Sentry) -> None:
    sentry, credential = stored_sentry, stored_sentry.user("olivia")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: sentry.api("POST", ACME, credential, {"email": NEW}), range(8))
        )
    assert sorted(answer.status_code for answer in answers) == [201, *[400] * 7]
    assert emails(sentry).count(NEW) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": ""},
        {"email": None},
        {"email": "nobody"},
        {"email": "a@b"},
        {"email": "a b@example.org"},
        {"email": "a@example.org\0"},
        {"email": "a@example.org\nb@example.org"},
        {"email": "x" * 70 + "@example.org"},
        {"email": ["a@example.org"]},
        {"email": NEW, "orgRole": "king"},
        {"email": NEW, "teams": ["platform"]},
        {"email": NEW, "teams": [None]},
        {"email": NEW, "sendInvite": "yes"},
    ],
)
def test_a_bad_invitation_is_refused_and_stores_nothing(sentry: Sentry, body: object) -> None:
    before = sentry.stored()
    assert sentry.api("POST", ACME, sentry.user("olivia"), body).status_code == 400
    assert sentry.stored() == before


def test_inviting_can_be_left_to_those_who_manage(sentry: Sentry) -> None:
    olivia = sentry.user("olivia")
    sentry.api("PUT", "/organizations/acme/", olivia, {"allowMemberInvite": False})
    assert_plain_denial(sentry.api("POST", ACME, sentry.user("mia"), {"email": NEW}))
    assert sentry.api("POST", ACME, sentry.user("martin"), {"email": NEW}).status_code == 201


def test_a_member_of_a_closed_organization_invites_to_own_teams(sentry: Sentry) -> None:
    mia = sentry.user("mia")
    other = sentry.api("POST", ACME, mia, {"email": NEW, "teams": ["backend"]})
    assert other.status_code == 400
    assert "teams" in other.json["detail"]
    own = sentry.api("POST", ACME, mia, {"email": NEW, "teams": ["web"]})
    assert own.status_code == 201
    globex = "/organizations/globex/members/"
    body = {"email": NEW, "teams": ["research"]}
    assert sentry.api("POST", globex, sentry.user("gil"), body).status_code == 201


def test_an_invitation_is_taken_back_by_its_sender_or_a_manager(sentry: Sentry) -> None:
    mine = sentry.api("POST", ACME, sentry.user("mia"), {"email": NEW}).json["id"]
    path = f"{ACME}{mine}/"
    assert_plain_denial(sentry.api("DELETE", path, sentry.user("bo")))
    assert_plain_denial(sentry.api("DELETE", path, sentry.agent("mia")))
    assert sentry.api("DELETE", path, sentry.user("mia")).status_code == 204
    other = sentry.api("POST", ACME, sentry.user("mia"), {"email": NEW}).json["id"]
    assert sentry.api("DELETE", f"{ACME}{other}/", sentry.user("martin")).status_code == 204


def test_a_pending_owner_owns_nothing_yet(sentry: Sentry) -> None:
    olivia = sentry.user("olivia")
    sentry.api("POST", ACME, olivia, {"email": NEW, "orgRole": "owner"})
    assert sentry.api("GET", f"{ACME}me/", olivia).json["isOnlyOwner"] is True
    assert sentry.api("DELETE", f"{ACME}me/", olivia).status_code == 403
