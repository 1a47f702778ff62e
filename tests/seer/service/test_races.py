"""Two things at the same moment: one of them comes first, and the run stays whole."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from harness.seer.agent.actions import Action, Ask, Execute, Say
from tests.seer.service.conftest import MakeHouse
from tests.seer.service.house import READ, RENAME, Agent, House, Stepped, acting, at_once

ASK = Ask(("org:write",), RENAME)
ROUNDS = 15


def asked(house: House, run_id: int) -> str:
    """A run that waits for its user; the question's id."""
    house.agents["go"] = acting(ASK, Say("done"))
    house.chat(run_id, "go")
    house.settle()
    pending: str = house.pending(run_id)["id"]
    return pending


def last_words(house: House, run_id: int) -> list[str]:
    return [b["message"]["content"] for b in house.state(run_id)["blocks"]]


def test_of_two_answers_at_once_one_is_taken(house: House) -> None:
    for run_id in range(1, ROUNDS):
        pending = asked(house, run_id)
        came = at_once(
            lambda: house.answer(run_id, "approve", pending).status_code,  # noqa: B023
            lambda: house.answer(run_id, "reject", pending).status_code,  # noqa: B023
        )
        house.settle()
        assert sorted(came) == [200, 409]
        decided = [text for text in last_words(house, run_id) if text.endswith(": org:write")]
        assert decided == ["approved: org:write" if came[0] == 200 else "rejected: org:write"]
        assert house.said(run_id)[-1] == "done"
        assert house.state(run_id)["status"] == "completed"


def test_an_answer_and_an_interrupt_at_once(house: House) -> None:
    for run_id in range(1, ROUNDS):
        pending = asked(house, run_id)
        answered, interrupted = at_once(
            lambda: house.answer(run_id, "approve", pending).status_code,  # noqa: B023
            lambda: house.interrupt(run_id).status_code,  # noqa: B023
        )
        house.settle()
        state = house.state(run_id)
        assert interrupted == 200
        assert (state["status"], state["pending_user_input"]) == ("completed", None)
        if answered == 409:
            assert house.said(run_id)[-1] == "The user ended the run."
        else:
            assert house.said(run_id)[-1] in ("done", "The user ended the run.")


def test_a_message_and_an_answer_at_once(house: House) -> None:
    for run_id in range(1, ROUNDS):
        pending = asked(house, run_id)
        answered, went_on = at_once(
            lambda: house.answer(run_id, "approve", pending).status_code,  # noqa: B023
            lambda: house.chat(run_id, "Hello").status_code,  # noqa: B023
        )
        house.settle()
        assert (answered, went_on) in ((200, 409), (409, 200), (200, 200))
        state = house.state(run_id)
        assert (state["status"], state["pending_user_input"]) == ("completed", None)


def test_of_two_first_messages_at_once_one_begins(house: House) -> None:
    agent = Stepped([])
    house.agents["go"] = agent
    for run_id in range(1, ROUNDS):
        came = at_once(*[lambda: house.chat(run_id, "go").status_code] * 3)  # noqa: B023
        assert sorted(came) == [200, 409, 409]
        agent.reach()
        agent.let()
        house.settle()
        assert len(house.state(run_id)["blocks"]) == 1


def test_states_that_are_read_while_agents_work_are_whole(house: House) -> None:
    over = threading.Event()
    work_done: list[Action] = [Say("x"), Execute(READ)]
    house.agents["go"] = acting(*work_done * 60, ASK)

    def read() -> None:
        seen = 0
        while not over.is_set():
            state = house.state(1)
            if state is None:
                continue
            assert [b["id"] for b in state["blocks"]] == [
                f"1-{n}" for n in range(1, len(state["blocks"]) + 1)
            ]
            assert len(state["blocks"]) >= seen
            assert bool(state["pending_user_input"]) == (state["status"] == "awaiting_user_input")
            seen = len(state["blocks"])

    def work() -> None:
        try:
            house.chat(1, "go")
            house.settle()
        finally:
            over.set()

    at_once(read, read, work)
    assert len(house.state(1)["blocks"]) == 122


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_reset_ends_agents_at_work_and_in_the_queue(make_house: MakeHouse, end: str) -> None:
    house = make_house(workers=2)
    agents = [Stepped([Say("one"), Say("two")]) for _ in range(6)]
    for number, agent in enumerate(agents, 1):
        house.agents[f"go {number}"] = agent
        house.chat(number, f"go {number}")
    for agent in agents[:2]:
        agent.reach()
    ending = threading.Thread(target=house.app.extensions[end])
    ending.start()
    while house.state(1) is not None:
        pass
    # Nobody begins while the others are waited for.
    assert house.chat(9).status_code == 200
    assert house.said(9) == ["The agent stopped: Seer was being closed."]
    assert house.state(9)["status"] == "error"
    for agent in agents[:2]:
        agent.let()
    ending.join(20)
    assert not ending.is_alive()
    assert all(agent.closed.is_set() for agent in agents[:2])
    house.settle(0.01)
    house.chat(1)
    house.settle()
    assert house.state(1)["status"] == "completed"


def test_after_closing_no_thread_is_left(make_house: MakeHouse) -> None:
    before = set(threading.enumerate())
    house = make_house()
    for run_id in range(1, 12):
        house.chat(run_id)
    house.settle()
    assert set(threading.enumerate()) - before
    house.close()
    assert set(threading.enumerate()) <= before
    house.close()


def test_resets_at_once_do_not_wait_for_each_other(house: House) -> None:
    house.agents["go"] = acting(*[Say("x")] * 200)
    house.chat(1, "go")
    at_once(*[house.app.extensions["reset"]] * 4)
    assert house.state(1) is None
    house.settle(0.01)


def test_an_agent_is_let_go_when_its_run_is_over(house: House) -> None:
    class Big:
        pass

    kept: list[weakref.ref[Big]] = []

    def act() -> Agent:
        big = Big()
        kept.append(weakref.ref(big))
        yield ASK
        del big

    house.agents["go"] = act
    house.chat(1, "go")
    house.settle()
    house.interrupt(1)
    house.chat(2, "go")
    house.settle()
    house.chat(2, "Hello")
    house.settle()
    gc.collect()
    assert [one() for one in kept] == [None, None]
