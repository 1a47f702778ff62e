"""The loop of an honest agent, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from faker import Faker

from harness.clock import Clock
from harness.seer.agent.actions import Answer, Ask, Circumstances, Mint, Reply, Request
from harness.seer.agent.asking import read_manners
from harness.seer.agent.loop import Loop
from tests.seer.driver import (
    EXPIRES,
    NO,
    PLAIN,
    UNAUTHORIZED,
    YES,
    Played,
    at,
    challenged,
    drive,
    minted,
    ok,
)

WANTED = "org:admin org:write"


@pytest.fixture
def loop(circumstances: Circumstances, clock: Clock) -> Loop:
    return Loop(circumstances, clock)


@pytest.fixture
def write(fake: Faker) -> Request:
    return Request("PUT", f"/api/0/organizations/{fake.domain_word()}/", body={"name": fake.word()})


def call(loop: Loop, request: Request, *replies: Reply, **rest: Any) -> Played:
    return drive(loop.call(request), replies=replies, **rest)


# Minting


def test_a_token_is_minted_before_the_first_call_and_kept(loop: Loop, write: Request) -> None:
    played = call(loop, write, ok({"a": 1}))
    assert played.kinds == "Mint Execute"
    assert played.of(Mint) == [Mint(None)]
    assert (played.tokens, played.result) == (["t1"], ok({"a": 1}))
    again = call(loop, write, ok())
    assert (again.kinds, again.tokens) == ("Execute", ["t1"])


@pytest.mark.parametrize(("minutes", "tokens"), [(4.99, ["t1"]), (5, ["t2"]), (6, ["t2"])])
def test_a_token_at_its_end_is_minted_anew(
    loop: Loop, clock: Clock, write: Request, minutes: float, tokens: list[str]
) -> None:
    mints = [minted("t1"), minted("t2", expires=at(60))]
    first = call(loop, write, ok(), mints=mints[:1])
    assert first.tokens == ["t1"]
    clock.set(at(minutes))
    assert call(loop, write, ok(), mints=mints[1:]).tokens == tokens


@pytest.mark.parametrize("expires", [None, EXPIRES.replace(tzinfo=None)])
def test_a_token_of_unknown_end_is_used_until_it_is_refused(
    loop: Loop, clock: Clock, write: Request, expires: Any
) -> None:
    call(loop, write, ok(), mints=[minted("t1", expires=expires)])
    clock.advance(3600)
    assert call(loop, write, ok()).tokens == ["t1"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Reply(404), "there is no such organization, or agent tokens are switched off in it"),
        (Reply(403), "Sentry gives this run none"),
        (Reply(401), "Sentry does not know the user for whom it is"),
        (Reply(503), "Sentry has no secret to sign it with"),
        (Reply(500), "Sentry answered 500"),
        (ok({"token": "", "scopes": []}), "the answer holds none"),
        (ok({"token": "t"}), "the answer holds none"),
        (ok("t"), "the answer holds none"),
    ],
)
def test_without_a_token_nothing_is_called(
    loop: Loop, write: Request, answer: Reply, why: str
) -> None:
    played = call(loop, write, mints=[answer])
    assert played.kinds == "Mint"
    refusal = f"There is no agent token to work with: {why}."
    assert played.result == replace(answer, refusal=refusal)


def test_what_the_driver_says_of_a_mint_stays(loop: Loop, write: Request) -> None:
    answer = Reply(0, refusal="No more tokens in this run.")
    assert call(loop, write, mints=[answer]).result == answer


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_what_was_handed_over_serves_only_where_the_flow_is_off(
    circumstances: Circumstances, clock: Clock, write: Request, fake: Faker, status: int
) -> None:
    loop = Loop(replace(circumstances, credential=fake.sha256()), clock)
    played = call(loop, write, mints=[Reply(status)])
    assert played.kinds == "Mint"
    assert played.result.refusal


# 401


@pytest.fixture
def patient(circumstances: Circumstances, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Loop:
    """One that tries twice again."""
    manners = replace(read_manners(), retries=2)
    monkeypatch.setattr("harness.seer.agent.loop.read_manners", lambda: manners)
    return Loop(circumstances, clock)


@pytest.mark.parametrize("last", [ok(), PLAIN, Reply(302), Reply(500)])
def test_after_a_401_it_is_tried_until_there_is_another_answer(
    patient: Loop, write: Request, last: Reply
) -> None:
    played = call(patient, write, UNAUTHORIZED, last)
    assert played.tokens == ["t1", "t2"]
    assert played.result.status == last.status


def test_after_a_401_it_is_tried_as_often_as_is_good_manners(patient: Loop, write: Request) -> None:
    assert call(patient, write, UNAUTHORIZED).tokens == ["t1", "t2", "t3"]


@pytest.mark.parametrize("denied", [UNAUTHORIZED, PLAIN])
def test_after_an_approval_it_is_tried_as_often_as_is_good_manners(
    patient: Loop, write: Request, denied: Reply
) -> None:
    mints = [minted("t1"), minted("t2", "org:write"), minted("t3", "org:write")]
    played = call(patient, write, challenged(WANTED), denied, mints=mints, answers=[YES])
    assert played.tokens == ["t1", "t2", "t3"]
    assert "refused again" in played.result.refusal


def test_a_refused_token_is_minted_anew_once(loop: Loop, write: Request) -> None:
    played = call(loop, write, UNAUTHORIZED, ok())
    assert played.kinds == "Mint Execute Mint Execute"
    assert (played.tokens, played.result) == (["t1", "t2"], ok())


def test_a_second_401_is_final(loop: Loop, write: Request) -> None:
    played = call(loop, write, UNAUTHORIZED)
    assert played.tokens == ["t1", "t2"]
    assert (played.result.status, played.result.body) == (401, UNAUTHORIZED.body)
    assert "does not accept" in played.result.refusal


def test_a_401_whose_mint_fails_keeps_its_answer(loop: Loop, write: Request) -> None:
    played = call(loop, write, UNAUTHORIZED, mints=[minted("t1"), Reply(503)])
    assert played.kinds == "Mint Execute Mint"
    assert played.result.status == 401
    assert "no secret" in played.result.refusal


def test_a_challenge_after_a_401_is_followed(loop: Loop, write: Request) -> None:
    played = call(
        loop,
        write,
        UNAUTHORIZED,
        challenged(WANTED),
        ok(),
        mints=[minted("t1"), minted("t2"), minted("t3", "org:write")],
        answers=[YES],
    )
    assert played.kinds == "Mint Execute Mint Execute Ask Mint Execute"
    assert played.result.ok


# 403


def test_a_challenge_is_asked_minted_and_tried_again(loop: Loop, write: Request) -> None:
    played = call(
        loop,
        write,
        challenged(WANTED),
        ok({"name": "x"}),
        mints=[minted("t1"), minted("t2", "org:write")],
        answers=[YES],
    )
    assert played.kinds == "Mint Execute Ask Mint Execute"
    assert played.of(Ask) == [Ask(("org:write",), write)]
    # All that was approved so far: a request for some would drop the rest.
    assert played.of(Mint)[1].requested is None
    assert (played.tokens, played.result) == (["t1", "t2"], ok({"name": "x"}))


def test_a_plain_403_is_final_and_nothing_is_asked(loop: Loop, write: Request) -> None:
    played = call(loop, write, PLAIN)
    assert played.kinds == "Mint Execute"
    assert (played.result.status, played.result.body) == (403, PLAIN.body)
    assert played.result.refusal == (
        f"I could not do {write}: Sentry denies it, and no approval would change that."
    )


@pytest.mark.parametrize("scope", ["org:admin", "member:admin org:admin", "org:ci", "org:read", ""])
def test_what_may_not_be_asked_for_is_refused(loop: Loop, write: Request, scope: str) -> None:
    played = call(loop, write, challenged(scope))
    assert played.kinds == "Mint Execute"
    assert played.result.status == 403
    assert "for which an agent may not ask" in played.result.refusal
    assert (" or ".join(scope.split()) or "not said") in played.result.refusal


def test_a_rejection_is_final(loop: Loop, write: Request) -> None:
    played = call(loop, write, challenged(WANTED), answers=[Answer(False, "expired")])
    assert played.kinds == "Mint Execute Ask"
    assert played.result.refusal == (
        f"I could not do {write}: the user did not approve org:write (expired)."
    )


def test_what_was_rejected_is_not_asked_again(loop: Loop, write: Request, fake: Faker) -> None:
    call(loop, write, challenged(WANTED), answers=[NO])
    other = Request("DELETE", f"/api/0/{fake.word()}/")
    played = call(loop, other, challenged("org:write"))
    assert played.kinds == "Execute"
    assert "has not approved org:write before" in played.result.refusal
    # Another scope is another question.
    assert call(loop, other, challenged("team:write"), answers=[NO]).asked == [("team:write",)]


def test_what_was_rejected_is_not_traded_for_more(loop: Loop, write: Request) -> None:
    call(loop, write, challenged("event:write"), answers=[NO])
    assert call(loop, write, challenged("event:admin event:write")).asked == []


def test_an_approval_that_does_not_reach_the_token_is_no_reason_to_retry(
    loop: Loop, write: Request
) -> None:
    mints = [minted("t1"), minted("t2", "team:write")]
    played = call(loop, write, challenged(WANTED), mints=mints, answers=[YES])
    assert played.kinds == "Mint Execute Ask Mint"
    assert "org:write was approved, but the new token does not carry it" in played.result.refusal
    # Nor to ask again: what the user may not give, no second approval gives.
    assert call(loop, write, challenged(WANTED)).asked == []


@pytest.mark.parametrize("last", [challenged(WANTED), PLAIN, UNAUTHORIZED])
def test_a_denied_retry_is_final(loop: Loop, write: Request, last: Reply) -> None:
    mints = [minted("t1"), minted("t2", "org:write")]
    played = call(loop, write, challenged(WANTED), last, mints=mints, answers=[YES])
    assert played.kinds == "Mint Execute Ask Mint Execute"
    assert played.result.status == last.status
    assert "refused again after org:write had been approved" in played.result.refusal


def test_a_retry_that_fails_otherwise_is_no_refusal(loop: Loop, write: Request) -> None:
    mints = [minted("t1"), minted("t2", "org:write")]
    played = call(loop, write, challenged(WANTED), Reply(400), mints=mints, answers=[YES])
    assert played.result == Reply(400)


def test_a_mint_that_fails_after_an_approval_is_a_refusal(loop: Loop, write: Request) -> None:
    mints = [minted("t1"), Reply(404)]
    played = call(loop, write, challenged(WANTED), mints=mints, answers=[YES])
    assert played.kinds == "Mint Execute Ask Mint"
    assert played.result.status == 403
    assert "switched off" in played.result.refusal


def test_three_times_in_a_run_is_often_enough(loop: Loop, fake: Faker) -> None:
    wanted = ["org:write", "team:write", "event:write", "project:write"]
    asked = []
    for number, scope in enumerate(wanted):
        request = Request("PUT", f"/api/0/{fake.word()}/{number}/")
        carried = wanted[: number + 1]
        played = call(
            loop, request, challenged(scope), ok(), mints=[minted("t", *carried)], answers=[YES]
        )
        asked += played.asked
        assert played.result.ok is (number < 3)
    assert asked == [("org:write",), ("team:write",), ("event:write",)]
    assert "the user was asked 3 times already" in played.result.refusal


def test_more_often_than_that_is_often_enough_too(loop: Loop, write: Request) -> None:
    for _ in range(4):
        drive(loop.ask(["team:write"], write), answers=[YES])
    assert call(loop, write, challenged("org:write")).asked == []


def test_what_the_driver_refuses_is_final(loop: Loop, write: Request) -> None:
    fenced = replace(challenged(WANTED), status=0, refusal="That is another host.")
    played = call(loop, write, fenced)
    assert (played.kinds, played.result) == ("Mint Execute", fenced)


def test_what_the_driver_refuses_is_final_though_it_looks_like_a_challenge(
    loop: Loop, write: Request
) -> None:
    fenced = replace(challenged(WANTED), refusal="Too many calls.")
    played = call(loop, write, fenced)
    assert (played.kinds, played.result) == ("Mint Execute", fenced)


@pytest.mark.parametrize("status", [0, 200, 204, 400, 404, 409, 429, 500, 502])
def test_other_answers_are_for_the_plan(loop: Loop, write: Request, status: int) -> None:
    played = call(loop, write, Reply(status))
    assert (played.kinds, played.result) == ("Mint Execute", Reply(status))


# Other authority


@pytest.mark.parametrize("reply", [ok(), UNAUTHORIZED, PLAIN, challenged(WANTED)])
def test_what_a_run_was_handed_is_used_as_it_is(
    circumstances: Circumstances, clock: Clock, write: Request, reply: Reply
) -> None:
    loop = Loop(replace(circumstances, authority="session"), clock)
    played = call(loop, write, reply)
    assert (played.kinds, played.tokens) == ("Execute", [None])
    assert bool(played.result.refusal) is not reply.ok
    if reply == challenged(WANTED):
        assert "only has what it was handed" in played.result.refusal


def test_a_token_that_such_a_run_should_not_have_is_not_used(
    circumstances: Circumstances, clock: Clock, write: Request
) -> None:
    loop = Loop(replace(circumstances, authority="session"), clock)
    drive(loop.mint())
    assert call(loop, write, ok()).tokens == [None]


# Bare calls


def test_a_bare_call_is_one_call(loop: Loop, write: Request) -> None:
    played = drive(loop.call_bare(write), replies=[challenged(WANTED)])
    assert (played.kinds, played.tokens) == ("Mint Execute", ["t1"])
    assert "it needs org:admin or org:write" in played.result.refusal
    assert drive(loop.call_bare(write), replies=[UNAUTHORIZED]).kinds == "Execute"


def test_a_bare_call_does_not_look_at_the_clock(loop: Loop, clock: Clock, write: Request) -> None:
    drive(loop.call_bare(write), replies=[ok()])
    clock.advance(3600)
    assert drive(loop.call_bare(write), replies=[ok()]).tokens == ["t1"]


def test_a_bare_call_that_gets_no_token_is_not_sent(loop: Loop, write: Request) -> None:
    assert drive(loop.call_bare(write), mints=[Reply(404)]).kinds == "Mint"


def test_no_token_is_shown_by_what_is_printed(loop: Loop, write: Request) -> None:
    played = call(loop, write, ok(), mints=[minted("sntryag_secret")])
    assert "sntryag_secret" not in f"{loop.held!r} {played.actions!r}"
