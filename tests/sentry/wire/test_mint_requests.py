"""What is sent to mint: the body, and which of two mistakes is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sentry import forge
from tests.sentry.callers import (
    Answer,
    Headers,
    Sentry,
    assert_challenge,
    assert_missing,
    assert_plain_denial,
    assert_unauthenticated,
    bearer,
)
from tests.sentry.conftest import Make
from tests.sentry.wire.test_mint import BODY, GATE, MINT, mint

# The body

GOOD_SESSION_IDS = [
    ("s", "s"),
    ("s" * 128, "s" * 128),
    (" s1\t\r\n", "s1"),
    (" " * 9 + "s" * 128 + " " * 9, "s" * 128),
    ("two words", "two words"),
    ("\U0001f984" * 128, "\U0001f984" * 128),
    ("../../etc', \"--", "../../etc', \"--"),
]
BAD_SESSION_IDS: list[Any] = [
    *(None, "", " ", "\t\n", "s" * 129, " " + "s" * 129),
    *("\0", "s\0", "\0" + "s" * 127, "\ud800"),
    *(1, 1.5, True, False, ["s1"], [], {}, {"id": "s1"}),
]


@pytest.mark.parametrize(("sent", "used"), GOOD_SESSION_IDS)
def test_session_id(sentry: Sentry, sent: str, used: str) -> None:
    minted = sentry.mint(sentry.user("olivia"), session=sent)
    assert forge.read_claims(minted["token"])["sid"] == used


def test_a_trimmed_session_id_is_the_same_session(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="s1")
    assert "org:write" in sentry.mint(sentry.user("olivia"), session="  s1 ")["scopes"]


def assert_field(answer: Answer, *names: str) -> None:
    """400, and what is wrong with each field."""
    assert answer.status_code == 400, answer.text
    assert list(answer.json) == ["detail"]
    fields = answer.json["detail"]
    assert set(fields) == set(names)
    for messages in fields.values():
        assert isinstance(messages, list)
        assert messages
        assert all(isinstance(message, str) and message for message in messages)


@pytest.mark.parametrize("sent", BAD_SESSION_IDS)
def test_bad_session_id(sentry: Sentry, sent: Any) -> None:
    assert_field(mint(sentry, sentry.user("olivia"), {"sessionId": sent}), "sessionId")


def test_a_session_id_is_required(sentry: Sentry) -> None:
    assert_field(mint(sentry, sentry.user("olivia"), {}), "sessionId")
    assert_field(mint(sentry, sentry.user("olivia"), {"sessionid": "s1"}), "sessionId")


@pytest.mark.parametrize(
    "sent", [None, "org:read", "", 1, True, {}, {"org:read": True}, [1], [None], [["org:read"]]]
)
def test_bad_requested_scopes(sentry: Sentry, sent: Any) -> None:
    olivia = sentry.user("olivia")
    assert_field(mint(sentry, olivia, BODY | {"requestedScopes": sent}), "requestedScopes")
    both = {"sessionId": "", "requestedScopes": sent}
    assert_field(mint(sentry, olivia, both), "requestedScopes", "sessionId")


def post(sentry: Sentry, data: Any, content_type: str | None) -> Answer:
    olivia = sentry.user("olivia")
    return sentry.api("POST", MINT.format("acme"), olivia, data=data, content_type=content_type)


@pytest.mark.parametrize("body", ["[]", '["s1"]', "null", '"s1"', "1", "true"])
def test_a_body_that_is_no_object(sentry: Sentry, body: str) -> None:
    answer = post(sentry, body, "application/json")
    assert (answer.status_code, answer.json) == (400, {"detail": "Request body must be an object."})


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"sessionId=s1", b'{"sessionId": "s1"} x', b"{'sessionId': 's1'}", b"\xff"),
        *(b'{"sessionId": "\xed\xa0\x80"}', b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000),
        b'\xef\xbb\xbf{"sessionId": "s1"}',
    ],
)
def test_a_body_that_is_no_json(sentry: Sentry, body: bytes) -> None:
    answer = post(sentry, body, "application/json")
    assert answer.status_code == 400
    assert list(answer.json) == ["detail"]
    assert isinstance(answer.json["detail"], str)


TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/json",
    None,
]


@pytest.mark.parametrize("content_type", TYPES)
def test_a_body_that_is_not_sent_as_json(sentry: Sentry, content_type: str | None) -> None:
    answer = post(sentry, json.dumps(BODY), content_type)
    assert answer.status_code == 415
    assert list(answer.json) == ["detail"]
    assert isinstance(answer.json["detail"], str)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json(sentry: Sentry, content_type: str) -> None:
    assert post(sentry, json.dumps(BODY), content_type).status_code == 200


def test_a_huge_body(sentry: Sentry) -> None:
    answer = post(sentry, json.dumps({"sessionId": "s" * 2**20}), "application/json")
    assert answer.status_code == 413
    assert list(answer.json) == ["detail"]


# Which answer comes first. Each row has a request that fails there, and the answer.


def assert_principal(answer: Answer) -> None:
    assert answer.status_code == 403
    assert answer.json == {"detail": "Minting requires a user principal."}


def assert_media_type(answer: Answer) -> None:
    assert answer.status_code == 415


def assert_parse_error(answer: Answer) -> None:
    assert answer.status_code == 400
    assert isinstance(answer.json["detail"], str)


def assert_no_object(answer: Answer) -> None:
    assert answer.json == {"detail": "Request body must be an object."}


def assert_fields(answer: Answer) -> None:
    assert_field(answer, "sessionId")


def assert_not_configured(answer: Answer) -> None:
    assert answer.status_code == 503
    assert isinstance(answer.json["detail"], str)


Row = tuple[str, Callable[[Sentry], Headers], str, bool, Any, Callable[[Answer], None]]

OLIVIA: Callable[[Sentry], Headers] = lambda sentry: sentry.user("olivia")  # noqa: E731
NOT_JSON = ("text/plain", "{")
BAD_JSON = ("application/json", "{")
NO_OBJECT = ("application/json", "[]")
BAD_FIELD = ("application/json", '{"sessionId": ""}')
GOOD = ("application/json", '{"sessionId": "s1"}')

# Every request here comes to a Sentry without a secret, and fails at every later row that its
# caller can fail at: it names an organization, whether the feature is on there, and a body.
ROWS: list[Row] = [
    (
        "no credential",
        lambda _: {},
        *("nowhere", False, NOT_JSON, assert_unauthenticated),
    ),
    (
        "a bad credential, which could do nothing if it were a good one",
        lambda _: bearer("sntrys_" + "0" * 64),
        *("nowhere", False, NOT_JSON, assert_unauthenticated),
    ),
    (
        "under-scoped, in an organization that does not exist",
        lambda sentry: sentry.organization(),
        *("nowhere", False, NOT_JSON, lambda answer: assert_challenge(answer, GATE)),
    ),
    (
        "under-scoped, and no member",
        lambda sentry: sentry.organization("globex"),
        *("acme", False, NOT_JSON, lambda answer: assert_challenge(answer, GATE)),
    ),
    (
        "unknown organization, which is not the caller's either",
        lambda sentry: sentry.integration("globex"),
        *("nowhere", False, NOT_JSON, assert_missing),
    ),
    (
        "not the caller's organization, where the feature is off",
        lambda sentry: sentry.integration("globex"),
        *("acme", False, NOT_JSON, assert_plain_denial),
    ),
    (
        "a user of another organization, where the feature is off",
        lambda sentry: sentry.user("gil"),
        *("acme", False, NOT_JSON, assert_plain_denial),
    ),
    (
        "feature off, for one who may not mint",
        lambda sentry: sentry.integration(),
        *("acme", False, NOT_JSON, assert_missing),
    ),
    (
        "feature off, with a bad body",
        OLIVIA,
        *("acme", False, NOT_JSON, assert_missing),
    ),
    (
        "no user, and a body that is not JSON",
        lambda sentry: sentry.integration(),
        *("acme", True, NOT_JSON, assert_principal),
    ),
    (
        "an organization, and a body that is not JSON",
        lambda sentry: sentry.organization(reads=True),
        *("acme", True, NOT_JSON, assert_principal),
    ),
    ("not sent as JSON, and no JSON", OLIVIA, "acme", True, NOT_JSON, assert_media_type),
    ("no JSON", OLIVIA, "acme", True, BAD_JSON, assert_parse_error),
    ("no object, so without a session id", OLIVIA, "acme", True, NO_OBJECT, assert_no_object),
    ("a bad session id, and no secret", OLIVIA, "acme", True, BAD_FIELD, assert_fields),
    ("no secret", OLIVIA, "acme", True, GOOD, assert_not_configured),
]


@pytest.mark.parametrize(
    ("who", "slug", "feature", "sent", "expected"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_order(
    make_sentry: Make,
    who: Callable[[Sentry], Headers],
    slug: str,
    feature: bool,
    sent: tuple[str, str],
    expected: Callable[[Answer], None],
) -> None:
    sentry = make_sentry(secret="")
    if not feature:
        sentry.set_flow(False)
    content_type, data = sent
    answer = sentry.api(
        "POST", MINT.format(slug), who(sentry), data=data, content_type=content_type
    )
    expected(answer)


def test_an_agent_is_refused_before_its_body(sentry: Sentry) -> None:
    answer = sentry.api("POST", MINT.format("acme"), sentry.agent(), data="{")
    assert_principal(answer)
