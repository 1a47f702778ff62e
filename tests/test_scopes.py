"""Roles and scopes, against a table of their own."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import scopes
from harness.scopes import expand, is_global_role, role_name, role_scopes, team_role_scopes

# Who holds what: m(ember), a(dmin), M(anager), o(wner); "-" is nobody.
TABLE = {
    "org:read": "maMo",
    "org:write": "Mo",
    "org:admin": "o",
    "org:integrations": "aMo",
    "org:ci": "-",
    "member:read": "maMo",
    "member:invite": "maMo",
    "member:write": "Mo",
    "member:admin": "Mo",
    "team:read": "maMo",
    "team:write": "aMo",
    "team:admin": "aMo",
    "project:read": "maMo",
    "project:releases": "maMo",
    "project:write": "aMo",
    "project:admin": "aMo",
    "project:distribution": "-",
    "event:read": "maMo",
    "event:write": "maMo",
    "event:admin": "maMo",
    "alerts:read": "maMo",
    "alerts:write": "maMo",
}
LETTERS = {"member": "m", "admin": "a", "manager": "M", "owner": "o"}
CONTRIBUTOR = {
    "event:read",
    "event:write",
    "project:read",
    "project:releases",
    "org:read",
    "member:read",
    "team:read",
    "alerts:read",
}


@pytest.mark.parametrize("role", LETTERS)
def test_a_role_holds_exactly_its_column(role: str) -> None:
    assert role_scopes(role) == {scope for scope, who in TABLE.items() if LETTERS[role] in who}


def test_the_read_only_scopes_are_six() -> None:
    assert {
        "org:read",
        "member:read",
        "team:read",
        "project:read",
        "event:read",
        "alerts:read",
    } == scopes.READ_ONLY


def test_all_scopes_are_the_rows_of_the_table() -> None:
    assert set(TABLE) == scopes.ALL_SCOPES
    assert {"org:ci", "project:distribution"} == scopes.TOKEN_ONLY


def test_roles_stand_in_the_order_of_their_rank() -> None:
    assert scopes.ROLES == ("member", "admin", "manager", "owner")
    assert scopes.TEAM_ROLES == ("contributor", "admin")
    assert [is_global_role(role) for role in scopes.ROLES] == [False, False, True, True]
    assert [role_name(role) for role in scopes.ROLES] == ["Member", "Admin", "Manager", "Owner"]


def test_team_roles() -> None:
    assert team_role_scopes("contributor") == CONTRIBUTOR
    assert team_role_scopes("admin") - CONTRIBUTOR == {
        "event:admin",
        "project:write",
        "project:admin",
        "team:write",
        "team:admin",
        "org:integrations",
        "alerts:write",
    }
    assert team_role_scopes("admin") > CONTRIBUTOR


@pytest.mark.parametrize(
    ("scope", "implied"),
    [
        ("org:write", {"org:read"}),
        ("org:admin", {"org:read", "org:write", "org:integrations"}),
        ("member:invite", {"member:read"}),
        ("member:write", {"member:read", "member:invite"}),
        ("member:admin", {"member:read", "member:invite", "member:write"}),
        ("team:write", {"team:read"}),
        ("team:admin", {"team:read", "team:write"}),
        ("project:write", {"project:read"}),
        ("project:admin", {"project:read", "project:write"}),
        ("event:write", {"event:read"}),
        ("event:admin", {"event:read", "event:write"}),
        ("alerts:write", {"alerts:read"}),
        ("org:read", set()),
        ("org:ci", set()),
        ("org:integrations", set()),
        ("project:releases", set()),
        ("project:distribution", set()),
        ("unknown:scope", set()),
    ],
)
def test_what_a_scope_implies(scope: str, implied: set[str]) -> None:
    assert expand([scope]) == implied | {scope}


@given(st.sets(st.sampled_from(sorted(TABLE))), st.sets(st.sampled_from(sorted(TABLE))))
def test_expanding_is_a_closure(some: set[str], more: set[str]) -> None:
    once = expand(some)
    assert some <= once <= scopes.ALL_SCOPES
    assert expand(once) == once
    assert expand(some | more) == once | expand(more)


def test_a_role_is_complete_by_itself() -> None:
    for role in scopes.ROLES:
        assert expand(role_scopes(role)) == role_scopes(role)


def test_everything_is_a_frozen_set() -> None:
    for some in (
        scopes.READ_ONLY,
        scopes.ALL_SCOPES,
        scopes.TOKEN_ONLY,
        role_scopes("owner"),
        team_role_scopes("admin"),
        expand(["org:admin"]),
    ):
        assert isinstance(some, frozenset)


def test_unknown_roles_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown role 'boss'; there are member, admin"):
        role_scopes("boss")
    with pytest.raises(ValueError, match="unknown team role 'owner'"):
        team_role_scopes("owner")
    with pytest.raises(ValueError, match="unknown role"):
        is_global_role("contributor")
    with pytest.raises(AttributeError, match="EVERYTHING"):
        _ = scopes.EVERYTHING


def test_importing_reads_nothing() -> None:
    program = "import sys, harness.scopes; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_reading_the_file_is_quick() -> None:
    scopes._facts.cache_clear()
    best = 1.0
    for _ in range(5):
        scopes._facts.cache_clear()
        start = time.process_time()
        scopes._facts()
        best = min(best, time.process_time() - start)
    # Measured: 2 ms. The bound is loose because machines differ.
    assert best < 0.02
