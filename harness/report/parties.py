"""Who takes part in a scenario: people, the agent, services; in which lane each of them stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.report.steps import find_event
from harness.scenario.names import BUILT_IN
from harness.scenario.result import Result

_SERVERS = {"sentry": "Sentry", "seer": "Seer", "mcp": "MCP server", "outside": "outside"}
# From left to right: people, then machines, then who answers.
_RANKS = (
    "operator",
    "user",
    "attacker",
    "anonymous",
    "holder",
    "agent",
    "service",
    "mcp",
    "seer",
    "server",
    "outside",
)
_ABOUT = {
    "operator": "sets the scene by the control API",
    "attacker": "holds only what the attack says",
    "anonymous": "nobody in particular",
    "agent": "the AI agent",
    "service": "the Seer service",
    "server": "the server under test",
    "seer": "the service whose agent acts",
    "mcp": "the server between an MCP client and Sentry",
    "outside": "a host that is none of these",
}
_STANDING_FOR_SEER = frozenset({"agent", "service"})


@dataclass(frozen=True)
class Party:
    """Somebody who acts or answers; `about` says in words who that is."""

    name: str
    kind: str
    about: str

    @property
    def rank(self) -> int:
        """The place from left to right among other kinds."""
        return _RANKS.index(self.kind)

    @property
    def stands_for_seer(self) -> bool:
        """Whether it is the agent, or the service whose agent it is, as a scenario plays them."""
        return self.kind in _STANDING_FOR_SEER


class Parties:
    """The parties of one scenario, by the names that its events have."""

    def __init__(self, result: Result) -> None:
        self._events = result.events
        #: Who plays whom.
        self.cast: Mapping[str, str] = find_event(result, "started").get("cast", {})

    def actor(self, name: str) -> Party:
        """Who acts; a name of the cast is never a service."""
        if name in _SERVERS and name not in self.cast:
            return self.server(name)
        played = self.cast.get(name, "")
        # Who plays a holder is shown like this.
        held = played.startswith("a token of ")
        kind = "holder" if held else BUILT_IN.get(name, "user")
        return Party(name, kind, played or _ABOUT.get(kind, kind))

    def server(self, name: str) -> Party:
        """Who answers."""
        kind = {"sentry": "server"}.get(name, name if name in _SERVERS else "outside")
        return Party(_SERVERS.get(name, name), kind, _ABOUT[kind])

    def acting(self) -> list[Party]:
        """Everybody who does a step or sends a request, from left to right."""
        names = [event["actor"] for event in self._events if event["kind"] in ("step", "exchange")]
        return in_order(map(self.actor, names))

    def answering(self) -> list[Party]:
        """Everybody who answers a request, from left to right."""
        names = [event["server"] for event in self._events if event["kind"] == "exchange"]
        return in_order(map(self.server, names))


def in_order(parties: Iterable[Party]) -> list[Party]:
    """Each party once, from left to right; those of one kind as they came."""
    return sorted(dict.fromkeys(parties), key=lambda party: party.rank)
