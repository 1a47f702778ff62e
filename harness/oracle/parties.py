"""Who calls, where, on what, and what is answered: all that the oracle is told, and tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: Where an agent token is treated otherwise than a user token with the same scopes, and why.
AGENT_EXCEPTIONS: Final[Mapping[str, str]] = {
    "own-organization": "It acts in the organization that its user let it into, and in no other.",
    "flow-switched-off": "Where the flow is off, or its user no member, its tokens are dead.",
    "account": "It acts in an organization; its user's account is not for it.",
    "minting": "An agent that mints could live for ever.",
    "sudo": "Deleting a team asks for a password that only the user can type.",
    "leaving": "Leaving an organization is the user's own decision.",
}


class Kind(StrEnum):
    """What a caller shows."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    SESSION = "session"
    USER_TOKEN = "user_token"  # noqa: S105
    ORGANIZATION_TOKEN = "organization_token"  # noqa: S105
    INTEGRATION_TOKEN = "integration_token"  # noqa: S105
    AGENT_TOKEN = "agent_token"  # noqa: S105
    VIEWER_CONTEXT = "viewer_context"


class Outcome(StrEnum):
    """How a call is answered."""

    ALLOWED = "allowed"
    CHALLENGED = "challenged"
    DENIED = "denied"
    HIDDEN = "hidden"
    UNAUTHENTICATED = "unauthenticated"
    NO_METHOD = "no method"


@dataclass(frozen=True)
class Verdict:
    """`scopes`: those that a challenge names. `exception`: the key of AGENT_EXCEPTIONS at work."""

    outcome: Outcome
    scopes: frozenset[str] = frozenset()
    exception: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return " ".join([self.outcome, *sorted(self.scopes)])


ALLOWED: Final = Verdict(Outcome.ALLOWED)
DENIED: Final = Verdict(Outcome.DENIED)
HIDDEN: Final = Verdict(Outcome.HIDDEN)
UNAUTHENTICATED: Final = Verdict(Outcome.UNAUTHENTICATED)


@dataclass(frozen=True)
class Place:
    """An organization, and the place of the caller's user in it.

    `role`: None for no member. `team_roles`: {team: role in it}. `flow`: whether the
    agent flow is switched on; `explorer`: whether conversations with Seer are.
    """

    organization: str
    exists: bool = True
    role: str | None = None
    team_roles: Mapping[str, str] = field(default_factory=dict)
    open_membership: bool = False
    flow: bool = True
    explorer: bool = True


@dataclass(frozen=True)
class Caller:
    """A credential, and what is so of it and of its user now.

    `scopes`: what it carries; None where it caps nothing. `bound`: the one organization
    that it opens. `home`: the user's place in that, for an agent token. `good`: it is
    genuine and in time. `active`: the user's account is on. `csrf`: a session's write
    brings its CSRF token. `sudo`: the session's password was typed not long ago.
    """

    kind: Kind
    scopes: frozenset[str] | None = None
    bound: str | None = None
    home: Place | None = None
    good: bool = True
    active: bool = True
    csrf: bool = True
    sudo: bool = True

    @property
    def is_token(self) -> bool:
        return self.scopes is not None


@dataclass(frozen=True)
class Target:
    """What a call is about, below its organization; what does not matter is left out.

    `kind`: what the path names first: "project" (an issue is judged as its project),
    "team", "release", "event", or what nothing but its existence is judged of. `teams`:
    those that it belongs to. `exists`: in this organization. `other_team`: a team that
    the path names beside a project. `own`: it is the caller's (a comment, a membership,
    an account, a conversation). `member_role`: of the member that the path names.
    `harmless`: a change that reading suffices for. `empty`: a project with no events.
    `last_owner`: the member is the only owner.
    """

    kind: str = ""
    teams: frozenset[str] = frozenset()
    exists: bool = True
    other_team: str | None = None
    own: bool = True
    member_role: str = "member"
    harmless: bool = False
    empty: bool = False
    last_owner: bool = False
