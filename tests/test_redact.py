"""What is masked, and that labels are the same each time."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.redact import Redactor

HEX = "0123456789abcdef" * 4
KEY = "k" * 32


def agent_token(**claims: object) -> str:
    return "sntryag_" + jwt.encode({"sub": "7", **claims}, KEY, algorithm="HS256")


@pytest.mark.parametrize(
    ("token", "label"),
    [
        (f"sntryu_{HEX}", "<user token 1>"),
        (f"sntrys_eyJpYXQiOjF9_{HEX}", "<organization token 1>"),
        (f"sntryi_{HEX}", "<integration token 1>"),
        (f"SNTRYU_{HEX}", "<user token 1>"),
        (agent_token(), "<agent token 1>"),
        (agent_token().rpartition(".")[0], "<agent token 1>"),
        (agent_token().removeprefix("sntryag_"), "<JWT 1>"),
    ],
)
def test_tokens_are_known_by_their_form(token: str, label: str) -> None:
    assert Redactor().text(f"got {token}, and then") == f"got {label}, and then"


def test_a_token_without_signature_is_masked_whole_in_a_header() -> None:
    unsigned = agent_token().rpartition(".")[0] + "."
    shown = Redactor().headers([("Authorization", f"Bearer {unsigned}")])
    assert shown == [("Authorization", "Bearer <agent token 1>")]


def test_labels_are_numbered_by_first_appearance_and_kept() -> None:
    redactor = Redactor()
    redactor.register("secret-number-one", "password")
    redactor.register("secret-number-two", "password")
    assert redactor.text("secret-number-two secret-number-one") == "<password 1> <password 2>"
    assert redactor.text("secret-number-one") == "<password 2>"


def test_a_word_that_mentions_a_prefix_is_no_token() -> None:
    assert Redactor().text("a token begins with sntryag_…") == "a token begins with sntryag_…"


def test_a_jwt_keeps_its_claims_and_not_its_signature() -> None:
    redactor = Redactor()
    token = agent_token(scopes=["org:read"])
    assert redactor.text(token) == "<agent token 1>"
    (decoded,) = redactor.tokens
    assert decoded.as_json() == {
        "label": "<agent token 1>",
        "prefix": "sntryag_",
        "header": {"alg": "HS256", "typ": "JWT"},
        "claims": {"sub": "7", "scopes": ["org:read"]},
    }
    signature = token.rpartition(".")[2]
    assert redactor.text(f"signed {signature}") == "signed <signature 1>"


def test_a_secret_inside_claims_is_masked() -> None:
    redactor = Redactor()
    redactor.register("hunter2-hunter2", "password")
    redactor.text(agent_token(note="hunter2-hunter2", inner=f"sntryu_{HEX}"))
    claims = redactor.tokens[0].claims
    assert claims["note"] == "<password 1>"
    assert claims["inner"] == "<user token 1>"


def test_a_token_that_is_no_json_inside_is_masked_all_the_same() -> None:
    redactor = Redactor()
    assert redactor.text("sntryag_eyJhbGciOi.eyJzdWIi.c2ln") == "<agent token 1>"
    assert redactor.tokens == []


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", f"Bearer {HEX}", "Bearer <bearer 1>"),
        ("Authorization", f"bearer sntryu_{HEX}", "bearer <user token 1>"),
        ("Authorization", HEX, "<bearer 1>"),
        ("Authorization", "Bearer", "Bearer"),
        ("Authorization", "Bearer x", "Bearer <bearer 1>"),
        ("Authorization", f"Rpcsignature rpc0:{HEX}", "Rpcsignature rpc0:<signature 1>"),
        ("X-Viewer-Context-Signature", HEX, "<signature 1>"),
        ("X-CSRFToken", HEX, "<CSRF token 1>"),
        ("X-Auth-Token", HEX, "<token 1>"),
        (
            "Cookie",
            f"sentrysid={HEX}; sc=abcdefgh",
            "sentrysid=<session cookie 1>; sc=<CSRF token 1>",
        ),
        (
            "Set-Cookie",
            f"sentrysid={HEX}; HttpOnly; Path=/; SameSite=Lax",
            "sentrysid=<session cookie 1>; HttpOnly; Path=/; SameSite=Lax",
        ),
        ("Set-Cookie", "sentrysid=; Max-Age=0", "sentrysid=; Max-Age=0"),
        ("Location", "/next?token=abcdefghij&page=2", "/next?token=<token 1>&page=2"),
        ("Accept", "application/json", "application/json"),
    ],
)
def test_headers_are_masked_by_name(name: str, value: str, shown: str) -> None:
    assert Redactor().headers([(name, value)]) == [(name, shown)]


def test_basic_credentials_make_the_password_known() -> None:
    redactor = Redactor()
    pair = base64.b64encode(b"alice@example.com:correct horse battery").decode()
    assert redactor.headers([("Authorization", f"Basic {pair}")]) == [
        ("Authorization", "Basic <Basic credentials 1>")
    ]
    assert redactor.text("was correct horse battery") == "was <password 1>"
    assert redactor.text("alice@example.com") == "alice@example.com"


@pytest.mark.parametrize(
    ("body", "content_type", "shown"),
    [
        ('{"password": "a b\\"c, ü and more"}', "application/json", '{"password": "<password 1>"}'),
        ('{"a": [{"clientSecret": "abcdefghij"}]}', "", '{"a": [{"clientSecret": "<secret 1>"}]}'),
        ('{"token": "abcdefghij"', "application/json", '{"token": "<token 1>"'),
        ('{"password": "abc"}', "application/json", '{"password": "<password 1>"}'),
        ('{"token": {"$type": "string"}}', "application/json", '{"token": {"$type": "string"}}'),
        (
            "username=a&password=correct+horse%21&csrfmiddlewaretoken=abcdefghijk",
            "application/x-www-form-urlencoded",
            "username=a&password=<password 1>&csrfmiddlewaretoken=<CSRF token 1>",
        ),
        (
            '<input type="hidden" name="csrfmiddlewaretoken" value="abc&amp;defghijk">',
            "text/html",
            '<input type="hidden" name="csrfmiddlewaretoken" value="<CSRF token 1>">',
        ),
        (
            "<input value='correct horse' type='password' name='p'>",
            "text/html",
            "<input value='<password 1>' type='password' name='p'>",
        ),
    ],
)
def test_bodies_are_searched_by_the_names_in_them(body: str, content_type: str, shown: str) -> None:
    assert Redactor().body(body, content_type) == shown


def test_a_short_value_is_masked_where_it_stands_and_not_everywhere() -> None:
    redactor = Redactor()
    assert redactor.body('{"password": "cat", "pet": "cathy"}') == (
        '{"password": "<password 1>", "pet": "cathy"}'
    )
    assert redactor.text("a cat") == "a cat"


def test_a_registered_short_secret_is_masked_as_a_word_everywhere() -> None:
    redactor = Redactor()
    redactor.register("pin4", "password")
    assert redactor.text("pin4 spin4 pin42 (pin4)") == "<password 1> spin4 pin42 (<password 1>)"


def test_data_is_masked_by_key_and_by_value() -> None:
    redactor = Redactor()
    redactor.register("registered-secret", "shared secret")
    data = {
        "password": "correct horse",
        "note": ["has registered-secret inside", {"n": 7, "ok": True, "none": None}],
        f"sntryu_{HEX}": "as a key",
    }
    assert redactor.data(data) == {
        "password": "<password 1>",
        "note": ["has <shared secret 1> inside", {"n": 7, "ok": True, "none": None}],
        "<user token 1>": "as a key",
    }


def test_secrets_that_overlap_leave_nothing_between_them() -> None:
    redactor = Redactor()
    redactor.register("aaaaaaaa-shared", "password")
    redactor.register("shared-bbbbbbbb", "password")
    assert redactor.text("<aaaaaaaa-shared-bbbbbbbb>") == "<<password 1>>"


def test_data_nested_without_end_is_cut() -> None:
    value: object = "sntryu_" + HEX
    for _ in range(100):
        value = [value]
    assert HEX not in json.dumps(Redactor().data(value))


def test_empty_secrets_are_none() -> None:
    redactor = Redactor()
    redactor.register("", "password")
    redactor.register(None, "password")
    assert redactor.text("nothing here") == "nothing here"


secrets = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=8, max_size=40)


@given(secrets, st.text(max_size=30), st.text(max_size=30))
def test_a_registered_secret_never_comes_through(secret: str, before: str, after: str) -> None:
    for written in (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    ):
        redactor = Redactor()
        redactor.register(secret, "thing")
        masked = redactor.text(before + written + after)
        # What stands around it may by chance make it again; then it is masked again.
        assert secret not in masked.replace("<thing 1>", "\0")


@given(st.lists(secrets, min_size=1, max_size=4, unique=True))
def test_labels_depend_on_what_is_shown_alone(values: list[str]) -> None:
    texts = []
    for order in (values, list(reversed(values))):
        redactor = Redactor()
        for value in order:
            redactor.register(value, "thing")
        texts.append(redactor.text(" | ".join(values)))
    assert texts[0] == texts[1]


def test_the_kinds_of_what_is_known_are_found_however_it_is_spelt() -> None:
    redactor = Redactor()
    redactor.headers([("Cookie", f"sentrysid={HEX}"), ("Authorization", f"Bearer {agent_token()}")])
    assert redactor.find(f"a {quote_plus(agent_token())} b") >= {"agent token"}
    hidden = base64.b64encode(f"see {HEX}".encode()).decode()
    assert redactor.find(f"{hidden} {agent_token()}") >= {"session cookie", "agent token"}
    # One that nobody showed has the form of a token, and is none of those that are known.
    assert redactor.find(f"sntryu_{HEX[::-1]}") == set()
