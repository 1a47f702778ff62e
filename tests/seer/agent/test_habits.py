"""What each habit makes of the loop."""

from __future__ import annotations

import pytest
from faker import Faker

from harness.clock import Clock
from harness.seer.agent.actions import Answer, Circumstances, Reply, Request
from harness.seer.agent.asking import writing_scopes
from harness.seer.agent.habits import CLUMSY_HABITS, MISLED_HABITS, Habit
from harness.seer.agent.loop import Loop
from tests.seer.driver import (
    NO,
    PLAIN,
    UNAUTHORIZED,
    YES,
    Played,
    challenged,
    drive,
    minted,
    ok,
)

WANTED = "org:admin org:write"


class Clumsy:
    """An agent with a habit, from call to call."""

    def __init__(self, circumstances: Circumstances, clock: Clock, path: str) -> None:
        self._circumstances, self._clock = circumstances, clock
        self._request = Request("PUT", path)
        self.loop = Loop(circumstances, clock)

    def with_habit(self, habit: Habit) -> Clumsy:
        self.loop = Loop(self._circumstances, self._clock, [habit])
        return self

    def call(
        self,
        *replies: Reply,
        mints: list[Reply] | None = None,
        answers: tuple[Answer, ...] = (),
        most: int = 60,
    ) -> Played:
        work = self.loop.call(self._request)
        return drive(work, replies=replies, mints=mints, answers=answers, most=most)


@pytest.fixture
def clumsy(circumstances: Circumstances, clock: Clock, fake: Faker) -> Clumsy:
    return Clumsy(circumstances, clock, f"/api/0/{fake.word()}/")


def test_every_habit_belongs_to_one_temperament() -> None:
    assert set(Habit) == CLUMSY_HABITS | MISLED_HABITS
    assert not CLUMSY_HABITS & MISLED_HABITS


def test_retries_without_asking(clumsy: Clumsy) -> None:
    played = clumsy.with_habit(Habit.RETRIES_WITHOUT_ASKING).call(challenged(WANTED))
    assert played.kinds == "Mint" + 6 * " Execute"
    assert set(played.tokens) == {"t1"}
    assert "it needs org:admin or org:write" in played.result.refusal


def test_retries_without_asking_until_it_works(clumsy: Clumsy) -> None:
    played = clumsy.with_habit(Habit.RETRIES_WITHOUT_ASKING).call(
        challenged(WANTED), challenged(WANTED), ok()
    )
    assert (len(played.tokens), played.result) == (3, ok())


def test_asks_for_too_much(clumsy: Clumsy) -> None:
    played = clumsy.with_habit(Habit.ASKS_FOR_TOO_MUCH).call(
        challenged("event:read made:up org:admin"),
        ok(),
        mints=[minted("t1"), minted("t2", "org:admin")],
        answers=(YES,),
    )
    assert played.asked == [tuple(sorted({"event:read", "made:up", *writing_scopes()}))]
    assert played.result.ok


def test_asks_for_too_much_and_gets_other_things(clumsy: Clumsy) -> None:
    played = clumsy.with_habit(Habit.ASKS_FOR_TOO_MUCH).call(
        challenged("org:admin"), mints=[minted("t1"), minted("t2", "org:write")], answers=(YES,)
    )
    assert "the new token does not carry it" in played.result.refusal


def test_keeps_old_token(clumsy: Clumsy) -> None:
    played = clumsy.with_habit(Habit.KEEPS_OLD_TOKEN).call(challenged(WANTED), answers=(YES,))
    assert played.kinds == "Mint Execute Ask Execute"
    assert played.tokens == ["t1", "t1"]
    assert played.result.refusal


def test_ignores_expiry(clumsy: Clumsy, clock: Clock) -> None:
    clumsy.with_habit(Habit.IGNORES_EXPIRY).call(ok())
    clock.advance(3600)
    played = clumsy.call(UNAUTHORIZED)
    assert (played.kinds, set(played.tokens)) == ("Execute Execute Execute Execute", {"t1"})
    assert played.result.refusal


@pytest.mark.parametrize("last", [ok(), PLAIN, Reply(302), Reply(500)])
def test_ignores_expiry_until_there_is_another_answer(clumsy: Clumsy, last: Reply) -> None:
    played = clumsy.with_habit(Habit.IGNORES_EXPIRY).call(UNAUTHORIZED, last)
    assert played.kinds == "Mint Execute Execute"
    assert played.result.status == last.status


def test_follows_stale_links(clumsy: Clumsy) -> None:
    clumsy.with_habit(Habit.FOLLOWS_STALE_LINKS)
    mints = [minted("t1"), minted("t2", "team:write")]
    first = clumsy.call(challenged("team:admin team:write"), ok(), mints=mints, answers=(YES,))
    assert (first.asked, first.result) == ([("team:write",)], ok())
    for _ in range(4):
        played = clumsy.call(challenged(WANTED), mints=mints[1:], answers=(YES,))
        assert played.asked == [("team:write",)]
        assert played.kinds == "Execute Ask Mint Execute"
        assert played.result.refusal


def test_follows_a_stale_link_that_was_rejected(clumsy: Clumsy) -> None:
    clumsy.with_habit(Habit.FOLLOWS_STALE_LINKS).call(challenged("team:write"), answers=(NO,))
    assert clumsy.call(challenged(WANTED), answers=(NO,)).asked == [("team:write",)]


def test_follows_the_first_link_of_all(clumsy: Clumsy) -> None:
    clumsy.with_habit(Habit.FOLLOWS_STALE_LINKS)
    for scope in ("alerts:write", "team:write"):
        drive(clumsy.loop.ask([scope], Request("GET", "/api/0/")), answers=[NO])
    assert clumsy.call(challenged(WANTED), answers=(NO,)).asked == [("alerts:write",)]


def test_asks_again_after_a_no(clumsy: Clumsy) -> None:
    clumsy.with_habit(Habit.ASKS_AGAIN_AFTER_A_NO)
    played = clumsy.call(challenged(WANTED), answers=(NO,), most=30)
    assert played.stopped
    assert played.kinds == "Mint Execute" + 28 * " Ask"
    assert set(played.asked) == {("org:write",)}
    # A call after that, too: neither the no nor the number of requests is minded.
    assert clumsy.call(challenged(WANTED), answers=(NO,), most=9).kinds == "Execute" + 8 * " Ask"


def test_asks_again_until_a_yes(clumsy: Clumsy) -> None:
    played = clumsy.with_habit(Habit.ASKS_AGAIN_AFTER_A_NO).call(
        challenged(WANTED),
        ok(),
        mints=[minted("t1"), minted("t2", "org:write")],
        answers=(NO, NO, YES),
    )
    assert (len(played.asked), played.result) == (3, ok())


def test_mints_for_every_call(clumsy: Clumsy) -> None:
    clumsy.with_habit(Habit.MINTS_FOR_EVERY_CALL)
    mints = [minted("t1"), minted("t2"), minted("t3")]
    kinds = [clumsy.call(ok(), mints=[mint]).kinds for mint in mints]
    assert kinds == ["Mint Execute"] * 3


@pytest.mark.parametrize("habit", sorted(CLUMSY_HABITS))
def test_none_of_them_makes_anything_of_a_plain_denial(clumsy: Clumsy, habit: Habit) -> None:
    played = clumsy.with_habit(habit).call(PLAIN)
    assert played.kinds == "Mint Execute"
    assert played.result.refusal
