"""What a token says, and what changed since the one before."""

from __future__ import annotations

from typing import Any

import pytest

from harness.report.tokens import (
    describe_claim,
    describe_lifetime,
    find_changes,
    scopes_of,
)


def token(label: str, **claims: Any) -> dict[str, Any]:
    whole = {"sub": "7", "org": 1, "sid": "s1", "scopes": [], "iat": 1000, "exp": 1300} | claims
    return {"label": label, "prefix": "sntryag_", "header": {}, "claims": whole}


def test_a_token_is_compared_with_the_last_of_its_kin() -> None:
    first = token("<1>", scopes=["org:read"])
    other = token("<2>", sid="s2", scopes=["team:read"])
    third = token("<3>", scopes=["org:write"], exp=1600)
    stranger = token("<4>", sub="8")
    changes = find_changes([first, other, third, stranger])
    assert changes[0] is None
    assert [change and change.since for change in changes] == [None, "<1>", "<1>", "<3>"]
    assert changes[2] is not None
    assert (changes[2].gained, changes[2].lost) == (("org:write",), ("org:read",))
    assert changes[2].claims == (("exp", 1300, 1600),)


def test_a_claim_of_another_type_has_changed() -> None:
    (_, change) = find_changes([token("<1>", org=1), token("<2>", org=True)])
    assert change is not None
    assert change.claims == (("org", 1, True),)


def test_a_claim_that_is_gone_has_changed() -> None:
    without = token("<2>")
    del without["claims"]["exp"]
    (_, change) = find_changes([token("<1>"), without])
    assert change is not None
    assert change.claims == (("exp", 1300, None),)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({}, "5 minutes"),
        ({"exp": 1001}, "1 second"),
        ({"exp": 1000 + 4 * 3600}, "4 hours"),
        ({"exp": 1000 + 86400}, "1 day"),
        ({"exp": 1090}, "90 seconds"),
        ({"exp": 1000}, "0 seconds"),
        ({"exp": "soon"}, ""),
        ({"exp": True}, ""),
        ({"exp": None}, ""),
        ({"exp": float("inf")}, ""),
        ({"exp": float("nan")}, ""),
        ({"exp": 10**400}, ""),
    ],
)
def test_a_lifetime_in_words(claims: dict[str, Any], words: str) -> None:
    assert describe_lifetime(token("<1>", **claims)) == words


def test_times_can_be_read() -> None:
    assert describe_claim("exp", 1768478700) == "2026-01-15 12:05:00 UTC"
    assert describe_claim("org", 1768478700) == ""
    odd: Any
    for odd in ("x", None, True, 10**14, -(10**14), float("nan"), []):
        assert describe_claim("exp", odd) == ""


@pytest.mark.parametrize("claims", [None, [], "x", {"scopes": None}, {"scopes": "org:read"}])
def test_a_token_that_is_none_has_no_scopes(claims: Any) -> None:
    odd = token("<1>") | {"claims": claims}
    assert scopes_of(odd) == []
    assert describe_lifetime(odd) == ""
    assert find_changes([odd, odd])[1] is not None
    assert scopes_of(token("<1>", scopes=["a", 1, ["b"]])) == ["a"]
