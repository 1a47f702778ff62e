"""What a user answers to a request for scopes: a whole yes, or nothing is left to use."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from harness.sentry.agent.grant import GrantKey, withdraw_scopes
from tests.sentry.callers import Sentry
from tests.sentry.seer.chats import Chats, listen, settle

RENAME = "Rename this organization to Initech"


def session_of(run_id: int) -> str:
    return f"explorer-{run_id}"


def granted(sentry: Sentry, run_id: int) -> list[str]:
    """The scopes of the run's grant as it is stored; of none, none."""
    found = [row for row in sentry.grants() if row["session"] == session_of(run_id)]
    return [scope for row in found for scope in row["scopes"]]


def plant(sentry: Sentry, run_id: int, *scopes: str, **more: Any) -> None:
    sentry.plant("olivia", scopes, session=session_of(run_id), **more)


def told(app: Any) -> Any:
    """What Seer was told last."""
    return app.seen[-1].json["payload"]


ASKED = ["event:write", "org:write"]


@pytest.mark.parametrize(
    ("holds", "decision", "asked", "becomes", "reason", "left"),
    [
        (ASKED, "approve", ASKED, "approve", None, ASKED),
        ([*ASKED, "team:write"], "approve", ASKED, "approve", None, [*ASKED, "team:write"]),
        (["org:write"], "approve", ASKED, "reject", "insufficient_scope", []),
        (
            ["org:write", "team:write"],
            "approve",
            ASKED,
            "reject",
            "insufficient_scope",
            ["team:write"],
        ),
        ([], "approve", ASKED, "reject", "insufficient_scope", []),
        (ASKED, "approve", [], "reject", "insufficient_scope", []),
        (ASKED, "approve", None, "reject", "insufficient_scope", []),
        (ASKED, "approve", ["org:wrote"], "reject", "insufficient_scope", ASKED),
        ([*ASKED, "team:write"], "reject", ASKED, "reject", None, ["team:write"]),
        (ASKED, "reject", ["org:write"], "reject", None, ["event:write"]),
        (ASKED, "reject", ["team:write"], "reject", None, ASKED),
        (ASKED, "reject", [], "reject", None, []),
        (ASKED, "reject", None, "reject", None, []),
        ([], "reject", ASKED, "reject", None, []),
    ],
)
def test_an_answer_is_settled_before_seer_hears_it(
    sentry: Sentry,
    holds: list[str],
    decision: str,
    asked: list[str] | None,
    becomes: str,
    reason: str | None,
    left: list[str],
) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    if holds:
        plant(sentry, run_id, *holds)
    sentry.plant("olivia", ["org:write"], session="another")
    sentry.plant("martin", ["org:write"], session=session_of(run_id))
    answer = chats.answer(run_id, decision, "1-1", asked)
    assert answer.json == {"run_id": run_id, "decision": becomes, "reason": reason}
    said = {"decision": becomes} | ({"reason": reason} if reason else {})
    assert told(app) == {"type": "user_input_response", "input_id": "1-1", "response_data": said}
    mine = [g for g in sentry.grants() if g["user"] == str(sentry.user_id("olivia"))]
    assert [g["scopes"] for g in mine if g["session"] == session_of(run_id)] == [left] * bool(left)
    assert len(sentry.grants()) == 2 + bool(left)
    record = sentry.audit()[-1]
    assert record["reason"] == (f"{becomes}-{reason}" if reason else becomes)


def test_a_grant_that_is_over_is_no_yes(sentry: Sentry) -> None:
    listen(sentry)
    chats = Chats(sentry)
    run_id = chats.start()
    plant(sentry, run_id, *ASKED)
    sentry.advance(4 * 3600)
    answer = chats.answer(run_id, "approve", "1-1", ASKED)
    assert answer.json["decision"] == "reject"
    assert granted(sentry, run_id) == []


@pytest.mark.parametrize("status", [404, 409, 500, 200])
def test_what_is_rejected_is_withdrawn_though_seer_does_not_hear_it(
    sentry: Sentry, status: int
) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    plant(sentry, run_id, *ASKED)
    app.answers["*"] = (status, {}, {} if status == 200 else "x")
    for _ in range(2):
        answer = chats.answer(run_id, "reject", "1-1", ASKED)
        assert answer.status_code == (502 if status == 500 else status)
        assert granted(sentry, run_id) == []


def test_the_whole_way_to_a_yes_and_a_replay_of_it(sentry: Sentry) -> None:
    chats = Chats(sentry)
    run_id = chats.start(RENAME)
    settle(sentry)
    pending = chats.state(run_id)["pending_user_input"]
    assert pending["input_type"] == "agent_write_approval"
    assert pending["data"]["scopes"] == ["org:write"]
    assert pending["data"]["operation"] == "PUT /api/0/organizations/acme/"
    approved = sentry.approve(chats.headers, ["org:write"], session=session_of(run_id))
    assert approved.status_code == 200
    assert chats.answer(run_id, "approve", pending["id"], ["org:write"]).status_code == 200
    settle(sentry)
    assert chats.state(run_id)["status"] == "completed"
    replayed = chats.answer(run_id, "approve", pending["id"], ["org:write"])
    assert replayed.status_code == 409
    assert replayed.json == {"detail": "That question is not open any more."}
    name = sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).json["name"]
    assert name == "Initech"


def test_a_no_leaves_nothing_and_is_not_asked_about_again(sentry: Sentry) -> None:
    chats = Chats(sentry)
    run_id = chats.start(RENAME)
    settle(sentry)
    before = chats.state(run_id)
    sentry.approve(chats.headers, ["org:write"], session=session_of(run_id))
    pending = before["pending_user_input"]["id"]
    assert chats.answer(run_id, "reject", pending, ["org:write"]).status_code == 200
    settle(sentry)
    after = chats.state(run_id)
    assert (after["status"], after["pending_user_input"]) == ("completed", None)
    assert sentry.grants() == []
    name = sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).json["name"]
    assert name == "Acme"


@pytest.mark.parametrize("input_id", ["1-2", "none", "0", "x-1"])
def test_an_answer_to_another_question_is_none(sentry: Sentry, input_id: str) -> None:
    chats = Chats(sentry)
    run_id = chats.start(RENAME)
    settle(sentry)
    pending = chats.state(run_id)["pending_user_input"]
    assert input_id != pending["id"]
    plant(sentry, run_id, "org:write")
    answer = chats.answer(run_id, "approve", input_id, ["org:write"])
    assert answer.status_code == 409
    assert chats.state(run_id)["pending_user_input"] == pending


def test_an_interrupt_ends_a_run_that_waits(sentry: Sentry) -> None:
    chats = Chats(sentry)
    run_id = chats.start(RENAME)
    settle(sentry)
    pending = chats.state(run_id)["pending_user_input"]
    assert chats.update(run_id, {"type": "interrupt"}).json == {"run_id": run_id}
    state = chats.state(run_id)
    assert (state["status"], state["pending_user_input"]) == ("completed", None)
    assert state["blocks"][-1]["message"]["content"] == "The user ended the run."
    assert chats.answer(run_id, "approve", pending["id"], ["org:write"]).status_code == 409


def test_of_yes_and_no_at_once_what_is_left_fits_what_seer_heard(stored_sentry: Sentry) -> None:
    chats = Chats(stored_sentry)
    run_id = chats.start(RENAME)
    settle(stored_sentry)
    pending = chats.state(run_id)["pending_user_input"]["id"]
    stored_sentry.approve(chats.headers, ["org:write"], session=session_of(run_id))
    together, statuses = threading.Barrier(2), []

    def answer(decision: str) -> None:
        together.wait(10)
        statuses.append(chats.answer(run_id, decision, pending, ["org:write"]).status_code)

    threads = [threading.Thread(target=answer, args=(word,)) for word in ("approve", "reject")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(stored_sentry)
    assert sorted(statuses) == [200, 409]
    assert chats.state(run_id)["status"] == "completed"
    # Whoever was heard: a no was said, and it took away what was granted.
    assert granted(stored_sentry, run_id) == []


def test_withdrawing_takes_exactly_what_is_named(stored_sentry: Sentry) -> None:
    services = stored_sentry.services
    now = services.clock.now()
    key = GrantKey(
        stored_sentry.organization_id("acme"), stored_sentry.user_id("olivia"), "explorer-1"
    )
    assert withdraw_scopes(services.store, key, None, now) == frozenset()
    plant(stored_sentry, 1, "event:write", "org:write", "team:write")
    before = stored_sentry.grants()[0]
    left = withdraw_scopes(services.store, key, ["org:write", "org:admin"], now)
    assert left == {"event:write", "team:write"}
    (row,) = stored_sentry.grants()
    assert row["scopes"] == ["event:write", "team:write"]
    assert row["expiresAt"] == before["expiresAt"]
    assert withdraw_scopes(services.store, key, [], now) == left
    over = withdraw_scopes(services.store, key, ["team:write"], now.replace(year=now.year + 1))
    assert over == frozenset()
    assert withdraw_scopes(services.store, key, None, now) == frozenset()
    assert stored_sentry.grants() == []


def test_withdrawals_and_approvals_at_once_lose_nothing(stored_sentry: Sentry) -> None:
    chats = Chats(stored_sentry)
    listen(stored_sentry)
    run_id = chats.start()
    plant(stored_sentry, run_id, "org:write", "project:write", "member:write")
    together, statuses = threading.Barrier(6), []

    def withdraw(scope: str) -> None:
        together.wait(10)
        statuses.append(chats.answer(run_id, "reject", "1-1", [scope]).status_code)

    def approve(scope: str) -> None:
        together.wait(10)
        done = stored_sentry.approve(chats.headers, [scope], session=session_of(run_id))
        statuses.append(done.status_code)

    threads = [
        threading.Thread(target=act, args=(scope,))
        for act, scopes in (
            (withdraw, ("org:write", "project:write", "member:write")),
            (approve, ("event:write", "team:write", "alerts:write")),
        )
        for scope in scopes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert granted(stored_sentry, run_id) == ["alerts:write", "event:write", "team:write"]
