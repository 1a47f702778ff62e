"""The least scope that would do, and what may be asked for at all."""

from __future__ import annotations

import pytest

from harness import scopes
from harness.seer.agent.asking import least_scope, read_manners, writing_scopes


def test_all_that_writes_may_be_asked_for_but_for_ruling_the_organization() -> None:
    wanted = scopes.ALL_SCOPES - scopes.READ_ONLY - scopes.TOKEN_ONLY
    manners = read_manners()
    assert manners.may_ask_for == wanted - {"org:admin", "member:admin"}
    assert (manners.asks, manners.retries) == (3, 1)


@pytest.mark.parametrize(
    ("wanted", "least"),
    [
        ("org:admin org:write", "org:write"),
        ("event:admin event:write", "event:write"),
        # Both imply one other: then the name decides, in whatever order they came.
        ("team:write project:write", "project:write"),
        ("project:write team:write", "project:write"),
        ("org:ci project:admin project:releases project:write", "project:releases"),
        ("member:admin member:invite member:write", "member:invite"),
        ("project:admin", "project:admin"),
        ("org:admin", None),
        ("member:admin org:admin", None),
        ("org:ci", None),
        ("org:read", None),
        ("made:up", None),
        ("", None),
    ],
)
def test_the_least_of_what_is_wanted(wanted: str, least: str | None) -> None:
    assert least_scope(wanted.split(), read_manners().may_ask_for) == least


def test_what_writes_is_all_but_the_six_that_read() -> None:
    assert {"org:admin", "member:admin", "org:ci", "project:releases"} <= writing_scopes()
    assert not writing_scopes() & scopes.READ_ONLY
