"""How a call is answered: the order of the design, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.oracle.case import MACHINES, Case, cap, overlap, set_apart
from harness.oracle.facts import demands, read_only, role_scopes
from harness.oracle.parties import (
    ALLOWED,
    DENIED,
    HIDDEN,
    UNAUTHENTICATED,
    Caller,
    Kind,
    Outcome,
    Place,
    Target,
    Verdict,
)
from harness.oracle.rules import RULES

_NOTHING: Final = Target()
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LISTS: Final = frozenset({"/organizations/", "/projects/"})


def judge(
    method: str, template: str, caller: Caller, place: Place | None, target: Target = _NOTHING
) -> Verdict:
    """How `method` on the path `template` (below /api/0) is answered to `caller`.

    `place`: the organization that the path names, None where it names none. Raises
    KeyError for a path that is not in the catalogue.
    """
    demand = demands()[template].get(method)
    if demand == "first-party":
        return _approve(caller, place)
    if demand == "basic":
        return ALLOWED if caller.kind is Kind.PASSWORD and caller.good else UNAUTHENTICATED
    refused = _identify(caller, place, template)
    if refused is not None:
        return refused
    nobody = caller.kind is Kind.NONE or not (caller.good and caller.active)
    if caller.kind is Kind.SESSION and not nobody and method not in _SAFE and not caller.csrf:
        return DENIED
    if demand == "open":
        return _judge_open(method, template, caller, nobody)
    if nobody:
        return UNAUTHENTICATED
    if demand is None:
        return DENIED if caller.is_token else Verdict(Outcome.NO_METHOD)
    refused = _pass_gate(demand, template, caller, place)
    if refused is not None:
        return refused
    if place is None or "/seer/" in template:
        return _judge_own(place, target)
    wanted = frozenset(demand.split()) - {"account"}
    return _judge_place(method, template, wanted, Case(caller, place, target))


def mintable(
    caller: Caller, role: str, granted: Iterable[str], requested: Iterable[str] | None
) -> frozenset[str]:
    """The scopes of a token that `caller` mints; `granted` are those of the unexpired grant."""
    held = cap(caller, role_scopes(role)) & (read_only() | frozenset(granted))
    return held if requested is None else held & frozenset(requested)


def grantable(role: str, requested: Iterable[str]) -> frozenset[str]:
    """What a member with `role` may grant of `requested`; of nothing, nothing is stored."""
    return role_scopes(role) & frozenset(requested)


def _identify(caller: Caller, place: Place | None, template: str) -> Verdict | None:
    """What is said to a credential that is bad, or not for here; None lets it on."""
    if caller.kind is Kind.PASSWORD:
        return UNAUTHENTICATED
    if caller.is_token and not (caller.good and caller.active):
        return UNAUTHENTICATED
    if caller.kind is Kind.USER_TOKEN and caller.bound is not None:
        elsewhere = place is not None and place.organization != caller.bound
        if elsewhere or (place is None and template != "/organizations/"):
            return UNAUTHENTICATED
    if caller.kind is Kind.AGENT_TOKEN:
        home = caller.home
        if home is None or home.role is None or not home.flow:
            return set_apart(caller, UNAUTHENTICATED, "flow-switched-off")
    return None


def _judge_open(method: str, template: str, caller: Caller, nobody: bool) -> Verdict:
    if template != "/auth/":
        return ALLOWED
    in_person = caller.kind is Kind.SESSION and not nobody
    if method == "DELETE":
        return ALLOWED if in_person or nobody else DENIED
    if method == "PUT":
        return ALLOWED if in_person else UNAUTHENTICATED
    return UNAUTHENTICATED if nobody or caller.kind is Kind.ORGANIZATION_TOKEN else ALLOWED


def _approve(caller: Caller, place: Place | None) -> Verdict:
    """A user's own session approves, a member's, where the flow is switched on."""
    in_person = caller.kind is Kind.SESSION and caller.good and caller.active and caller.csrf
    if not in_person or place is None:
        return DENIED
    if not place.exists:
        return HIDDEN
    if place.role is None:
        return DENIED
    return ALLOWED if place.flow else HIDDEN


def _pass_gate(demand: str, template: str, caller: Caller, place: Place | None) -> Verdict | None:
    """What the scope gate says before anything is looked up; None lets the caller on."""
    word, *listed = demand.split()
    if word == "account":
        named = overlap(caller.scopes, listed)
        if caller.kind is Kind.SESSION or (caller.kind is Kind.USER_TOKEN and named):
            return None
        return set_apart(caller, DENIED, "account", named)
    if caller.kind is Kind.AGENT_TOKEN and place is None and template not in _LISTS:
        return set_apart(caller, DENIED, "account")
    wanted = frozenset((word, *listed))
    if caller.is_token and not overlap(caller.scopes, wanted):
        return Verdict(Outcome.CHALLENGED, wanted)
    return None


def _judge_own(place: Place | None, target: Target) -> Verdict:
    """What is a user's own; in an organization, their conversations with Seer."""
    if place is None:
        return ALLOWED if target.own else DENIED
    if not place.exists:
        return HIDDEN
    if place.role is None:
        return DENIED
    return ALLOWED if place.explorer and target.exists and target.own else HIDDEN


def _judge_place(method: str, template: str, wanted: frozenset[str], case: Case) -> Verdict:
    caller, place, target = case.caller, case.place, case.target
    if not place.exists:
        return HIDDEN
    if caller.bound is not None and caller.bound != place.organization:
        # A user whom the other organization does not know is refused there with any token.
        return set_apart(caller, DENIED, "own-organization", place.role is not None)
    if caller.kind not in MACHINES and place.role is None:
        return DENIED
    on = target.teams if target.kind in ("project", "team") else frozenset()
    if target.kind in ("project", "team"):
        if not target.exists:
            return HIDDEN
        if not case.reaches(on):
            return DENIED
    if wanted and not overlap(case.held(on), wanted):
        return DENIED
    unseen = target.kind in ("release", "event") and not case.reaches(target.teams)
    if unseen or not target.exists:
        return HIDDEN
    rule = RULES.get((method, template))
    return ALLOWED if rule is None else rule(case)
