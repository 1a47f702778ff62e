"""Names in braces, durations, credentials."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scenario.credentials import (
    Credential,
    NamedToken,
    Own,
    Session,
    UserToken,
    ViewerContext,
    parse_credential,
)
from harness.scenario.duration import parse_duration
from harness.scenario.names import Actor
from harness.template import fill, find_names

KNOWN: dict[str, Any] = {"slug": "acme", "n": 7, "list": [1], "first.id": "1", "a-b": "dash"}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("{slug}", "acme"),
        ("/x/{slug}/{n}/", "/x/acme/7/"),
        ("{n}", 7),
        ("{list}", [1]),
        ("x{list}", "x[1]"),
        ("{first.id}{a-b}", "1dash"),
        ("{{slug}}", "{slug}"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("[a-f]{8,} {} {1}", "[a-f]{8,} {} {1}"),
        ({"{slug}": ["{n}", {"k": "{slug}"}]}, {"acme": [7, {"k": "acme"}]}),
        (True, True),
    ],
)
def test_names_are_filled_in(value: Any, filled: Any) -> None:
    assert fill(value, KNOWN.__getitem__) == filled


def test_an_unknown_name_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        fill("{other}", KNOWN.__getitem__)


def test_every_name_is_found_where_it_stands() -> None:
    value = {"a": ["{x}", "{{no}}"], "{k}": "{y.z} and {w}"}
    assert list(find_names(value)) == [
        (("a", 0), "x"),
        (("{k}",), "k"),
        (("{k}",), "y.z"),
        (("{k}",), "w"),
    ]


@given(st.text(max_size=40))
def test_text_without_names_stays(text: str) -> None:
    if not list(find_names(text)) and "{{" not in text:
        assert fill(text, KNOWN.__getitem__) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300s", 300), ("5m", 300), ("4h", 14400), ("1d", 86400), ("1h30m", 5400), ("-2m", -120)],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5x", "m5", "5 m", "--5m", "1.5h"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


ALICE, AGENT = Actor("alice", "user"), Actor("agent", "agent")


@pytest.mark.parametrize(
    ("text", "actor", "credential"),
    [
        ("none", AGENT, None),
        ("session", ALICE, Session("alice")),
        ("token", ALICE, UserToken("alice")),
        ("own", ALICE, Own("alice")),
        ("session of bob", AGENT, Session("bob")),
        ("token of bob", AGENT, UserToken("bob")),
        ("own of bob", AGENT, Own("bob")),
        ("viewer context", ALICE, ViewerContext("alice")),
        ("viewer context of bob", AGENT, ViewerContext("bob")),
        ("viewer context of bob in acme", AGENT, ViewerContext("bob", "acme")),
        ("narrow", AGENT, NamedToken("narrow")),
    ],
)
def test_credentials(text: str, actor: Actor, credential: Credential | None) -> None:
    assert parse_credential(text, actor) == credential


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("session", "say whose"),
        ("viewer context", "say whose"),
        ("sesion of bob", "no credential"),
        ("session of", "no credential"),
        ("", "no credential"),
    ],
)
def test_no_credentials(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_credential(text, AGENT)
