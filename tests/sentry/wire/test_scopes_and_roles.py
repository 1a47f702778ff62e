"""The table of scopes and roles, written down here a second time, and what is in whose reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from harness import scopes
from harness.sentry.catalogue import Catalogue
from harness.sentry.errors import Denied
from harness.sentry.gate import pass_gate
from harness.sentry.principal import Caller, Credential
from harness.sentry.schema import member, team_member
from tests.sentry.callers import Answer, Headers, Sentry, assert_plain_denial

READ_ONLY = ["alerts:read", "event:read", "member:read", "org:read", "project:read", "team:read"]

# member admin manager owner
TABLE = """
org:read            x x x x
org:write           . . x x
org:admin           . . . x
org:integrations    . x x x
member:read         x x x x
member:invite       x x x x
member:write        . . x x
member:admin        . . x x
team:read           x x x x
team:write          . x x x
team:admin          . x x x
project:read        x x x x
project:releases    x x x x
project:write       . x x x
project:admin       . x x x
event:read          x x x x
event:write         x x x x
event:admin         x x x x
alerts:read         x x x x
alerts:write        x x x x
org:ci               . . . .
project:distribution . . . .
"""
ROLES = ("member", "admin", "manager", "owner")
ROWS = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()}
HELD = {
    role: {scope for scope, marks in ROWS.items() if marks[column] == "x"}
    for column, role in enumerate(ROLES)
}

CONTRIBUTOR = {
    *("event:read", "event:write", "project:read", "project:releases"),
    *("org:read", "member:read", "team:read", "alerts:read"),
}
TEAM_ADMIN = CONTRIBUTOR | {
    *("event:admin", "project:write", "project:admin", "team:write", "team:admin"),
    *("org:integrations", "alerts:write"),
}

IMPLIED = {
    "org:write": {"org:read"},
    "org:admin": {"org:read", "org:write", "org:integrations"},
    "member:invite": {"member:read"},
    "member:write": {"member:read", "member:invite"},
    "member:admin": {"member:read", "member:write", "member:invite"},
    "team:write": {"team:read"},
    "team:admin": {"team:read", "team:write"},
    "project:write": {"project:read"},
    "project:admin": {"project:read", "project:write"},
    "event:write": {"event:read"},
    "event:admin": {"event:read", "event:write"},
    "alerts:write": {"alerts:read"},
}


# The facts


def test_read_only_is_exactly_six() -> None:
    assert sorted(scopes.READ_ONLY) == READ_ONLY


def test_there_are_no_other_scopes_and_roles() -> None:
    assert set(ROWS) == scopes.ALL_SCOPES
    assert scopes.ROLES == ROLES
    assert scopes.TEAM_ROLES == ("contributor", "admin")
    assert {"org:ci", "project:distribution"} == scopes.TOKEN_ONLY


@pytest.mark.parametrize("role", ROLES)
def test_role(role: str) -> None:
    assert scopes.role_scopes(role) == HELD[role]
    assert scopes.is_global_role(role) is (role in ("manager", "owner"))


@pytest.mark.parametrize(("role", "held"), [("contributor", CONTRIBUTOR), ("admin", TEAM_ADMIN)])
def test_team_role(role: str, held: set[str]) -> None:
    assert scopes.team_role_scopes(role) == held


@pytest.mark.parametrize("scope", [*ROWS, "no:such"])
def test_what_a_scope_implies(scope: str) -> None:
    assert scopes.expand([scope]) == {scope} | IMPLIED.get(scope, set())


# The facts at work


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gives_its_column(sentry: Sentry, role: str) -> None:
    sentry.set_role("mia", role)
    sessions = [sentry.session("mia"), sentry.viewer("mia"), sentry.new_token("mia", ROWS)]
    for credential in sessions:
        answer = sentry.api("GET", "/organizations/acme/", credential)
        assert set(answer.json["access"]) == HELD[role]
        assert answer.json["role"] == role


@pytest.mark.parametrize("role", ROLES)
def test_mint_reads_only(sentry: Sentry, role: str) -> None:
    sentry.set_role("mia", role)
    assert sentry.mint(sentry.session("mia"))["scopes"] == READ_ONLY


@pytest.mark.parametrize("role", ROLES)
def test_approve_gives_what_the_role_holds(sentry: Sentry, role: str) -> None:
    sentry.set_role("mia", role)
    answer = sentry.approve(sentry.session("mia"), ROWS)
    assert set(answer.json["scopes"]) == HELD[role]


def test_the_gate_reads_scopes_literally() -> None:
    """What implies a scope is not that scope: the hierarchy counts when a token is made."""
    endpoint = Catalogue({"/things/": {"GET": "event:read"}}).endpoints["/things/"]
    assert pass_gate(endpoint, "GET", caller({"event:read"})).method == "GET"
    for held in ({"event:admin"}, {"event:write"}, set(ROWS) - {"event:read"}, set[str]()):
        with pytest.raises(Denied):
            pass_gate(endpoint, "GET", caller(held))


def caller(held: set[str]) -> Caller:
    return Caller(Credential.USER_TOKEN, user_id=1, scopes=frozenset(held))


def test_a_user_token_is_created_with_what_its_scopes_imply(sentry: Sentry) -> None:
    """`org:admin project:admin team:admin event:admin` in the world's file."""
    bound = sentry.api("GET", "/organizations/acme/", sentry.named_token("acme-only"))
    assert bound.json["access"] == [
        *("event:admin", "event:read", "event:write"),
        *("org:admin", "org:integrations", "org:read", "org:write"),
        *("project:admin", "project:read", "project:write"),
        *("team:admin", "team:read", "team:write"),
    ]


# Reach. Acme is closed, Globex has open membership.


def projects_of(sentry: Sentry, credential: Headers, slug: str = "acme") -> set[str]:
    answer = sentry.api("GET", f"/organizations/{slug}/projects/", credential)
    assert answer.status_code == 200
    return {project["slug"] for project in answer.json if project["hasAccess"]}


ALL = {"web-app", "api", "payments"}


@pytest.mark.parametrize(
    ("who", "reach"),
    [
        ("olivia", ALL),
        ("martin", ALL),
        # An admin sees the projects of her teams, and a member of theirs.
        ("ada", {"api", "payments"}),
        ("mia", {"web-app"}),
        ("tess", {"web-app"}),
        ("bo", {"api"}),
    ],
)
def test_reach_of_projects(sentry: Sentry, who: str, reach: set[str]) -> None:
    for credential in (sentry.user(who), sentry.session(who), sentry.agent(who)):
        assert projects_of(sentry, credential) == reach
        for slug in ALL:
            answer = sentry.api("GET", f"/projects/acme/{slug}/", credential)
            if slug in reach:
                assert answer.status_code == 200
            else:
                assert_plain_denial(answer)


def test_machines_reach_all_of_their_organization(sentry: Sentry) -> None:
    for credential in (sentry.integration(), sentry.organization(reads=True)):
        assert projects_of(sentry, credential) == ALL
        for slug in ALL:
            assert sentry.api("GET", f"/projects/acme/{slug}/", credential).status_code == 200


def test_reach_follows_the_role(sentry: Sentry) -> None:
    token = sentry.agent("mia")
    for role, reach in (("manager", ALL), ("admin", {"web-app"}), ("owner", ALL)):
        sentry.set_role("mia", role)
        assert projects_of(sentry, token) == reach


def test_open_membership_reaches_all(sentry: Sentry) -> None:
    for who in ("gil", "bo"):
        assert projects_of(sentry, sentry.user(who), "globex") == {"portal", "simulator"}
        for slug in ("portal", "simulator"):
            assert sentry.api("GET", f"/projects/globex/{slug}/", sentry.user(who)).json


def test_reach_of_teams(sentry: Sentry) -> None:
    for who, reach in (("olivia", {"web", "backend", "payments"}), ("mia", {"web"})):
        for slug in ("web", "backend", "payments"):
            answer = sentry.api("GET", f"/teams/acme/{slug}/", sentry.user(who))
            if slug in reach:
                assert answer.status_code == 200
            else:
                assert_plain_denial(answer)


def test_reach_of_issues(sentry: Sentry) -> None:
    for who, reach in (("olivia", {"WEB-APP-1", "API-1"}), ("mia", {"WEB-APP-1"})):
        for named in ("WEB-APP-1", "API-1"):
            for number in (named, number_of(sentry, named)):
                path = f"/organizations/acme/issues/{number}/"
                answer = sentry.api("GET", path, sentry.user(who))
                if named in reach:
                    assert answer.status_code == 200
                else:
                    assert_plain_denial(answer)


def number_of(sentry: Sentry, short_id: str) -> str:
    return next(str(each["id"]) for each in sentry.world["issues"] if each["shortId"] == short_id)


# Team roles


def rename(sentry: Sentry, credential: Headers, slug: str = "web-app") -> Answer:
    return sentry.api("PUT", f"/projects/acme/{slug}/", credential, {"name": "Renamed"})


def test_a_team_admin_writes_projects_of_the_team(sentry: Sentry) -> None:
    assert rename(sentry, sentry.session("tess")).status_code == 200
    assert rename(sentry, sentry.session("tess"), "api").status_code == 403
    # A contributor does not.
    assert rename(sentry, sentry.session("mia")).status_code == 403
    # An admin of the organization, whatever she is in the team.
    assert rename(sentry, sentry.session("ada"), "api").status_code == 200


def test_a_team_role_counts_for_that_team_alone(sentry: Sentry) -> None:
    """An admin of one team who is a contributor of another."""
    joined = {"organizationmember_id": member_id(sentry, "tess"), "team_id": 2002}
    with sentry.services.store.transaction() as connection:
        connection.execute(team_member.insert().values(joined | {"role": "contributor"}))
    tess = sentry.session("tess")
    assert projects_of(sentry, tess) == {"web-app", "api"}
    assert rename(sentry, tess, "web-app").status_code == 200
    assert rename(sentry, tess, "api").status_code == 403
    assert_plain_denial(sentry.api("DELETE", "/teams/acme/backend/", tess))
    assert_plain_denial(sentry.api("DELETE", "/projects/acme/api/", tess))


def member_id(sentry: Sentry, name: str) -> int:
    row = sentry.services.store.one(
        select(member.c.id)
        .where(member.c.user_id == sentry.user_id(name))
        .where(member.c.organization_id == sentry.organization_id("acme"))
    )
    assert row is not None
    found: int = row.id
    return found


@pytest.mark.parametrize("path", ["/projects/acme/web-app/", "/teams/acme/web/"])
def test_a_member_deletes_neither_project_nor_team(sentry: Sentry, path: str) -> None:
    """Not with a token that carries more than the role, and not by session."""
    wide = list(ROWS)
    mia = str(sentry.user_id("mia"))
    credentials = [
        *(sentry.session("mia"), sentry.viewer("mia"), sentry.new_token("mia", wide)),
        sentry.forged(sub=mia, scopes=wide),
    ]
    before = sentry.stored()
    for credential in credentials:
        assert_plain_denial(sentry.api("DELETE", path, credential))
    assert sentry.stored() == before
    assert sentry.api("DELETE", path, sentry.session("tess")).status_code == 204


def test_a_credential_caps_the_team_role(sentry: Sentry) -> None:
    for held, status in (({"project:read"}, 403), ({"project:read", "project:write"}, 200)):
        assert rename(sentry, sentry.new_token("tess", held)).status_code == status


def test_an_agent_has_the_team_role_as_far_as_the_token_goes(sentry: Sentry) -> None:
    tess = str(sentry.user_id("tess"))
    for scopes_, status in ((["project:read"], 403), (["project:read", "project:write"], 200)):
        assert rename(sentry, sentry.forged(sub=tess, scopes=scopes_)).status_code == status


def pairs() -> Iterator[tuple[str, str]]:
    for scope, others in IMPLIED.items():
        for other in sorted(others):
            yield scope, other


@pytest.mark.parametrize(("scope", "implied"), list(pairs()))
def test_a_role_that_holds_a_scope_holds_what_it_implies(scope: str, implied: str) -> None:
    for role in ROLES:
        if scope in HELD[role]:
            assert implied in HELD[role]


def test_the_default_role_is_chosen_by_owners_alone(sentry: Sentry) -> None:
    def choose(credential: Headers) -> str:
        answer = sentry.api("PUT", "/organizations/acme/", credential, {"defaultRole": "owner"})
        assert answer.status_code == 200
        role: str = answer.json["defaultRole"]
        return role

    for user in ("martin", "olivia"):
        sentry.plant(user, ["org:write"])
        assert choose(sentry.agent(user)) == "member"
    assert choose(sentry.session("martin")) == "member"
    assert choose(sentry.session("olivia")) == "owner"
