"""Scenario files: what is read, and that every mistake is told at once, with its line."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.document import DocumentError
from harness.scenario.loader import load_scenario, load_scenarios, parse_scenario
from harness.scenario.registry import (
    EXPECTATIONS,
    VERBS,
    Expectation,
    Verb,
    add_expectation,
    add_verb,
)
from harness.scenario.schema import scenario_schema
from tests.scenario.theatre import CAST, scenario_of

TEN_MISTAKES = """\
id: Ten Mistakes
title: Ten mistakes, ten lines
notes: should be note
cast:
  organizations: [first]
  users:
    olivia: {role: ownr, of: first}
    mel: {role: member, of: second}
steps:
  - agent mints: {for: olivia, in: first, session: s1, as: reader}
  - agent calls: {with: writer, get: /api/0/organizations/}
  - agent mnts: {for: olivia, in: first, session: s1}
  - olvia approves: {session: s1, scopes: [org:write]}
  - agent calls: {with: reader, get: "/api/0/organizations/{frist}/"}
    expect: {status: ok}
  - mel approves: {session: s2, scopes: [org:write]}
"""

TOLD = """\
it:1:5: id: expected a text that matches ^[a-z0-9]+(-[a-z0-9]+)*$, got the text 'Ten Mistakes'
it:3:1: notes: unknown key 'notes'; did you mean 'note'?
it:7:20: cast.users.olivia.role: unknown role 'ownr'; did you mean 'owner'?
it:8:29: cast.users.mel.of: unknown organization 'second'; expected 'acme', 'first' or 'globex'
it:11:25: steps[1]["agent calls"].with: no token 'writer' was minted before; expected 'reader'
it:12:5: steps[2]["agent mnts"]: unknown verb 'mnts'; did you mean 'mints'?
it:13:5: steps[3]["olvia approves"]: unknown actor 'olvia'; did you mean 'olivia'?
it:14:38: steps[4]["agent calls"].get: unknown name {frist}; did you mean 'first'?
it:15:22: steps[4].expect.status: expected a whole number or a list, got the text 'ok'
it:16:5: steps[5]["mel approves"]: missing key 'in'; say in which organization: \
no earlier step uses the session 's2'"""


def mistakes_in(text: str) -> list[str]:
    with pytest.raises(DocumentError) as raised:
        parse_scenario(text, name="it")
    return [str(mistake) for mistake in raised.value.mistakes]


def mistakes_in_steps(steps: str, cast: str = CAST) -> list[str]:
    with pytest.raises(DocumentError) as raised:
        scenario_of(steps, cast=cast)
    return [mistake.message for mistake in raised.value.mistakes]


def test_ten_mistakes_are_told_at_once_with_their_lines() -> None:
    assert "\n".join(mistakes_in(TEN_MISTAKES)) == TOLD


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("- agent mints: {in: first, session: s1}", "missing key 'for'"),
        ("- agent mints: {for: nobody, in: first, session: s1}", "unknown user 'nobody'"),
        ("- agent mints: {for: '', in: first, session: s1}", "unknown user ''"),
        ("- agent mints: {for: mel, in: nowhere, session: s1}", "unknown organization 'nowhere'"),
        ("- agent mints: {for: mel, in: first}", "missing key 'session'"),
        ("- agent mints: {for: mel, in: first, session: s1, as: session}", "already names"),
        ("- agent calls: {get: /x}", "say what the agent shows"),
        ("- agent calls: {using: session, get: /x}", "say whose"),
        ("- agent calls: {using: none}", "expected one method"),
        ("- agent calls: {using: none, get: /x, put: /y}", "got get and put"),
        ("- agent calls: {using: none, post: /x, json: 1, body: a}", "got json and body"),
        ("- agent calls: {using: none, get: x}", "expected a text that matches"),
        ("- agent calls: {using: none, get: //elsewhere.example.com/}", ""),
        ("- agent approves: {session: s1, in: first, scopes: []}", "say what the agent shows"),
        ("- mel calls: {using: token of zoe, get: /x}", "unknown user 'zoe'"),
        ("- operator moves clock: {}", "expected either by or to"),
        ("- operator moves clock: {by: 1, to: 2026-01-01T00:00:00Z}", "expected either by or to"),
        ("- operator moves clock: {by: soon}", "expected a duration"),
        ("- operator changes role: {user: mel, in: first, to: king}", "unknown role 'king'"),
        ("- operator removes member: {user: mel, in: nowhere}", "unknown organization"),
        ("- operator deactivates user: {user: zoe}", "unknown user 'zoe'"),
        ("- operator mints: {for: mel, in: first, session: s1}", "never mints"),
        ("- agent signs in:", "never signs in"),
        ("- mel", "expected a mapping"),
        ("- mel:", "expected '<actor> <verb>'"),
        ("- {expect: {status: 200}}", "expected one action '<actor> <verb>', got none"),
        ("- {mel signs in: , mel signs out: }", "got 'mel signs in' and 'mel signs out'"),
        ("- {mel signs in: , exspect: {}}", "got 'mel signs in' and 'exspect'"),
        ("- mel saves: {a: /b}\n    expect: {status: 200}", "has no answer"),
        ("- mel saves: {A: /b}", "expected a text that matches"),
        ("- mel signs in: {by: magic}", "expected 'form' or 'basic'"),
        ("- mel calls: {get: '/{name}/'}", "unknown name {name}"),
        ("- mel calls: {get: '/{mel.age}/'}", "'mel' has no 'age'"),
        ("- mel calls: {get: '/{session.s9}/'}", "no agent session 's9'"),
        ("- mel calls: {get: '/{token.t9}/'}", "no token 't9' was minted before"),
        ("- mel calls: {get: '/{x}/'}\n    for each: {y: [1]}", "unknown name {x}"),
        ("- mel calls: {get: '/{x}/'}\n    for each: {x: []}", "1 or more entries"),
        ("- mel calls: {get: /}\n    expect: {json: {a: {$tipe: null}}}", "did you mean '$type'"),
        ("- mel calls: {get: /}\n    expect: {headers: {A: $absnt}}", "did you mean '$absent'"),
        ("- mel calls: {get: /}\n    expect: {challenge: nothing}", "expected 'none'"),
        ("- mel calls: {get: /}\n    expect: {lists: {has: x}}", "unknown key 'has'"),
        ("- anonymous calls: {get: /}\n    expect: {unchanged: /x}", "say who looks"),
        ("- mel calls: {get: /}\n    expect: {unchanged: {path: /x, as: zoe}}", "unknown user"),
        ("- mel calls: {get: /}\n    expect: {grants: [{for: zoe, in: first, session: s}]}", "zoe"),
        ("- mel calls: {get: /}\n    expect: {audit: [{a: $nay}]}", "unknown matcher"),
        ("- mel calls: {get: /}\n    expect: {statsu: 1}", "did you mean 'status'"),
        ("- mel calls: {get: /}\n    expect: {scopes: {contains: [a]}}", "unknown key 'contains'"),
        ("- mel calls: {get: /}\n    expect: {lifetime: long}", "expected a duration"),
    ],
)
def test_a_mistake_in_a_step(step: str, message: str) -> None:
    if not message:
        scenario_of(f"  {step}\n")
        return
    assert any(message in found for found in mistakes_in_steps(f"  {step}\n"))


def test_one_mistake_makes_no_others() -> None:
    # The names of a cast that is wrong are known to the steps all the same.
    cast = "cast:\n  organizations: [first]\n  users: {olivia: {rule: owner}}\n"
    (message,) = mistakes_in_steps(
        "  - agent mints: {for: olivia, in: first, session: s1, as: t}\n"
        '  - agent calls: {with: t, get: "/{first}/{olivia.id}/"}\n',
        cast,
    )
    assert "unknown key 'rule'" in message


@pytest.mark.parametrize(
    ("cast", "message"),
    [
        ("cast: {organizations: [agent]}\n", "is a word of the language"),
        ("cast: {organizations: [a], users: {a: {role: owner, of: a}}}\n", "also one of"),
        ("cast: {users: {a: {role: owner}}}\n", "role and of stand together"),
        ("cast: {users: {a: {roles: {nowhere: owner}}}}\n", "unknown organization 'nowhere'"),
        ("cast: {projects: {p: {off: first}}}\n", "missing key 'of'"),
        ("cast: {projects: {p: {of: nowhere}}}\n", "unknown organization 'nowhere'"),
        ("cast: {issues: {i: {of: nothing}}}\n", "unknown project 'nothing'"),
        ("cast: {user tokens: {t: {of: zoe}}}\n", "unknown user 'zoe'"),
        ("world: no-such-world\n", "unknown world"),
        ("world: ''\n", "expected a text of 1 or more"),
    ],
)
def test_a_mistake_in_the_cast(cast: str, message: str) -> None:
    found = mistakes_in_steps("  - olivia signs in:\n", cast)
    assert any(message in text for text in found), found


def test_what_is_needed_is_known_before() -> None:
    scenario = scenario_of(
        "  - agent mints: {for: olivia, in: first, session: s1, as: t}\n"
        "    expect: {signed: true}\n"
        "  - service mints: {for: mel, in: first, session: s1}\n"
        "  - mel approves: {session: s1, scopes: []}\n"
        "  - olivia calls: {using: token, get: /}\n"
        "    expect: {audit: []}\n"
        "  - operator resets:\n"
    )
    assert scenario.control == ("'audit'", "'operator resets'")
    assert scenario.secret == ("'signed'", "a signed viewer context")
    assert scenario.wanted.passwords == {"mel"}
    assert scenario.wanted.tokens == {"olivia"}
    assert scenario.wanted.either == {"olivia"}
    assert scenario.sessions == {"s1": "first"}


def test_names_of_the_world_need_no_cast() -> None:
    scenario = scenario_of(
        "  - agent mints: {for: mia, in: acme, session: s1, as: t}\n"
        '  - agent calls: {with: t, get: "/api/0/organizations/{acme.id}/"}\n',
        cast="",
    )
    assert dict(scenario.wanted.named) == {
        "users": ("mia",),
        "organizations": ("acme",),
        "projects": (),
        "teams": (),
    }


def test_a_name_of_the_cast_hides_one_of_the_world() -> None:
    # The world has a team and a project with these names.
    cast = (
        "cast:\n  organizations: [first]\n"
        "  users: {olivia: {role: owner, of: first}}\n  projects: {web: {of: first}}\n"
    )
    scenario = scenario_of('  - olivia calls: {get: "/{web}/"}\n', cast=cast)
    assert scenario.wanted.named["teams"] == ()


def test_a_scenario_is_read_from_a_file_and_a_folder(tmp_path: Path) -> None:
    text = f"id: one\ntitle: One\n{CAST}steps:\n  - olivia signs in:\n"
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.yaml").write_text(text)
    (tmp_path / "sub" / "a.yml").write_text(text.replace("id: one", "id: two"))
    (tmp_path / "notes.txt").write_text("no scenario")
    assert load_scenario(tmp_path / "b.yaml").id == "one"
    assert [scenario.id for scenario in load_scenarios([tmp_path])] == ["one", "two"]
    again = [tmp_path / "sub", tmp_path, tmp_path / "b.yaml"]
    assert [scenario.id for scenario in load_scenarios(again)] == ["two", "one"]


def test_scripts_of_agents_are_no_scenarios(tmp_path: Path) -> None:
    text = "id: {}\ntitle: One\nsteps:\n  - anonymous calls: {{get: /api/0/}}\n"
    scripts = tmp_path / "agent" / "scripts"
    scripts.mkdir(parents=True)
    (tmp_path / "agent" / "one.yaml").write_text(text.format("one"))
    (scripts / "script.yaml").write_text("id: script\nplan: [say: hello]\n")
    assert [scenario.id for scenario in load_scenarios([tmp_path])] == ["one"]
    # A scenario that somebody keeps in such a folder is one.
    (scripts / "two.yaml").write_text(text.format("two"))
    assert [scenario.id for scenario in load_scenarios([tmp_path])] == ["one", "two"]
    with pytest.raises(DocumentError, match="for an agent, and no scenario"):
        load_scenarios([scripts / "script.yaml"])


def test_a_world_beside_the_scenario(tmp_path: Path) -> None:
    world = "organizations: {here: {}}\nusers: {zoe: {memberships: {here: {role: owner}}}}\n"
    (tmp_path / "world.yaml").write_text(world)
    text = "id: one\ntitle: One\nworld: ./world.yaml\nsteps:\n  - zoe signs in:\n"
    (tmp_path / "one.yaml").write_text(text)
    assert load_scenario(tmp_path / "one.yaml").world == str(tmp_path / "world.yaml")
    (tmp_path / "world.yaml").write_text(world.replace("owner", "king"))
    with pytest.raises(DocumentError, match="king"):
        load_scenario(tmp_path / "one.yaml")


def test_two_files_with_one_id(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(f"id: one\ntitle: One\n{CAST}steps:\n  - olivia signs in:\n")
    with pytest.raises(DocumentError, match=r"'one' is also the id of .*a\.yaml"):
        load_scenarios([tmp_path])


def test_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("id: [\n" if name == "a.yaml" else TEN_MISTAKES)
    with pytest.raises(DocumentError) as raised:
        load_scenarios([tmp_path, tmp_path / "gone.yaml", "aprove-and-remint"])
    files = {Path(mistake.file).name for mistake in raised.value.mistakes}
    assert files == {"a.yaml", "b.yaml", "gone.yaml", "aprove-and-remint"}
    assert "did you mean 'approve-and-remint'?" in str(raised.value)


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no scenario files"):
        load_scenarios([tmp_path])


def test_those_that_come_along_are_found_by_id() -> None:
    (scenario,) = load_scenarios(["approve-and-remint"])
    assert scenario.id == "approve-and-remint"
    assert len(load_scenarios()) >= 25


def test_each_file_is_named_after_its_id() -> None:
    for scenario in load_scenarios():
        assert Path(scenario.file).stem == scenario.id
        assert scenario.tags, scenario.id


def test_a_scenario_can_be_sent_to_another_process() -> None:
    for scenario in load_scenarios():
        assert pickle.loads(pickle.dumps(scenario)) == scenario  # noqa: S301 - our own bytes


SCHEMA = jsonschema.Draft202012Validator(scenario_schema())


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(scenario_schema())
    assert json.loads(json.dumps(scenario_schema())) == scenario_schema()


def test_the_schema_accepts_what_comes_along() -> None:
    for scenario in load_scenarios():
        text = re.sub(r"(?<!breaks) on:", ' "on":', Path(scenario.file).read_text())
        SCHEMA.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "step",
    [
        {"agent mnts": {"session": "s"}},
        {"agent signs in": None},
        {"operator calls": {"get": "/"}},
        {"agent mints": {"sesion": "s"}},
        {"agent mints": None},
        {"agent calls": {"get": "/", "put": "/"}},
        {"agent calls": {"with": "t"}},
        {"agent calls": {"post": "/", "json": 1, "body": "a"}},
        {"agent calls": {"get": "no-slash"}},
        {"operator moves clock": {}},
        {"operator moves clock": {"by": "soon"}},
        {"expect": {"status": 200}},
        {"mel signs in": None, "mel signs out": None},
        {"mel signs in": None, "expect": {"statsu": 200}},
        {"mel signs in": None, "expect": {"status": "200"}},
        {"mel signs in": None, "note": 1},
        {"mel signs in": None, "for each": {"x": []}},
        {"mel": None},
    ],
)
def test_the_schema_and_the_loader_refuse_the_same_steps(step: dict[str, Any]) -> None:
    whole = {"id": "one", "title": "One", **yaml.safe_load(CAST), "steps": [step]}
    assert not SCHEMA.is_valid(whole)
    with pytest.raises(DocumentError):
        parse_scenario(json.dumps(whole))


@pytest.mark.parametrize(
    "step",
    [
        {"mel signs in": None},
        {"mel signs in": {"by": "basic"}, "note": "x", "expect": {"status": 200}},
        {"mel calls": {"get": "/"}, "for each": {"x": [1]}, "expect": {}},
        {"operator moves clock": {"by": 5}},
        {"operator resets": None},
        {"anonymous calls": {"get": "/", "headers": [{"A": "1"}, {"A": "2"}]}},
        {"mel calls": {"post": "/", "json": None}, "expect": {"json": None, "challenge": "none"}},
    ],
)
def test_the_schema_and_the_loader_accept_the_same_steps(step: dict[str, Any]) -> None:
    whole = {"id": "one", "title": "One", **yaml.safe_load(CAST), "steps": [step]}
    SCHEMA.validate(whole)
    parse_scenario(json.dumps(whole))


def test_editors_are_offered_every_verb_of_a_known_actor() -> None:
    offered = scenario_schema()["$defs"]["Step"]["properties"]
    assert {"agent mints", "operator moves clock", "service approves"} <= offered.keys()
    assert "operator mints" not in offered


def test_a_word_is_added_once() -> None:
    verb, expectation = VERBS["mints"], EXPECTATIONS["status"]
    with pytest.raises(ValueError, match="a verb 'mints' already"):
        add_verb(Verb("mints", verb.arguments, verb.actors, verb.play))
    with pytest.raises(ValueError, match="an expectation 'status' already"):
        add_expectation(Expectation("status", int, expectation.check))
