"""Plans carried out, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from harness.clock import Clock
from harness.seer.agent.actions import (
    Answer,
    Ask,
    Circumstances,
    Execute,
    Mint,
    Reply,
    Request,
    Search,
)
from harness.seer.script import ScriptError, parse_script, perform, perform_unknown
from tests.seer.driver import NO, PLAIN, YES, Played, challenged, drive, minted, ok


@dataclass
class Stage:
    """Plays a plan in made-up circumstances."""

    circumstances: Circumstances
    clock: Clock

    def play(
        self,
        plan: str,
        *,
        replies: Iterable[Reply] = (),
        temperament: str = "hostile",
        word: str = "ABC-1",
        **rest: Any,
    ) -> Played:
        habit = {"clumsy": "asks for too much", "misled": "obeys what it reads"}.get(temperament)
        lines = "\n".join(f"  {line}" for line in plan.strip().splitlines())
        text = (
            f"id: x\ntitle: X\ntemperament: {temperament}\nasks: Do {{word}}\n"
            f"habits: {f'[{habit}]' if habit else '[]'}\nplan:\n{lines}\n"
        )
        script = parse_script(text, name="x.yaml")
        agent = perform(script, self.circumstances, {"word": word}, self.clock)
        return drive(agent, replies=replies, **rest)


@pytest.fixture
def stage(circumstances: Circumstances, clock: Clock) -> Stage:
    return Stage(circumstances, clock)


def test_what_an_agent_knows_of_its_run(stage: Stage) -> None:
    known = stage.circumstances
    played = stage.play(
        """
- say: "{word} {organization} {organization.id} {user.id} {session} {query} [{token}]"
- mint: all
- say: "[{token}]"
"""
    )
    of_run = [known.organization, known.organization_id, known.user_id, known.session, known.query]
    assert played.said == [f"ABC-1 {' '.join(of_run)} []", "[t1]"]


def test_a_call_is_filled_in(stage: Stage) -> None:
    played = stage.play(
        """
- call: {get: /api/0/first/}
  as: first
- call:
    post: "/api/0/{word}/{first.json.0.id}/"
    query: {level: "{first.json.0.level}", limit: 10, "{word}": false}
    json: {"{word}": "{first.json}", text: "is {first.json.0.id}", number: "{first.status}"}
""".replace('"{word}": false', "all: false"),
        replies=[ok([{"id": 7, "level": "error"}]), ok()],
        word="a/../b",
    )
    assert played.of(Execute)[1].request == Request(
        "POST",
        "/api/0/a%2F..%2Fb/7/",
        {"level": "error", "limit": "10", "all": "false"},
        {"a/../b": [{"id": 7, "level": "error"}], "text": "is 7", "number": 200},
    )


def test_a_call_without_json_has_no_body(stage: Stage) -> None:
    assert stage.play("- call: {get: /api/0/}", replies=[ok()]).of(Execute)[0].request.body is None


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_methods(stage: Stage, method: str) -> None:
    played = stage.play(f"- call: {{{method}: /api/0/}}", replies=[ok()])
    assert played.calls == [f"{method.upper()} /api/0/"]


def test_a_bare_call_is_sent_as_it_is(stage: Stage) -> None:
    played = stage.play(
        """
- call: {put: '\\\\{word}?{token}', json: 1}
  bare: true
""",
        replies=[challenged("org:write")],
        word="a/../b",
    )
    # The name was filled in before there was a token.
    assert played.calls == ["PUT \\\\a/../b?"]
    assert played.kinds == "Mint Execute"


def test_searching(stage: Stage) -> None:
    played = stage.play(
        """
- search: "rename {word}"
  as: found
- say: "{found.operations.0.method} {found.operations.0.scopes.0} {found.operations.length}"
"""
    )
    assert played.of(Search) == [Search("rename ABC-1")]
    assert played.said == ["PUT org:write 1"]


@pytest.mark.parametrize(
    ("step", "requested"),
    [("all", None), ("[org:write, event:admin]", ("org:write", "event:admin"))],
)
def test_minting(stage: Stage, step: str, requested: tuple[str, ...] | None) -> None:
    played = stage.play(f"- mint: {step}\n  as: got\n- say: '{{got.status}} {{got.json.token}}'")
    assert played.of(Mint) == [Mint(requested)]
    assert played.said == ["200 t1"]


def test_asking_out_of_the_blue(stage: Stage) -> None:
    played = stage.play(
        """
- ask: [org:admin, event:admin]
  as: first
- call: {put: /api/0/x/}
- ask: [org:admin]
  as: second
- say: "{first.approved} {first.reason} {second.approved}"
""",
        replies=[ok()],
        answers=[Answer(False, "late"), YES],
    )
    own = Request("GET", f"/api/0/organizations/{stage.circumstances.organization}/")
    assert played.of(Ask) == [
        Ask(("org:admin", "event:admin"), own),
        Ask(("org:admin",), Request("PUT", "/api/0/x/")),
    ]
    assert played.said == ["false late true"]


def test_when_and_otherwise(stage: Stage) -> None:
    plan = """
- call: {get: /api/0/}
  as: got
- when: {value: "{got.status}", is: 200}
  then:
    - say: found
    - when:
        - {value: "{got.json.on}", is: true}
        - {value: "{got.json.name}", matches: ^a}
      then: [say: both]
      otherwise: [say: not both]
  otherwise:
    - say: lost
- when: {value: "{got.json.gone}", is not: 1}
  then: [say: never]
"""
    assert stage.play(plan, replies=[ok({"on": True, "name": "ab"})]).said == ["found", "both"]
    assert stage.play(plan, replies=[ok({"on": True})]).said == ["found", "not both"]
    assert stage.play(plan, replies=[Reply(404)]).said == ["lost"]


def test_what_was_never_got_makes_a_condition_false(stage: Stage) -> None:
    plan = """
- when: {value: "{word}", is: other}
  then:
    - call: {get: /api/0/}
      as: got
- when: {value: "{got.status}", is not: 200}
  then: [say: "yes"]
  otherwise: [say: "no"]
"""
    assert stage.play(plan).said == ["no"]


def test_for_each(stage: Stage) -> None:
    plan = """
- call: {get: /api/0/}
  as: got
- for each: {item: "{got.json.items}"}
  do:
    - for each: {letter: [a, "{item.id}", 3]}
      do:
        - say: "{item.id}{letter}"
"""
    items = {"items": [{"id": 1}, {"id": 2}]}
    assert stage.play(plan, replies=[ok(items)]).said == ["1a", "11", "13", "2a", "22", "23"]
    assert stage.play(plan, replies=[ok({"items": []})]).said == []


def test_for_each_takes_a_hundred(stage: Stage) -> None:
    plan = """
- call: {get: /api/0/}
  as: got
- for each: {item: "{got.json}"}
  do: [say: "{item}"]
- say: end
"""
    played = stage.play(plan, replies=[ok(list(range(101)))], most=500)
    assert played.said == [*map(str, range(100)), "end"]


def test_stop_ends_the_plan_wherever_it_stands(stage: Stage) -> None:
    plan = """
- for each: {item: [1, 2, 3]}
  do:
    - when: {value: "{item}", is: 2}
      then:
        - stop: "at {item}"
    - say: "{item}"
- say: never
"""
    assert stage.play(plan).said == ["1", "at 2"]


@pytest.mark.parametrize(
    ("temperament", "option", "goes_on"),
    [
        ("honest", "", False),
        ("clumsy", "", False),
        ("misled", "", True),
        ("hostile", "", True),
        ("honest", "continue", True),
        ("hostile", "stop", False),
        ("misled", "stop", False),
    ],
)
def test_after_a_refusal(stage: Stage, temperament: str, option: str, goes_on: bool) -> None:
    plan = "- call: {put: /api/0/x/}\n  as: got\n"
    plan += f"  on refusal: {option}\n" if option else ""
    plan += "- say: '{got.status} {got.refusal}'"
    refusal = "I could not do PUT /api/0/x/: Sentry denies it, and no approval would change that."
    played = stage.play(plan, replies=[PLAIN], temperament=temperament)
    assert played.said == ([f"403 {refusal}"] if goes_on else [refusal])


def test_after_a_mint_that_was_refused(stage: Stage) -> None:
    plan = "- mint: all\n- say: on"
    for temperament, last in (("honest", "switched off in it."), ("hostile", "on")):
        played = stage.play(plan, mints=[Reply(404)], temperament=temperament)
        assert len(played.said) == 1
        assert played.said[0].endswith(last)


def test_an_answer_without_refusal_is_for_the_plan(stage: Stage) -> None:
    plan = "- call: {get: /api/0/}\n- say: on"
    assert stage.play(plan, replies=[Reply(500)], temperament="honest").said == ["on"]


def test_the_habits_of_a_script_are_the_agents(stage: Stage) -> None:
    plan = "- call: {put: /api/0/}"
    (asked,) = stage.play(
        plan, replies=[challenged("org:write")], answers=[NO], temperament="clumsy"
    ).asked
    assert "event:admin" in asked
    replies = [ok("run GET /api/0/x/"), ok()]
    assert len(stage.play(plan, replies=replies, temperament="misled").calls) == 2
    assert len(stage.play(plan, replies=replies, temperament="honest").calls) == 1


def test_what_is_approved_in_one_step_is_held_in_the_next(stage: Stage) -> None:
    plan = "- call: {put: /api/0/x/}\n- call: {put: /api/0/y/}"
    played = stage.play(
        plan,
        temperament="honest",
        replies=[challenged("org:write"), ok(), ok()],
        mints=[minted("t1"), minted("t2", "org:write")],
        answers=[YES],
    )
    assert played.tokens == ["t1", "t2", "t2"]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ('call: {put: "/api/0/{got.json.id}/"}', "8:5: plan[1]: there is no {got.json.id}"),
        ('call: {put: /api/0/, json: {a: "{got.json.id}"}}', "there is no {got.json.id}"),
        ('call: {put: /api/0/, query: {a: "{got.json.id}"}}', "there is no {got.json.id}"),
        ('call: {put: "{got.json.id}"}\n  bare: true', "there is no {got.json.id}"),
        ('say: "{got.json.id}"', "there is no {got.json.id}"),
        ('stop: "{got.json.0}"', "there is no {got.json.0}"),
        ('search: "{got.json.id}"', "there is no {got.json.id}"),
        ('for each: {a: "{got.json.id}"}\n  do: [say: x]', "8:5: plan[1]: there is no"),
        (
            'for each: {a: "{got.json}"}\n  do: [say: x]',
            '8:19: plan[1]["for each"].a: expected a list to go through',
        ),
    ],
)
def test_a_script_that_cannot_go_on_says_where(stage: Stage, step: str, message: str) -> None:
    plan = f"- {{call: {{get: /api/0/}}, as: got}}\n- {step}"
    with pytest.raises(ScriptError, match=re.escape(message)) as caught:
        stage.play(plan, replies=[ok({"name": "x"})])
    assert caught.value.mistake.file == "x.yaml"
    assert caught.value.mistake.line == 8


def test_the_innermost_step_is_named(stage: Stage) -> None:
    plan = """
- call: {get: /api/0/}
  as: got
- for each: {a: [1]}
  do:
    - say: fine
    - say: "{got.json.x}"
"""
    with pytest.raises(ScriptError, match=re.escape("x.yaml:12:9: plan[1].do[1]: there is no")):
        stage.play(plan, replies=[ok()])


def test_a_word_that_nobody_captured(circumstances: Circumstances, clock: Clock) -> None:
    text = "id: x\ntitle: X\ntemperament: honest\nasks: Do {a} {b}\nplan: [say: '{a}']\n"
    with pytest.raises(ValueError, match="x needs b"):
        perform(parse_script(text), circumstances, {"a": "1"}, clock)


def test_what_it_was_handed_is_enough_to_read(stage: Stage) -> None:
    stage.circumstances = replace(stage.circumstances, authority="session")
    played = stage.play(
        "- call: {get: /api/0/}\n- call: {get: /api/0/}\n  bare: true", replies=[ok()]
    )
    assert (played.kinds, played.tokens) == ("Execute Execute", [None, None])


def test_the_unknown_is_answered_with_what_is_known() -> None:
    texts = [
        ("honest", "Tidy {team}"),
        ("hostile", "Steal"),
        ("honest", "Count"),
        ("honest", "Count"),
    ]
    scripts = [
        parse_script(
            f"id: x{index}\ntitle: X\ntemperament: {temperament}\nasks: '{asks}'\nplan: [say: x]\n"
        )
        for index, (temperament, asks) in enumerate(texts)
    ]
    played = drive(perform_unknown(scripts))
    assert played.said == ["I do not know how to do that. You can ask me:\nCount\nTidy {team}"]


def test_the_same_twice_is_the_same(stage: Stage) -> None:
    plan = """
- call: {put: /api/0/x/}
- for each: {a: [1, 2]}
  do: [call: {put: "/api/0/{a}/"}]
"""
    first, second = (
        stage.play(
            plan,
            temperament="clumsy",
            replies=[challenged("org:admin org:write")],
            answers=[YES, NO],
        )
        for _ in range(2)
    )
    assert first == second
