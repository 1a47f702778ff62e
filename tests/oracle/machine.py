"""Deeds in any order, as hypothesis chooses and shrinks them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, TypeVar, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.oracle.flow import DELETE_TEAM, ERRANDS, DisagreementError, Flow, Hand
from tests.oracle.server import Server

#: An owner of both, a manager and a member of Acme, a member of both.
USERS: Final = ("olivia", "mia", "martin", "bo")
ROLES: Final = ("member", "admin", "manager", "owner")
SESSIONS: Final = ("s1", "s2")
#: One that only owners hold, one of managers, one of admins, one of everybody.
SCOPES: Final = ("org:admin", "org:write", "project:write", "event:write", "team:admin")

users = st.sampled_from(USERS)
organizations = st.sampled_from(("acme", "globex"))
sessions = st.sampled_from(SESSIONS)
scopes = st.lists(st.sampled_from(SCOPES), min_size=1, max_size=3, unique=True)
requests = st.none() | st.lists(st.sampled_from((*SCOPES, "org:read")), unique=True)
errands = st.sampled_from(ERRANDS)
# Which of the tokens so far; the newest is the simplest.
turns = st.integers(0, 7)
# Around the ends of a token and of a grant, and a while.
spans = st.sampled_from((1, 299, 300, 3600, 4 * 3600 - 1, 4 * 3600))


class NothingToChooseError(LookupError):
    """A deed needs a token or a grant, and there is none; hypothesis never asks for that."""


_Rule = TypeVar("_Rule", bound=Callable[..., None])


def deed(rule: _Rule) -> _Rule:
    """Remembers that a rule was played, and with what."""

    @wraps(rule)
    def play(self: Machine, **chosen: Any) -> None:
        self.played.append((rule.__name__, chosen))
        rule(self, **chosen)

    return cast("_Rule", play)


class Machine(RuleBasedStateMachine):
    """One flow. Each rule is a deed; a rule that cannot be played now plays nothing."""

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.flow = Flow(self.server)
        self.played: list[tuple[str, dict[str, Any]]] = []

    def _token(self, turn: int) -> Hand:
        tokens = self.flow.tokens
        if not tokens:
            raise NothingToChooseError
        return self.flow.agent(tokens[-1 - turn % len(tokens)])

    def _grant(self, turn: int) -> tuple[str, str, str]:
        grants = self.flow.grants()
        if not grants:
            raise NothingToChooseError
        return grants[turn % len(grants)]

    def _signed_in(self, user: str) -> bool:
        if not self.flow.has_session(user) and user not in self.flow.facts.inactive:
            self.flow.sign_in(user)
        return self.flow.has_session(user)

    @rule(user=users, organization=organizations, session=sessions, requested=requests)
    @deed
    def mint(self, user: str, organization: str, session: str, requested: list[str] | None) -> None:
        self.flow.mint(self.flow.own(user), organization, session, requested)

    @rule(user=users, organization=organizations, session=sessions)
    @deed
    def mint_for_the_service(self, user: str, organization: str, session: str) -> None:
        self.flow.mint(self.flow.viewer(user, organization), organization, session, None)

    @precondition(lambda self: self.flow.tokens)
    @rule(turn=turns, organization=organizations, session=sessions)
    @deed
    def mint_with_a_token(self, turn: int, organization: str, session: str) -> None:
        self.flow.mint(self._token(turn), organization, session, None)

    @rule(user=users, organization=organizations, session=sessions, scopes=scopes)
    @deed
    def approve(self, user: str, organization: str, session: str, scopes: list[str]) -> None:
        if self._signed_in(user):
            self.flow.approve(self.flow.session(user), organization, session, scopes)

    @precondition(lambda self: self.flow.grants())
    @rule(turn=turns, change=st.sampled_from(("none", "organization", "user", "session")))
    @deed
    def mint_near_a_grant(self, turn: int, change: str) -> None:
        """For exactly what was approved, or for something that differs in one thing."""
        organization, user, session = self._grant(turn)
        if change == "organization":
            organization = "globex" if organization == "acme" else "acme"
        elif change == "user":
            user = USERS[USERS.index(user) - 1]
        elif change == "session":
            session = SESSIONS[SESSIONS.index(session) - 1]
        self.flow.mint(self.flow.own(user), organization, session, None)

    @precondition(lambda self: self.flow.grants())
    @rule(turn=turns, scopes=scopes)
    @deed
    def approve_again(self, turn: int, scopes: list[str]) -> None:
        organization, user, session = self._grant(turn)
        self.flow.approve(self.flow.session(user), organization, session, scopes)

    @rule(user=users, organization=organizations, session=sessions)
    @deed
    def approve_without_csrf(self, user: str, organization: str, session: str) -> None:
        if self._signed_in(user):
            hand = self.flow.session(user, csrf=False)
            self.flow.approve(hand, organization, session, ["event:write"])

    @rule(user=users, organization=organizations, session=sessions, way=st.integers(0, 2))
    @deed
    def approve_by_another_way(self, user: str, organization: str, session: str, way: int) -> None:
        hand = self.flow.own(user)
        if way == 1:
            hand = self.flow.viewer(user, organization)
        elif way == 2 and self.flow.tokens and self._signed_in(user):
            hand = self.flow.beside(self.flow.tokens[-1], user)
        self.flow.approve(hand, organization, session, ["event:write"])

    @precondition(lambda self: self.flow.tokens)
    @rule(turn=turns, errand=errands, organization=organizations, by_id=st.booleans())
    @deed
    def act(self, turn: int, errand: Any, organization: str, by_id: bool) -> None:
        self.flow.call(self._token(turn), errand, organization, by_id=by_id)

    @precondition(lambda self: self.flow.tokens)
    @rule(turn=turns, errand=errands)
    @deed
    def act_at_home(self, turn: int, errand: Any) -> None:
        hand = self._token(turn)
        self.flow.call(hand, errand, hand.shown.bound or "acme")

    @precondition(lambda self: self.flow.tokens)
    @rule(turn=turns)
    @deed
    def delete_a_team(self, turn: int) -> None:
        hand = self._token(turn)
        self.flow.call(hand, DELETE_TEAM, hand.shown.bound or "acme")

    @rule(user=users, errand=errands, organization=organizations, in_person=st.booleans())
    @deed
    def act_oneself(self, user: str, errand: Any, organization: str, in_person: bool) -> None:
        hand = self.flow.own(user)
        if in_person and self._signed_in(user):
            hand = self.flow.session(user)
        self.flow.call(hand, errand, organization)

    @rule(user=users)
    @deed
    def sign_in_again(self, user: str) -> None:
        if self.flow.has_session(user) and user not in self.flow.facts.inactive:
            self.flow.sign_in(user)

    @rule(user=users)
    @deed
    def sign_out(self, user: str) -> None:
        if self.flow.has_session(user):
            self.flow.sign_out(user)

    @rule(seconds=spans)
    @deed
    def wait(self, seconds: int) -> None:
        self.flow.advance(seconds)

    @rule(user=users, organization=organizations, role=st.sampled_from(ROLES))
    @deed
    def change_role(self, user: str, organization: str, role: str) -> None:
        if (user, organization) in self.flow.facts.members:
            self.flow.change_role(user, organization, role)

    @rule(user=users, organization=organizations)
    @deed
    def remove(self, user: str, organization: str) -> None:
        if (user, organization) in self.flow.facts.members:
            self.flow.remove(user, organization)

    @rule(user=users)
    @deed
    def switch_user(self, user: str) -> None:
        self.flow.set_active(user, user in self.flow.facts.inactive)

    @rule(organization=organizations)
    @deed
    def switch_flow(self, organization: str) -> None:
        self.flow.set_flow(organization, organization not in self.flow.facts.flows)

    @precondition(lambda self: self.flow.grants())
    @rule(turn=turns)
    @deed
    def expire_grant(self, turn: int) -> None:
        organization, user, session = self._grant(turn)
        self.flow.expire_grant(user, organization, session)


def find_disagreement(
    weaknesses: Iterable[str] = (), *, examples: int, steps: int
) -> DisagreementError | None:
    """The shortest flow found in which the server does not do what the oracle says."""
    server = Server(weaknesses=weaknesses)
    last: list[Machine] = []

    class Tried(Machine):
        def __init__(self) -> None:
            self.server = server
            super().__init__()
            last[:] = [self]

    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        # A weakened server must be found every time; a sound one is tried anew each time.
        derandomize="CI" in os.environ or bool(weaknesses),
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(Tried, settings=wanted)
    except DisagreementError as found:
        return _trim(Tried, last[0].played, found)
    finally:
        server.close()
    return None


def _trim(
    machine: type[Machine], played: list[tuple[str, dict[str, Any]]], found: DisagreementError
) -> DisagreementError:
    """The flow without the deeds that it does as well without."""
    for index in reversed(range(len(played) - 1)):
        shorter = played[:index] + played[index + 1 :]
        again = machine()
        try:
            for name, chosen in shorter:
                getattr(again, name)(**chosen)
        except DisagreementError as still:
            played, found = shorter, still
        except NothingToChooseError:
            continue
    return found
