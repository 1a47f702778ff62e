"""One call in one organization, and what the caller holds there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from harness.oracle.facts import global_roles, role_scopes, team_role_scopes
from harness.oracle.parties import Caller, Kind, Place, Target, Verdict

#: Credentials that no member stands behind.
MACHINES: Final = frozenset({Kind.ORGANIZATION_TOKEN, Kind.INTEGRATION_TOKEN})


@dataclass(frozen=True)
class Case:
    """`caller` in `place`, about `target`."""

    caller: Caller
    place: Place
    target: Target

    @property
    def is_machine(self) -> bool:
        return self.caller.kind in MACHINES

    def reaches(self, teams: Iterable[str]) -> bool:
        """Whether what belongs to `teams` can be seen; a machine has no role and sees all."""
        place = self.place
        everything = self.is_machine or place.role in global_roles() or place.open_membership
        return everything or not place.team_roles.keys().isdisjoint(teams)

    def held(self, teams: Iterable[str] = ()) -> frozenset[str]:
        """What the caller holds in the organization, and more on what belongs to `teams`."""
        if self.is_machine:
            return self.caller.scopes or frozenset()
        own = self.place.team_roles
        granted = (team_role_scopes(own[team]) for team in teams if team in own)
        return cap(self.caller, role_scopes(self.place.role).union(*granted))

    def unlike_user_token(self, verdict: Verdict, exception: str, unlike: bool = True) -> Verdict:
        """The verdict, put down to an exception where an agent alone meets it."""
        return set_apart(self.caller, verdict, exception, unlike)


def set_apart(caller: Caller, verdict: Verdict, exception: str, unlike: bool = True) -> Verdict:
    """The verdict, put down to an exception where an agent alone meets it."""
    if caller.kind is Kind.AGENT_TOKEN and unlike:
        return Verdict(verdict.outcome, verdict.scopes, exception)
    return verdict


def cap(caller: Caller, held: frozenset[str]) -> frozenset[str]:
    """What the credential leaves of what is held."""
    return held if caller.scopes is None else held & caller.scopes


def overlap(held: Iterable[str] | None, wanted: Iterable[str]) -> bool:
    """Whether one of `wanted` is held."""
    return not frozenset(held or ()).isdisjoint(wanted)
