"""YAML documents: what is accepted, and what is said about the rest."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    field_validator,
)

from harness.document import (
    Document,
    DocumentError,
    Finding,
    Mistake,
    each,
    key_path,
    parse,
    read,
    suggest,
)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Mint(Strict):
    mint: str
    narrow: list[str] = []


class Call(Strict):
    call: str
    body: dict[str, Any] = Field({}, alias="json")
    expect: Expectation | None = None


class Expectation(Strict):
    status: int = Field(200, ge=100, le=599)
    headers: dict[str, str] = {}


class Card(Strict):
    kind: Literal["card"]
    number: int


class Cash(Strict):
    kind: Literal["cash"]
    coins: int


def _name_of(value: Any) -> str:
    return next(iter(value), "") if isinstance(value, dict) else ""


Move = Annotated[
    Annotated[Mint, Tag("mint")] | Annotated[Call, Tag("call")], Discriminator(_name_of)
]


class Aliased(Strict):
    one: int = Field(0, validation_alias="first")
    two: int = Field(0, validation_alias=AliasChoices("second", "zwei"), multiple_of=2)


class Names(RootModel[dict[str, Mint]]):
    pass


class Play(Strict):
    title: str
    count: int = 3
    share: float = 0.5
    on: bool = False
    at: datetime | None = None
    role: Literal["member", "admin"] = "member"
    steps: list[Mint | Call | str] = []
    moves: list[Move] = []
    pay: Annotated[Card | Cash, Field(discriminator="kind")] | None = None
    codes: dict[int, str] = {}
    tags: frozenset[str] = frozenset()
    names: Names = Names({})
    even: int = 0

    @field_validator("even")
    @classmethod
    def _check_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("expected an even number")
        return value


def mistakes(text: str) -> list[str]:
    """What is said about `text`, each as `line:column key: message`."""
    with pytest.raises(DocumentError) as caught:
        parse(text, Play, name="play.yaml")
    assert all(mistake.file == "play.yaml" for mistake in caught.value.mistakes)
    return [f"{m.line}:{m.column} {m.key}: {m.message}" for m in caught.value.mistakes]


def play(text: str) -> Play:
    return parse(text, Play).model


def test_values_come_in_their_types() -> None:
    model = play(
        "title: A play\n"
        "share: 1\n"
        "on: true\n"
        "at: 2026-01-31T12:00:00Z\n"
        "tags: [a, b, a]\n"
        "codes: {200: fine, 404: gone}\n"
        "steps: [{mint: x}, wait, {call: y, json: {deep: [1, 2.5, null]}}]\n"
    )
    assert model.share == 1.0
    assert model.on is True
    assert model.at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert model.tags == {"a", "b"}
    assert model.codes == {200: "fine", 404: "gone"}
    assert model.steps == [
        Mint(mint="x"),
        "wait",
        Call(call="y", json={"deep": [1, 2.5, None]}),
    ]


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "n", "12:30", "0777", "0x1F", "2026-01-31", ".inf"]
)
def test_words_that_older_yaml_turns_into_something_else_stay_text(word: str) -> None:
    assert play(f"title: {word}").title == word


@pytest.mark.parametrize("key", ["on", "no", "yes", "null", "1", "1.0", "true"])
def test_a_key_is_the_text_that_was_written(key: str) -> None:
    document = parse(f"title: a\nsteps:\n  - call: x\n    json: {{{key}: 1}}\n", Play)
    step = document.model.steps[0]
    assert isinstance(step, Call)
    assert step.body == {key: 1}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-1", -0.15),
        ("1_000", "1_000"),
        ("00", "00"),
        ("1.2.3", "1.2.3"),
        ("tRUE", "tRUE"),
    ],
)
def test_plain_words_follow_the_core_rules(written: str, value: object) -> None:
    step = play(f"title: a\nsteps: [{{call: x, json: {{v: {written} }}}}]").steps[0]
    assert isinstance(step, Call)
    assert step.body == {"v": value}
    assert type(step.body["v"]) is type(value)


def test_a_quoted_text_is_text() -> None:
    assert play('title: "5"').title == "5"
    assert play("title: 'true'").title == "true"
    assert play("title: !!str 5").title == "5"
    assert play("title: |\n  one\n  two\n").title == "one\ntwo\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "titel: a\ntitle: b",
            "1:1 titel: unknown key 'titel'; did you mean 'title'?",
        ),
        ("count: 3", "1:1 title: missing key 'title'"),
        ("title: 1.10", "1:8 title: expected text, got the number 1.1; write it in quotes"),
        ("title: true", "1:8 title: expected text, got true; write it in quotes"),
        ("title:", "1:7 title: expected text, got nothing (null)"),
        ("title: [a]", "1:1 title: expected text, got a list"),
        ("title: []", "1:1 title: expected text, got an empty list"),
        ("title: a\ncount: ''", "2:8 count: expected a whole number, got an empty text"),
        ("title: a\ncount: '3'", "2:8 count: expected a whole number, got the text '3'"),
        ("title: a\ncount: 3.5", "2:8 count: expected a whole number, got the number 3.5"),
        ("title: a\non: yes", "2:5 on: expected true or false, got the text 'yes'; write true"),
        ("title: a\non: off", "2:5 on: expected true or false, got the text 'off'; write false"),
        ("title: a\non: 1", "2:5 on: expected true or false, got the number 1"),
        (
            "title: a\nrole: amin",
            "2:7 role: expected 'member' or 'admin', got the text 'amin'; did you mean 'admin'?",
        ),
        (
            "title: a\nat: 12:30",
            "2:5 at: expected a time such as 2026-01-31T12:00:00Z, got the text '12:30'",
        ),
        ("title: a\neven: 3", "2:7 even: expected an even number"),
        ("title: a\ntags: x", "2:7 tags: expected a list, got the text 'x'"),
        ("title: a\ncodes: {ok: x}", "2:9 codes.ok: expected a whole number, got the text 'ok'"),
        (
            "title: a\nsteps:\n  - call: x\n    expect: {status: 99}",
            "4:22 steps[0].expect.status: expected 100 or more, got the number 99",
        ),
        (
            "title: a\nsteps:\n  - call: x\n    expect:\n      headrs: {}",
            "5:7 steps[0].expect.headrs: unknown key 'headrs'; did you mean 'headers'?",
        ),
        (
            "title: a\nsteps: [7]",
            "2:9 steps[0]: expected a mapping or text, got the number 7; write it in quotes",
        ),
        ("title: a\nsteps: [{mint: 5}]", "2:16 steps[0].mint: expected text, got the number 5"),
        (
            "title: a\nmoves:\n  - mint: x\n    narow: []",
            "4:5 moves[0].narow: unknown key 'narow'; did you mean 'narrow'?",
        ),
        ("title: a\nmoves: [{mint: {mint: 1}}]", "2:10 moves[0].mint: expected text, got a map"),
        ("title: a\nmoves: [{mnt: 1}]", "2:9 moves[0]: unknown form 'mnt'; did you mean 'mint'?"),
        ("title: a\npay: {kind: cart}", "2:1 pay: unknown kind 'cart'; did you mean 'card'?"),
        ("title: a\npay: {number: 3}", "2:1 pay: missing key 'kind'"),
        ("title: a\npay: {kind: card}", "2:1 pay.number: missing key 'number'"),
        (
            "title: a\nnames: {x: {mint: a, json: {}}}",
            "2:22 names.x.json: unknown key 'json'; expected 'mint' or 'narrow'",
        ),
        ("[1]", "1:1 : expected a mapping, got a list"),
        ("title: a\ntitle: b", "2:1 title: duplicate key 'title', first on line 1"),
        ("<<: {a: b}\ntitle: a", '1:1 ["<<"]: merge keys are not supported'),
        ("title: !!int 5", "1:8 title: the tag !!int is not supported"),
        ("title: !!python/object:os.system x", "1:8 title: the tag !!python/object:os.system"),
        ("title: a\nsteps: !!set {a: 1}", "2:8 steps: the tag !!set is not supported"),
        ("!!str title: a\n!!binary count: 3", "2:1 : the tag !!binary is not supported"),
        ("title: 99999999999999999999", "1:8 title: the number 99999999999999999999 is too large"),
        ("title: 1e999", "1:8 title: the number 1e999 is too large"),
        ("? [a]\n: b", "1:3 : a key must be a plain text"),
        ("title: *x", "1:8 title: the alias *x names no anchor"),
        ("title: &x [*x]", "1:12 title[0]: the alias *x stands inside what it names"),
        ("title: a\n---\ntitle: b", "2:1 : a second document; expected one"),
        ("title: b: c", "1:9 : not YAML: mapping values are not allowed in this context"),
        ("title: [a\n\n", "1:8 : not YAML: while parsing a flow sequence"),
        ("\ttitle: a", "1:1 : not YAML: while scanning for the next token"),
        ("title: a\x00", "1:9 : the character U+0000 is not allowed"),
        ("title: \ud800", "1:8 : the character U+D800 is not allowed"),
    ],
)
def test_a_mistake_is_said_at_its_place(text: str, said: str) -> None:
    assert any(line.startswith(said) for line in mistakes(text)), mistakes(text)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n", "--- \n...\n"])
def test_an_empty_document_is_a_mistake(text: str) -> None:
    assert mistakes(text) == ["1:1 : empty: expected a mapping"]


@pytest.mark.parametrize("text", ["null", "~", "--- null # nothing"])
def test_nothing_is_no_mapping(text: str) -> None:
    (said,) = mistakes(text)
    assert said.endswith(" : expected a mapping, got nothing (null)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "title: a\n<<: {count: x}",
            ['2:1 ["<<"]: merge keys are not supported; write the keys out'],
        ),
        ("title: a\n---\n: [", ["2:1 : a second document; expected one"]),
        ("title: &x a\n*x : b", ["2:1 : a key must be a plain text"]),
        ("title: a\n? {a: b}\n: [}", ["2:3 : a key must be a plain text"]),
        ("title: a\ntitle: 5", ["2:1 title: duplicate key 'title', first on line 1"]),
    ],
)
def test_what_was_refused_brings_no_other_mistakes(text: str, said: list[str]) -> None:
    assert mistakes(text) == said


def test_a_key_can_be_named_by_an_anchor() -> None:
    assert play("&k title: a\nsteps: [*k]").steps == ["title"]


def test_all_mistakes_come_at_once_and_in_order() -> None:
    said = mistakes(
        "count: x\nrole: amin\n"
        "steps:\n  - mint: 5\n  - mnt: a\n  - {call: 5, extra: 3}\nrole: admin\n"
    )
    assert [line.partition(": ")[0] for line in said] == [
        "1:1 title",
        "1:8 count",
        "2:7 role",
        "4:11 steps[0].mint",
        "5:5 steps[1].mint",
        "5:5 steps[1].mnt",
        "6:12 steps[2].call",
        "6:15 steps[2].extra",
        "7:1 role",
    ]


def test_a_union_reports_the_member_that_was_meant_alone() -> None:
    assert mistakes("title: a\nsteps: [{call: x, expect: {status: x}}]") == [
        "2:36 steps[0].expect.status: expected a whole number, got the text 'x'"
    ]


def test_keys_are_known_by_their_aliases() -> None:
    with pytest.raises(DocumentError) as caught:
        parse("frist: 1\nsecnd: 2\nzwei: 3\n", Aliased, name="f")
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "f:1:1: frist: unknown key 'frist'; did you mean 'first'?",
        "f:2:1: secnd: unknown key 'secnd'; did you mean 'second'?",
        # A limit that has no words of ours has pydantic's.
        "f:3:7: zwei: Input should be a multiple of 2; got the number 3",
    ]


def test_what_came_is_shortened() -> None:
    (said,) = mistakes(f"title: a\ncount: {'x' * 59}y{'z' * 99}")
    assert said.endswith(f"got the text '{'x' * 59}…'")


def test_what_has_no_sound_value_is_reported_once() -> None:
    assert mistakes("title: !!binary aGk=") == ["1:8 title: the tag !!binary is not supported"]


def test_an_alias_stands_for_what_it_names() -> None:
    document = parse("title: &t hello\nsteps: [*t, &m {mint: *t}, *m]\n", Play)
    assert document.model.steps == ["hello", Mint(mint="hello"), Mint(mint="hello")]


def test_a_mistake_behind_an_alias_is_shown_where_it_was_written() -> None:
    text = "title: &m {mint: x, narow: []}\nsteps: [*m]\n"
    assert "1:21 steps[0].narow: unknown key 'narow'; did you mean 'narrow'?" in mistakes(text)


def test_aliases_do_not_unfold_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    start = time.process_time()
    (said,) = mistakes("\n".join(lines))
    assert "too large once its aliases are written out" in said
    assert time.process_time() - start < 1


def test_long_texts_count_when_aliases_unfold() -> None:
    text = f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 100)}]\n"
    assert "too large once" in mistakes(text)[0]


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_deep_nesting_is_a_mistake_and_not_a_crash(opening: str) -> None:
    (said,) = mistakes(opening * 200_000)
    assert "nested deeper than 64" in said


@pytest.mark.parametrize("key", ["token", "control_token", "password", "Authorization"])
def test_a_secret_is_not_shown(key: str) -> None:
    class Secrets(Strict):
        model_config = ConfigDict(extra="allow")

        __pydantic_extra__: dict[str, int] = Field(init=False)

    with pytest.raises(DocumentError) as caught:
        parse(f"{key}: hunter2", Secrets)
    assert "hunter2" not in str(caught.value)
    assert "expected a whole number, got a text" in str(caught.value)


def test_a_token_is_not_shown_wherever_it_stands() -> None:
    token = "sntryu_" + "ab" * 32
    assert not any(token[8:20] in line for line in mistakes(f"title: a\ncount: {token}"))


def test_a_check_sees_plain_data_and_its_findings_come_with_the_others() -> None:
    def check(data: Any) -> list[Finding]:
        found = [Finding(path, "not there") for path, word in each(data, "steps", "*", "call")]
        return [*found, Finding(("steps",), "too few", at_key=True)]

    with pytest.raises(DocumentError) as caught:
        parse("count: x\nsteps:\n  - call: y\n", Play, check, name="f")
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "f:1:1: title: missing key 'title'",
        "f:1:8: count: expected a whole number, got the text 'x'",
        "f:2:1: steps: too few",
        "f:3:11: steps[0].call: not there",
    ]
    assert str(caught.value) == "\n".join(map(str, caught.value.mistakes))


def test_each_passes_over_what_has_another_shape() -> None:
    data = {"a": [{"b": 1}, {"c": 2}, "b", None], "x": {"b": 3}}
    assert list(each(data, "a", "*", "b")) == [(("a", 0, "b"), 1)]
    assert list(each(data, "*", "b")) == [(("x", "b"), 3)]
    assert list(each(None, "*")) == []


TEXT = "title: a\nsteps:\n  - call: x\n    json:\n      a.b: [1, 2]\n"


@pytest.mark.parametrize(
    ("path", "at_key", "mark"),
    [
        (("title",), False, (1, 8)),
        (("title",), True, (1, 1)),
        (("steps",), False, (2, 1)),
        (("steps", 0), False, (3, 5)),
        (("steps", 0, "call"), False, (3, 11)),
        (("steps", 0, "json"), False, (4, 5)),
        (("steps", 0, "json", "a.b"), False, (5, 7)),
        (("steps", 0, "json", "a.b", 1), False, (5, 16)),
        # What is not there is reported at the nearest thing above it.
        (("steps", 0, "json", "gone", "far"), False, (4, 5)),
        (("gone",), False, (1, 1)),
        ((), False, (1, 1)),
    ],
)
def test_a_document_knows_its_lines(
    path: tuple[str | int, ...], at_key: bool, mark: tuple[int, int]
) -> None:
    document = parse(TEXT, Play, name="f.yaml")
    assert document.mark(path, at_key=at_key) == mark
    found = document.mistake(path, "wrong", at_key=at_key)
    assert found == Mistake("f.yaml", *mark, key_path(path), "wrong")


def test_a_document_keeps_the_plain_data() -> None:
    document = parse(TEXT, Play, name="f.yaml")
    assert document.data == {"title": "a", "steps": [{"call": "x", "json": {"a.b": [1, 2]}}]}
    assert document.name == "f.yaml"
    assert "_root" not in repr(document)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("users", "alice", "role"), "users.alice.role"),
        (("steps", 2, "expect"), "steps[2].expect"),
        (("tags", "a.b", "c"), 'tags["a.b"].c'),
        (("organizations:x",), "organizations:x"),
    ],
)
def test_a_key_path_is_written_as_people_do(path: tuple[str | int, ...], text: str) -> None:
    assert key_path(path) == text


def test_a_suggestion_is_the_nearest_or_all() -> None:
    assert suggest("amdin", ["member", "admin"]) == "; did you mean 'admin'?"
    assert suggest("ADMIN", ["member", "admin"]) == "; did you mean 'admin'?"
    assert suggest("zzz", ["b", "a"]) == "; expected 'a' or 'b'"
    assert suggest("zzz", []) == ""
    assert suggest("zzz", map(str, range(100))) == ""


# Files


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "play.yaml"
    file.write_text("title: Grüße\n", encoding="utf-8")
    document: Document[Play] = read(file, Play)
    assert document.model.title == "Grüße"
    assert document.name == str(file)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "play.yaml"
    file.write_bytes(b"\xef\xbb\xbftitle: a\n")
    assert read(str(file), Play).model.title == "a"


def unreadable(path: str | Path) -> str:
    with pytest.raises(DocumentError) as caught:
        read(path, Play)
    (mistake,) = caught.value.mistakes
    assert mistake.file == str(path)
    return str(mistake).removeprefix(str(path))


def test_what_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    assert unreadable(tmp_path / "gone.yaml") == ": cannot read: No such file or directory"
    assert unreadable(tmp_path) == ": cannot read: Is a directory"
    assert unreadable("a\0b") == ": cannot read: embedded null byte"


def test_a_file_without_end_is_not_read_to_it() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("no endless file here")
    assert "larger than 4096 KiB" in unreadable("/dev/zero")


def test_bytes_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("title: a\n# ä".encode() + "Grüße".encode("latin-1"))
    assert unreadable(file) == ":2:6: not UTF-8: the byte 0xfc"


def test_a_json_file_is_a_document_too(tmp_path: Path) -> None:
    file = tmp_path / "play.json"
    file.write_text('{\n\t"title": "a\\/b \\u00e4",\n\t"steps": [null]\n}')
    assert "3:12: steps[0]: expected a mapping or text, got nothing (null)" in unreadable(file)


# Whatever comes


def found_in(text: str) -> list[Mistake]:
    """The mistakes in `text`; none if it is a play. Whatever else is raised fails the test."""
    try:
        parse(text, Play)
    except DocumentError as error:
        return error.mistakes or [Mistake("", None, None, "", "an error with no mistakes")]
    return []


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_no_text_does_anything_but_parse_or_fail_with_mistakes(text: str) -> None:
    assert all(mistake.file for mistake in found_in(text))


@given(st.text(alphabet="ab:-[]{}&*!?|>'\"#%@,~<= \n\t01.", max_size=40))
@settings(max_examples=500)
def test_nor_does_any_punctuation(text: str) -> None:
    lines = text.count("\n") + 1
    assert all(m.line is None or 1 <= m.line <= lines for m in found_in(text))


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text("aäß0:#", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(list(Play.model_fields)), _values, max_size=6))
def test_every_mistake_about_data_has_a_line_and_a_message(data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=1)
    for mistake in found_in(text):
        assert mistake.line is not None
        assert 1 <= mistake.line <= text.count("\n") + 1
        assert mistake.message
