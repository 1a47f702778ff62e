"""The challenge of a denial, by the grammar of RFC 9110."""

from __future__ import annotations

import pytest

from harness.seer.agent.actions import Reply
from harness.seer.agent.challenge import read_challenges, wanted_scopes

BEARER = {"error": "insufficient_scope", "scope": "org:admin org:write"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="api"', [("basic", {"realm": "api"})]),
        (
            'Bearer error="insufficient_scope", scope="org:admin org:write"',
            [("bearer", BEARER)],
        ),
        (
            'BEARER Error = insufficient_scope ,\tSCOPE\t=  "org:admin org:write"',
            [("bearer", BEARER)],
        ),
        (
            'Basic realm="x",Bearer error=insufficient_scope,scope="org:admin org:write",Other',
            [("basic", {"realm": "x"}), ("bearer", BEARER), ("other", {})],
        ),
        ("Negotiate YWJj==, Bearer", [("negotiate", {}), ("bearer", {})]),
        (", ,Basic ,, a=b,", [("basic", {"a": "b"})]),
        (r'Basic realm="a \"b\", Bearer \\"', [("basic", {"realm": 'a "b", Bearer \\'})]),
        ('Basic realm=""', [("basic", {"realm": ""})]),
    ],
)
def test_what_is_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert read_challenges(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        'error="insufficient_scope"',
        'Bearer error="a", error="b"',
        'Bearer error="a", ERROR="b"',
        'Bearer error="insufficient_scope" scope="org:write"',
        'Bearer error="insufficient_scope',
        "Bearer error=a b",
        "Basic Bearer error=a",
        "(Bearer)",
        "Bearer =a",
        "Basic !a",
    ],
)
def test_what_is_no_challenge(header: str) -> None:
    with pytest.raises(ValueError, match=r"before every scheme|twice|not readable"):
        read_challenges(header)


@pytest.mark.parametrize(("header", "character"), [("Basic, (a)", 8), ("Bearer error=a b", 8)])
def test_where_it_is_not_readable_is_told(header: str, character: int) -> None:
    with pytest.raises(ValueError, match=rf"^not readable from character {character} on$"):
        read_challenges(header)


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        (403, 'Bearer error="insufficient_scope", scope="b a"', ("b", "a")),
        (403, 'Bearer scope="a a  b", error=insufficient_scope', ("a", "b")),
        (403, 'Basic realm="x", Bearer error="insufficient_scope", scope="a"', ("a",)),
        (403, 'Bearer error="insufficient_scope"', ()),
        (403, 'Bearer error="invalid_token", scope="a"', None),
        (403, 'Bearer scope="a"', None),
        (403, 'Basic error="insufficient_scope", scope="a"', None),
        (403, 'Digest error="insufficient_scope", scope="a"', None),
        (403, r'Basic realm="Bearer error=\"insufficient_scope\", scope=\"a\""', None),
        (403, 'Bearer error="insufficient_scope" scope="a"', None),
        (403, None, None),
        (401, 'Bearer error="insufficient_scope", scope="a"', None),
        (404, 'Bearer error="insufficient_scope", scope="a"', None),
        (200, 'Bearer error="insufficient_scope", scope="a"', None),
    ],
)
def test_what_an_approval_would_cure(
    status: int, header: str | None, expected: tuple[str, ...] | None
) -> None:
    headers = {} if header is None else {"www-authenticate": header}
    assert wanted_scopes(Reply(status, headers)) == expected
