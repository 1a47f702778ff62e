"""Script files: what is read, and that every mistake is told at once, with its line."""

from __future__ import annotations

import pickle
from pathlib import Path

import jsonschema
import pytest
import yaml

from harness.document import DocumentError
from harness.seer.agent.habits import Habit
from harness.seer.script import load_script, load_scripts, parse_script, script_schema

GOOD = """\
id: good
title: Good
temperament: honest
asks: Resolve {issue}
plan:
  - say: "{issue}"
"""

MANY_MISTAKES = """\
id: Many Mistakes
title: Many mistakes
notes: should be note
temperament: clumsy
habits: [obeys what it reads, asks for to much]
asks: Rename {organization} to {Name} {name
plan:
  - sya: hello
  - call: {fetch: /api/0/}
  - call: {get: /api/1/, put: "/api/0/{organisation}/"}
    as: session
  - {call: {get: "/api/0/{token}/"}, bare: true, as: x}
  - when: {value: "{x.stauts}"}
  - when: {value: 7, is: 7, matches: "("}
    then: [say: "{x}", stop: "{x.status.code}"]
  - for each: {item: "{x.json.items}"}
    do: [say: "{item.id} {itme.id}"]
  - say: "{item.id}"
    as: y
  - mint: [org:wirte]
  - search:
  - ask: every
    on refusal: go on
  - {}
"""

TOLD = """\
it:1:5: id: expected a text that matches ^[a-z0-9]+(-[a-z0-9]+)*$, got the text 'Many Mistakes'
it:3:1: notes: unknown key 'notes'; did you mean 'note'?
it:5:10: habits[0]: 'obeys what it reads' is no habit of a clumsy agent
it:5:31: habits[1]: expected 'retries without asking', 'asks for too much', 'keeps old token', \
'ignores expiry', 'follows stale links', 'asks again after a no', 'mints for every call' or \
'obeys what it reads', got the text 'asks for to much'; did you mean 'asks for too much'?
it:6:7: asks: braces stand around a name, as in {issue}
it:6:7: asks: the name 'organization' is taken
it:6:7: asks: expected a name that matches ^[a-z][a-z0-9_-]*$, got 'Name'
it:8:5: plan[0].sya: unknown key 'sya'; did you mean 'say'?
it:9:12: plan[1].call.fetch: unknown key 'fetch'; did you mean 'patch'?
it:10:5: plan[2].call: expected one method (get, post, put, patch or delete), got 'get' and 'put'
it:10:17: plan[2].call.get: expected a path below /api/0/, got '/api/1/'
it:10:31: plan[2].call.put: unknown name {organisation}; did you mean 'organization'?
it:11:9: plan[2].as: the name 'session' is taken
it:12:18: plan[3].call.get: only the plan of a hostile agent hands its token around
it:12:44: plan[3].bare: only a hostile agent makes bare calls
it:13:5: plan[4]: 'when' does nothing without 'then'
it:13:5: plan[4].when: compares nothing; say 'is', 'is not', 'contains', 'has' or 'matches'
it:13:19: plan[4].when.value: unknown part 'stauts' of {x}; did you mean 'status'?
it:14:5: plan[5].when: compares nothing that could change: there is no name in it
it:14:38: plan[5].when.matches: not a regular expression: missing ), unterminated subpattern at \
position 0
it:15:17: plan[5].then[0].say: {x} is a result; say which part of it; expected 'json', 'refusal' \
or 'status'
it:15:30: plan[5].then[1].stop: {x.status} has no parts
it:17:15: plan[6].do[0].say: unknown name {itme}; did you mean 'item'?
it:18:10: plan[7].say: unknown name {item.id}; expected 'Name', 'organization', \
'organization.id', 'query', 'session', 'session.json', 'session.refusal', 'session.status', \
'token', 'user.id', 'x.json', 'x.refusal' or 'x.status'
it:19:5: plan[7].as: 'as' stands beside 'search', 'call', 'ask' or 'mint', not beside 'say'
it:20:12: plan[8].mint[0]: unknown scope 'org:wirte'; did you mean 'org:write'?
it:21:12: plan[9].search: expected a value, got nothing (null)
it:22:10: plan[10].ask: expected a list, got the text 'every'
it:23:5: plan[10]["on refusal"]: 'on refusal' stands beside 'call' or 'mint', not beside 'ask'
it:23:17: plan[10]["on refusal"]: expected 'stop' or 'continue', got the text 'go on'
it:24:5: plan[11]: expected one action (say, search, call, ask, mint, when, for each or stop), \
got none
"""


def told(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse_script(text, name="it")
    return str(caught.value).splitlines()


def plan(*steps: str, temperament: str = "hostile", asks: str = "Go to {place}") -> str:
    lines = "\n".join(f"  - {step}" for step in steps)
    return f"id: x\ntitle: X\ntemperament: {temperament}\nasks: {asks}\nplan:\n{lines}\n"


def test_all_mistakes_are_told_at_once() -> None:
    assert told(MANY_MISTAKES) == TOLD.splitlines()


def test_what_a_script_is() -> None:
    text = GOOD.replace("temperament: honest", "temperament: hostile\nhabits: [keeps old token]")
    script = parse_script(text, name="some.yaml")
    assert (script.id, script.title, script.temperament) == ("good", "Good", "hostile")
    assert script.habits == (Habit.KEEPS_OLD_TOKEN,)
    assert (script.asks, script.captures, script.file) == (
        "Resolve {issue}",
        ["issue"],
        "some.yaml",
    )
    assert script.match("resolve ABC-1!") == {"issue": "ABC-1"}
    assert pickle.loads(pickle.dumps(script)) == script  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("temperament", "habits", "message"),
    [
        ("honest", "[ignores expiry]", "5:1: habits: an honest agent has no habits"),
        ("clumsy", "[]", "temperament: a clumsy agent has a habit; say which in 'habits'"),
        ("clumsy", "[obeys what it reads]", "is no habit of a clumsy agent"),
        ("misled", "[]", "temperament: a misled agent has the habit 'obeys what it reads'"),
        ("misled", "[obeys what it reads, ignores expiry]", "is no habit of a misled agent"),
        ("hostile", "[ignores expiry, ignores expiry]", "'ignores expiry' is there twice"),
        ("hostile", "[lies]", "habits[0]: expected 'retries without asking'"),
        ("sly", "[]", "3:14: temperament: expected 'honest', 'clumsy', 'misled' or 'hostile'"),
    ],
)
def test_habits_fit_the_temperament(temperament: str, habits: str, message: str) -> None:
    text = GOOD.replace("honest", temperament).replace("asks:", f"note: N\nhabits: {habits}\nasks:")
    (line,) = told(text)
    assert message in line


@pytest.mark.parametrize(
    ("temperament", "habits"),
    [
        ("honest", "[]"),
        ("clumsy", "[ignores expiry, asks for too much]"),
        ("misled", "[obeys what it reads]"),
        ("hostile", "[]"),
        ("hostile", "[obeys what it reads, asks again after a no]"),
    ],
)
def test_habits_that_fit(temperament: str, habits: str) -> None:
    parse_script(GOOD.replace("honest", temperament) + f"habits: {habits}\n")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        # Which action.
        ("{say: a, stop: b}", "got 'say' and 'stop'"),
        ("{}", "expected one action (say, search, call, ask, mint, when, for each or stop)"),
        ("note: nothing", "plan[0].note: unknown key 'note'"),
        ("seach: x", "plan[0].seach: unknown key 'seach'; did you mean 'search'?"),
        ("say:", "plan[0].say: expected a value, got nothing (null)"),
        ('say: ""', "expected a text of 1 or more characters"),
        # What stands beside it.
        (
            "{say: a, as: b}",
            "'as' stands beside 'search', 'call', 'ask' or 'mint', not beside 'say'",
        ),
        ("{mint: all, bare: true}", "'bare' stands beside 'call', not beside 'mint'"),
        ("{say: a, on refusal: stop}", "'on refusal' stands beside 'call' or 'mint'"),
        ("{mint: all, on refusal: go}", "expected 'stop' or 'continue', got the text 'go'"),
        ('{when: {value: "{place}", is: a}}', "'when' does nothing without 'then'"),
        ("{for each: {a: [1]}}", "'for each' does nothing without 'do'"),
        ("{for each: {a: [1], b: [2]}, do: [say: x]}", "at most 1 entries"),
        # Calls.
        ("call: {get: /api/0/, put: /api/0/}", "got 'get' and 'put'"),
        ("call: {json: {a: 1}}", "expected one method (get, post, put, patch or delete), got none"),
        ("call: {head: /api/0/}", "plan[0].call.head: unknown key 'head'"),
        ("call: {get: /api/1/}", "plan[0].call.get: expected a path below /api/0/"),
        ("call: {get: 'https://outside.test/api/0/'}", "expected a path below /api/0/"),
        ("call: {get: '{place}'}", "expected a path below /api/0/"),
        ("call: {get: /api/0/, query: {a: [1]}}", "plan[0].call.query.a: expected"),
        # Scopes.
        ("ask: []", "expected 1 or more entries"),
        (
            "ask: [org:wirte]",
            "plan[0].ask[0]: unknown scope 'org:wirte'; did you mean 'org:write'?",
        ),
        ("mint: [everything]", "plan[0].mint[0]: unknown scope 'everything'"),
        ("mint: some", "expected 'all' or a list, got the text 'some'"),
        # Conditions.
        ('{when: {value: "{place}"}, then: [say: a]}', "compares nothing; say 'is', 'is not'"),
        ("{when: {value: 1, is: 1}, then: [say: a]}", "there is no name in it"),
        ('{when: {is: "{place}"}, then: [say: a]}', "missing key 'value'"),
        ("{when: [], then: [say: a]}", "expected 1 or more entries"),
        (
            '{when: [{value: "{place}", is: a}, {value: "{place}"}], then: [say: a]}',
            "plan[0].when[1]: compares nothing",
        ),
        ('{when: {value: "{place}", eq: 1}, then: [say: a]}', "unknown key 'eq'"),
        ('{when: {value: "{place}", matches: "("}, then: [say: a]}', "not a regular expression"),
        ('{when: {value: "{place}", has: 1}, then: [say: a]}', "expected true or false"),
        # Names.
        ("say: '{plaec}'", "plan[0].say: unknown name {plaec}; did you mean 'place'?"),
        ("say: '{user}'", "unknown name {user}; did you mean 'user.id'?"),
        ("say: '{place.name}'", "{place} is one word and has no parts"),
        ("call: {get: '/api/0/{x.json}/'}", "plan[0].call.get: unknown name {x.json}"),
        ("call: {post: /api/0/, json: {a: [{b: '{x}'}]}}", "plan[0].call.json.a[0].b: unknown"),
        ("{mint: all, as: token}", "plan[0].as: the name 'token' is taken"),
        ("{mint: all, as: place}", "the name 'place' is taken"),
        ("{mint: all, as: X}", "expected a text that matches"),
        ("{for each: {place: [1]}, do: [say: x]}", "plan[0][\"for each\"].place: the name 'place'"),
        ("{for each: {a: '{b}'}, do: [say: x]}", "unknown name {b}"),
    ],
)
def test_a_mistake_in_a_step(step: str, message: str) -> None:
    (line,) = told(plan(step))
    assert line.startswith("it:6:")
    assert message in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{x.stauts}", "unknown part 'stauts' of {x}; did you mean 'status'?"),
        ("{x.approved}", "unknown part 'approved' of {x}; expected 'json', 'refusal' or 'status'"),
        ("{x}", "{x} is a result; say which part of it; expected 'json', 'refusal' or 'status'"),
        ("{x.status.code}", "{x.status} has no parts"),
    ],
)
def test_a_mistake_in_the_part_of_a_result(text: str, message: str) -> None:
    (line,) = told(plan("{call: {get: /api/0/}, as: x}", f"say: '{text}'"))
    assert line == f"it:7:10: plan[1].say: {message}"


@pytest.mark.parametrize(
    ("temperament", "step", "message"),
    [
        ("honest", "{call: {get: /api/0/}, bare: true}", "only a hostile agent makes bare calls"),
        ("honest", "ask: [org:write]", "an honest agent asks only when it was denied"),
        ("honest", "say: '{token}'", "only the plan of a hostile agent hands its token around"),
    ],
)
def test_what_only_others_do(temperament: str, step: str, message: str) -> None:
    (line,) = told(plan(step, temperament=temperament))
    assert message in line
    parse_script(plan(step))


def test_names_are_known_from_where_they_are_given() -> None:
    parse_script(
        plan(
            "{call: {get: '/api/0/{organization.id}/{session}/{user.id}/{query}'}, as: x}",
            "{search: '{place}', as: s}",
            "{ask: [org:write], as: a}",
            "{when: {value: '{a.approved}', is: true}, then: [{mint: all, as: m}]}",
            "{for each: {i: '{x.json.items}'}, do: [say: '{i.id} {i} {m.status}']}",
            "say: '{s.operations.0.path}'",
            "{for each: {i: [1]}, do: [{call: {get: '/api/0/{i}/'}, as: x}]}",
            "say: '{{no name}} {x.json.0.name} {a.reason} {{i}}'",
        )
    )
    (line,) = told(plan("{for each: {i: [1]}, do: [say: '{i}']}", "say: '{i}'"))
    assert "it:7:10: plan[1].say: unknown name {i}" in line


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        ("'Go to {place'", "braces stand around a name, as in {issue}"),
        ("'Go to {}'", "braces stand around a name"),
        ("'Go {a}{b}'", "two names touch"),
        ("'Go {a} {a}'", "the name 'a' is taken"),
        ("'Go {query}'", "the name 'query' is taken"),
        ("'Go {Place}'", "expected a name that matches"),
    ],
)
def test_a_mistake_in_what_is_asked(asks: str, message: str) -> None:
    (line,) = told(plan("say: hello", asks=asks))
    assert line.startswith("it:4:7: asks: ")
    assert message in line


@pytest.mark.parametrize("text", ["", "7", "[]", "id: [", "plan: 7", "plan: [7, [8]]", "asks: 7"])
def test_what_is_no_script_at_all(text: str) -> None:
    assert told(text)


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b", "a", "deep/c"):
        text = GOOD.replace("good", name.replace("/", "-"))
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "notes.txt").write_text("no script")
    assert [script.id for script in load_scripts([tmp_path])] == ["a", "b", "deep-c"]
    files = [tmp_path / "b.yaml", tmp_path]
    assert [script.id for script in load_scripts(files)] == ["b", "a", "deep-c"]
    assert load_script(tmp_path / "a.yaml").file == str(tmp_path / "a.yaml")


def test_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(GOOD)
    (tmp_path / "c.yaml").write_text(GOOD.replace("honest", "onest"))
    (tmp_path / "empty").mkdir()
    names = [tmp_path, tmp_path / "empty", tmp_path / "none.yaml"]
    with pytest.raises(DocumentError) as caught:
        load_scripts(names)
    told = str(caught.value)
    assert f"b.yaml:1:5: id: 'good' is also the id of {tmp_path}/a.yaml" in told
    assert "c.yaml:3:14: temperament: expected" in told
    assert "empty: no scripts in this folder" in told
    assert "none.yaml: cannot read" in told


def test_the_schema_accepts_what_is_right_and_no_more() -> None:
    schema = script_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(GOOD))
    for step in ("{}", "{say: a, stop: b}", "sya: a", "call: {get: a, put: b}", "mint: [a:b]"):
        assert not validator.is_valid(yaml.safe_load(plan(step))), step


@pytest.mark.parametrize(
    ("temperament", "fails", "message"),
    [
        ("honest", "[asks-first]", "4:1: fails: an honest agent breaks no rule"),
        ("hostile", "[ask-first]", "fails[0]: unknown rule 'ask-first'; did you mean 'asks-first'"),
        ("hostile", "[asks-first, asks-first]", "fails[1]: 'asks-first' is there twice"),
    ],
)
def test_which_rules_it_breaks(temperament: str, fails: str, message: str) -> None:
    text = f"""\
id: one
title: One
temperament: {temperament}
fails: {fails}
asks: Do it
plan:
  - say: Done.
"""
    with pytest.raises(DocumentError) as caught:
        parse_script(text)
    assert message in str(caught.value)
