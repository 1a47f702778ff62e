"""Who can act, and what the names of a scenario stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "agent", "service", "holder", "anonymous", "attacker", "operator"]

BUILT_IN: dict[str, ActorKind] = {
    "agent": "agent",
    "service": "service",
    "anonymous": "anonymous",
    "attacker": "attacker",
    "operator": "operator",
}
"""Actors that need no cast. A `holder` is whoever holds a token of the cast."""

HOLDERS = ("organization tokens", "integration tokens", "user tokens")

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "organizations": ("slug", "id", "number", "name"),
    "users": ("name", "id", "number", "email"),
    "teams": ("slug", "id", "number"),
    "projects": ("slug", "id", "number"),
    "issues": ("short_id", "id", "number"),
}
"""What `{name.attribute}` may ask, by kind of name; `{name}` alone is the first.

An `id` is a text, as in most JSON; `number` is the same as a number.
"""


@dataclass(frozen=True)
class Actor:
    """Somebody who does a step."""

    name: str
    kind: ActorKind

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class WorldNames:
    """The names that a scenario may use because its world has them."""

    users: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()

    def of(self, kind: str) -> frozenset[str]:
        """The names of one kind; none for kinds that a world does not name."""
        names: frozenset[str] = getattr(self, kind, frozenset())
        return names
