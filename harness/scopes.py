"""Scopes, roles and what they give, read once from `fixtures/roles.yaml`.

Pure functions over frozen sets. The file is read when something is first asked,
so that importing this costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

#: What an agent token may carry without a grant.
READ_ONLY: frozenset[str]
#: Every scope there is, those that no role holds included.
ALL_SCOPES: frozenset[str]
#: Those that no role holds.
TOKEN_ONLY: frozenset[str]
#: The ids of the organization roles, lowest first.
ROLES: tuple[str, ...]
#: The ids of the team roles, lowest first.
TEAM_ROLES: tuple[str, ...]

_CONSTANTS = ("READ_ONLY", "ALL_SCOPES", "TOKEN_ONLY", "ROLES", "TEAM_ROLES")


def __getattr__(name: str) -> Any:
    if name not in _CONSTANTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_facts(), name.lower())
    globals()[name] = value
    return value


def role_scopes(role: str) -> frozenset[str]:
    """What the organization role gives. Raises ValueError for an unknown role."""
    return _lookup(_facts().role_scopes, role, "role")


def team_role_scopes(role: str) -> frozenset[str]:
    """What the team role gives on the team's projects. Raises ValueError for an unknown role."""
    return _lookup(_facts().team_role_scopes, role, "team role")


def is_global_role(role: str) -> bool:
    """Whether the organization role sees every project. Raises ValueError for an unknown role."""
    _lookup(_facts().role_scopes, role, "role")
    return role in _facts().global_roles


def role_name(role: str) -> str:
    """The role's name for people. Raises ValueError for an unknown role."""
    _lookup(_facts().role_scopes, role, "role")
    return _facts().names[role]


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """`scopes` and all that they imply; an unknown scope implies nothing and stays."""
    hierarchy = _facts().hierarchy
    return frozenset(
        word for scope in scopes for word in (scope, *hierarchy.get(scope, frozenset()))
    )


@dataclass(frozen=True)
class _Facts:
    read_only: frozenset[str]
    all_scopes: frozenset[str]
    token_only: frozenset[str]
    roles: tuple[str, ...]
    team_roles: tuple[str, ...]
    role_scopes: Mapping[str, frozenset[str]]
    team_role_scopes: Mapping[str, frozenset[str]]
    global_roles: frozenset[str]
    names: Mapping[str, str]
    hierarchy: Mapping[str, frozenset[str]]


@cache
def _facts() -> _Facts:
    from harness.resources import read_facts

    data = read_facts("roles.yaml")
    roles = {role["id"]: frozenset(role["scopes"]) for role in data["roles"]}
    team_roles = {role["id"]: frozenset(role["scopes"]) for role in data["team_roles"]}
    token_only = frozenset(data["token_only"])
    return _Facts(
        read_only=frozenset(data["read_only"]),
        all_scopes=token_only.union(*roles.values(), *team_roles.values()),
        token_only=token_only,
        roles=tuple(roles),
        team_roles=tuple(team_roles),
        role_scopes=roles,
        team_role_scopes=team_roles,
        global_roles=frozenset(role["id"] for role in data["roles"] if role["global"]),
        names={role["id"]: role["name"] for role in data["roles"]},
        hierarchy={scope: frozenset(words) for scope, words in data["hierarchy"].items()},
    )


def _lookup(table: Mapping[str, frozenset[str]], word: str, what: str) -> frozenset[str]:
    try:
        return table[word]
    except KeyError:
        raise ValueError(f"unknown {what} {word!r}; there are {', '.join(table)}") from None
