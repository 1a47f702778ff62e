"""Runs: what is read while an agent works, how each ends, and many at once."""

from __future__ import annotations

import pytest
from faker import Faker

from harness.seer.agent.actions import Answer, Ask, Execute, Mint, Request, Say, Search
from tests.seer.service.conftest import MakeHouse
from tests.seer.service.house import READ, RENAME, Agent, House, Stepped, acting, at_once

WRITE = ("org:write",)


def test_a_run_is_read_step_by_step_while_it_works(house: House, fake: Faker) -> None:
    said = [fake.sentence(), fake.sentence()]
    agent = Stepped([Say(said[0]), Execute(READ), Say(said[1])])
    house.agents["go"] = agent
    assert house.chat(5, "go").get_json() == {"run_id": 5}
    agent.reach()
    first = house.state(5)
    assert (first["run_id"], first["status"]) == (5, "processing")
    assert [block["message"]["role"] for block in first["blocks"]] == ["user"]
    assert house.chat(5, "go").status_code == 409
    agent.step()
    assert house.said(5) == said[:1]
    agent.step()
    state = house.state(5)
    call = {
        "function": "sentry_api_execute",
        "arguments": "GET /api/0/organizations/acme/",
        "outcome": "200",
    }
    assert state["blocks"][-1]["message"] == {
        "role": "tool_use",
        "content": "",
        "tool_calls": [call],
    }
    assert state["status"] == "processing"
    assert first["blocks"] == state["blocks"][:1]
    agent.step()
    agent.let()
    house.settle()
    state = house.state(5)
    assert (state["status"], state["pending_user_input"]) == ("completed", None)
    assert house.said(5) == said
    assert [block["id"] for block in state["blocks"]] == ["5-1", "5-2", "5-3", "5-4"]


def test_a_question_waits_for_its_answer(house: House) -> None:
    agent = Stepped([Ask(WRITE, RENAME), Say("thanks")])
    house.agents["go"] = agent
    house.chat(5, "go")
    agent.reach()
    agent.let()
    house.settle()
    pending = house.pending(5)
    link = (
        "http://sentry.test/organizations/acme/agent/approve/?session=explorer-5&scopes=org%3Awrite"
    )
    assert pending == {
        "id": "5-1",
        "input_type": "agent_write_approval",
        "data": {"scopes": ["org:write"], "operation": str(RENAME), "link": link},
    }
    assert house.state(5)["status"] == "awaiting_user_input"
    assert house.answer(5, "approve", "5-2").status_code == 409
    assert house.answer(5, "approve").get_json() == {"run_id": 5}
    agent.reach()
    assert agent.results == [Answer(approved=True)]
    assert house.state(5)["status"] == "processing"
    assert house.answer(5, "approve", "5-1").status_code == 409
    agent.step()
    agent.let()
    house.settle()
    assert [entry["name"] for entry in house.audit("answer")] == ["org:write"]


def test_a_reason_reaches_the_agent(house: House) -> None:
    agent = Stepped([Ask(WRITE, RENAME)])
    house.agents["go"] = agent
    house.chat(5, "go")
    agent.reach()
    agent.let()
    house.settle()
    house.answer(5, "reject", reason="insufficient_scope")
    agent.reach()
    agent.let()
    house.settle()
    assert agent.results == [Answer(approved=False, reason="insufficient_scope")]


def test_many_runs_at_once_each_end_and_do_not_mix(make_house: MakeHouse) -> None:
    house = make_house(workers=12)
    agents = {run_id: Stepped([Say(f"of {run_id}"), Mint()]) for run_id in range(1, 13)}
    house.agents |= {f"go {run_id}": agent for run_id, agent in agents.items()}
    owners = {run_id: (42, 100 + run_id) for run_id in agents}
    statuses = at_once(
        *(
            lambda run_id=run_id: (
                house.chat(run_id, f"go {run_id}", owner=owners[run_id]).status_code
            )
            for run_id in agents
        )
    )
    assert statuses == [200] * 12
    for agent in agents.values():
        agent.reach()
    assert {house.state(i, owners[i])["status"] for i in agents} == {"processing"}
    for agent in agents.values():
        agent.step()
    for agent in agents.values():
        agent.step()
        agent.let()
    house.settle()
    for run_id, owner in owners.items():
        state = house.state(run_id, owner)
        assert state["status"] == "completed"
        texts = [block["message"]["content"] for block in state["blocks"]]
        assert texts == [f"go {run_id}", f"of {run_id}"]
    sessions = sorted(seen.json["sessionId"] for seen in house.sentry.seen)
    assert sessions == sorted(f"explorer-{run_id}" for run_id in agents)
    for entry in house.audit("mint"):
        assert owners[int(entry["run"])][1] == int(entry["user"])


def test_who_comes_late_waits_for_a_turn(make_house: MakeHouse) -> None:
    house = make_house(workers=1)
    first, second = Stepped([]), Stepped([])
    house.agents |= {"first": first, "second": second}
    house.chat(1, "first")
    house.chat(2, "second")
    first.reach()
    assert house.state(2)["status"] == "processing"
    assert house.control("POST", "/settle/", {"timeout": 0.01}).status_code == 504
    first.let()
    second.reach()
    second.let()
    house.settle()


def raising(error: BaseException, *before: object) -> Agent:
    yield Say("so far")
    raise error


@pytest.mark.parametrize(
    "error", [ValueError("canary"), RecursionError("canary"), KeyError("canary"), StopIteration()]
)
def test_a_script_that_fails_ends_its_run_with_an_error(house: House, error: Exception) -> None:
    house.agents["go"] = lambda: raising(error)
    house.chat(1, "go")
    house.settle()
    state = house.state(1)
    assert (state["status"], state["pending_user_input"]) == ("error", None)
    assert house.said(1) == ["so far", "The agent stopped: its script failed."]
    kind = "RuntimeError" if isinstance(error, StopIteration) else type(error).__name__
    assert house.log() == [f"run.failed run=1 error={kind}"]
    told = f"{house.audit()}{house.log()}{state}"
    assert "canary" not in told
    assert house.audit("run")[0]["rule"] == "script-error"
    house.chat(1, "Hello again")
    house.settle()
    assert house.state(1)["status"] == "completed"


ODD: list[object] = [
    Execute(Request("GET", "/api/0/", body={1, 2})),
    Execute(Request(["GET"], "/api/0/")),  # type: ignore[arg-type]
    Execute(Request("GET", None)),  # type: ignore[arg-type]
    Ask(None, RENAME),  # type: ignore[arg-type]
    Say(None),  # type: ignore[arg-type]
    Search(7),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("action", ODD, ids=lambda action: str(action)[:40])
def test_an_action_that_is_none_ends_the_run_alone(house: House, action: object) -> None:
    house.agents["go"] = acting(action)  # type: ignore[arg-type]
    house.chat(1, "go")
    house.settle()
    assert house.state(1)["status"] == "error"
    house.chat(2)
    house.settle()
    assert house.state(2)["status"] == "completed"


def test_an_agent_without_an_end_is_ended(make_house: MakeHouse) -> None:
    house = make_house(actions=20)
    agent = Stepped([])

    def act() -> Agent:
        try:
            while True:
                yield Say("again")
        finally:
            agent.closed.set()

    house.agents["go"] = act
    house.chat(1, "go")
    house.settle()
    assert house.state(1)["status"] == "error"
    assert house.said(1) == ["again"] * 20 + ["The agent stopped: it did too much without an end."]
    assert agent.closed.is_set()
    assert house.audit("run")[0]["rule"] == "action-limit"


def test_an_interrupt_ends_a_run_after_its_next_action(house: House) -> None:
    agent = Stepped([Say("one"), Say("two"), Say("three")])
    house.agents["go"] = agent
    house.chat(1, "go")
    agent.reach()
    assert house.interrupt(1).get_json() == {"run_id": 1}
    assert house.state(1)["status"] == "processing"
    agent.let()
    house.settle()
    assert house.said(1) == ["one", "The user ended the run."]
    assert house.state(1)["status"] == "completed"
    assert agent.closed.is_set()
    assert house.interrupt(1).status_code == 200
    assert house.said(1) == ["one", "The user ended the run."]


def test_who_ended_a_run_is_not_asked_by_it(house: House) -> None:
    agent = Stepped([Ask(WRITE, RENAME)])
    house.agents["go"] = agent
    house.chat(1, "go")
    agent.reach()
    house.interrupt(1)
    agent.let()
    house.settle()
    state = house.state(1)
    assert (state["status"], state["pending_user_input"]) == ("completed", None)
    assert house.said(1) == ["The user ended the run."]
    assert agent.closed.is_set()
    assert house.audit("ask") == []


def test_a_message_takes_the_place_of_an_open_question(house: House) -> None:
    house.agents["go"] = acting(Ask(WRITE, RENAME))
    house.chat(1, "go")
    house.settle()
    house.chat(1, "go")
    house.settle()
    assert house.pending(1)["id"] == "1-2"
    assert house.answer(1, "approve", "1-1").status_code == 409


def test_a_user_is_asked_a_few_times_at_most(make_house: MakeHouse) -> None:
    house = make_house(asks=2)
    house.agents["go"] = acting(*(Ask((scope,), RENAME) for scope in ("a", "b", "c", "d")))
    house.chat(1, "go")
    house.settle()
    house.answer(1, "approve")
    house.settle()
    house.answer(1, "approve")
    house.settle()
    assert house.state(1)["status"] == "completed"
    rules = [(entry["name"], entry["rule"]) for entry in house.audit("ask")]
    assert rules == [("a", ""), ("b", ""), ("c", "ask-limit"), ("d", "ask-limit")]
    house.chat(1, "go")
    house.settle()
    assert house.pending(1)["id"] == "1-3"


def test_what_was_rejected_is_not_asked_again(house: House) -> None:
    house.agents["go"] = acting(Ask(WRITE, RENAME), Ask(WRITE, READ), Ask(("team:write",), READ))
    house.chat(1, "go")
    house.settle()
    house.answer(1, "reject")
    house.settle()
    assert house.pending(1)["data"]["scopes"] == ["team:write"]
    assert [entry["rule"] for entry in house.audit("ask")] == ["", "rejected-before", ""]


@pytest.mark.parametrize("scopes", [(), tuple(map(str, range(33)))])
def test_a_question_for_nothing_or_for_everything_is_not_put(
    house: House, scopes: tuple[str, ...]
) -> None:
    house.agents["go"] = acting(Ask(scopes, RENAME))
    house.chat(1, "go")
    house.settle()
    assert house.state(1)["status"] == "completed"
    assert [entry["rule"] for entry in house.audit("ask")] == ["ask-form"]


def test_a_run_that_is_over_makes_room_before_one_that_waits(make_house: MakeHouse) -> None:
    house = make_house(runs=3)
    working = Stepped([])
    house.agents |= {"ask": acting(Ask(WRITE, RENAME)), "work": working}
    house.chat(1, "ask")
    house.chat(2, "work")
    working.reach()
    house.chat(3)
    while house.state(3)["status"] == "processing" or not house.pending(1):
        pass
    house.chat(4, "ask")
    assert house.state(3) is None
    assert house.pending(1)["id"] == "1-1"
    while not house.pending(4):
        pass
    house.chat(5, "ask")
    assert house.state(1) is None
    assert house.state(2)["status"] == "processing"
    working.let()
    house.settle()
