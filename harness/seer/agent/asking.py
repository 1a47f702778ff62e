"""What a well-behaved agent asks its user for: the least that would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from harness import scopes


@dataclass(frozen=True, slots=True)
class Manners:
    """The facts of `fixtures/agent.yaml`.

    `asks`: approvals asked for in one run. `retries`: how often one call is repeated with a
    token that was minted for it.
    """

    may_ask_for: frozenset[str]
    asks: int
    retries: int


@cache
def read_manners() -> Manners:
    """What `fixtures/agent.yaml` says."""
    from harness.resources import read_facts

    facts = read_facts("agent.yaml")
    return Manners(frozenset(facts["may ask for"]), int(facts["asks"]), int(facts["retries"]))


def least_scope(wanted: Iterable[str], allowed: frozenset[str]) -> str | None:
    """Of the `wanted` scopes that are `allowed`, the one that implies the fewest others.

    Of several the first by name; None where none is allowed. A larger scope would do as
    well, and open more.
    """
    return min(
        (scope for scope in wanted if scope in allowed),
        key=lambda scope: (len(scopes.expand([scope])), scope),
        default=None,
    )


def writing_scopes() -> frozenset[str]:
    """Every scope there is that an agent token carries only after an approval, or never."""
    return scopes.ALL_SCOPES - scopes.READ_ONLY
