"""The catalogue of operations: which paths there are, and what each method demands.

Read from `fixtures/operations.yaml`. The router is a tree of path segments, so
that neither start-up nor dispatch grows with the number of operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from harness.resources import read_facts

#: Instead of scopes: anybody may ask, signed in or not.
OPEN: Final = "open"
#: There is no scope map, so no token opens it; a user's session does. With scopes behind
#: it, a user token that holds one of them does too, and nobody is told which.
ACCOUNT: Final = "account"
#: Instead of scopes: a user name and a password, by HTTP Basic.
BASIC: Final = "basic"
#: Instead of scopes: a first-party session and nothing beside it.
FIRST_PARTY: Final = "first-party"

_WORDS = frozenset({OPEN, BASIC, ACCOUNT, FIRST_PARTY})


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an endpoint.

    `scopes`: any one of them suffices; empty for `open`, `basic` and `first-party`.
    """

    method: str
    template: str
    demand: str
    scopes: frozenset[str]

    @property
    def organization(self) -> bool:
        """Whether the path names an organization."""
        return "{organization_id_or_slug}" in self.template


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path and its methods."""

    template: str
    operations: Mapping[str, Operation]

    def find(self, method: str) -> Operation | None:
        """The operation of `method`; HEAD is answered by what GET does."""
        return self.operations.get("GET" if method == "HEAD" else method)


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: tuple[str, _Node] | None = None
    endpoint: Endpoint | None = None


class Catalogue:
    """Every endpoint, by path.

    `paths`: {path below /api/0: {method: "scope scope …" or one of the words}}.
    Raises ValueError where two paths differ only in a parameter's name.
    """

    def __init__(self, paths: Mapping[str, Mapping[str, str]]) -> None:
        self._root = _Node()
        self.endpoints: dict[str, Endpoint] = {}
        for template, methods in paths.items():
            operations = {
                method: _operation(method, template, str(demand))
                for method, demand in methods.items()
            }
            endpoint = Endpoint(template, operations)
            self.endpoints[template] = endpoint
            self._place(endpoint)

    def match(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint of `path` (below /api/0, from its first slash) and its parameters."""
        parameters: dict[str, str] = {}
        endpoint = _descend(self._root, path.split("/")[1:], 0, parameters)
        return None if endpoint is None else (endpoint, parameters)

    def _place(self, endpoint: Endpoint) -> None:
        node = self._root
        for segment in endpoint.template.split("/")[1:]:
            if segment.startswith("{"):
                name = segment[1:-1]
                if node.parameter is None:
                    node.parameter = (name, _Node())
                elif node.parameter[0] != name:
                    raise ValueError(f"{endpoint.template}: {node.parameter[0]} or {name}?")
                node = node.parameter[1]
            else:
                node = node.literals.setdefault(segment, _Node())
        node.endpoint = endpoint


def _descend(
    node: _Node, segments: list[str], at: int, parameters: dict[str, str]
) -> Endpoint | None:
    if at == len(segments):
        return node.endpoint
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _descend(literal, segments, at + 1, parameters)
        if found is not None:
            return found
    if node.parameter is not None and segment and segment.isprintable():
        name, child = node.parameter
        found = _descend(child, segments, at + 1, parameters)
        if found is not None:
            parameters[name] = segment
            return found
    return None


def _operation(method: str, template: str, demand: str) -> Operation:
    first, *rest = demand.split()
    if first in _WORDS:
        return Operation(method, template, first, frozenset(rest))
    return Operation(method, template, "scopes", frozenset((first, *rest)))


@cache
def read_catalogue() -> Catalogue:
    """The catalogue of the project's fixtures, read once in a process."""
    return Catalogue(read_facts("operations.yaml"))
