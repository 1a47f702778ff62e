"""Roles and operations, as the fixtures state them, read by the oracle for itself."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from harness.resources import locate


@cache
def _read(name: str) -> Any:
    return yaml.safe_load((locate("fixtures") / name).read_text("utf-8"))


@cache
def demands() -> dict[str, dict[str, str]]:
    """{path below /api/0: {method: what it demands}}."""
    read: dict[str, dict[str, str]] = _read("operations.yaml")
    return read


def operations() -> list[tuple[str, str]]:
    """(method, path) of every operation in the catalogue."""
    return [(method, path) for path, methods in demands().items() for method in methods]


@cache
def _scopes(kind: str) -> dict[str, frozenset[str]]:
    return {role["id"]: frozenset(role["scopes"]) for role in _read("roles.yaml")[kind]}


def role_scopes(role: str | None) -> frozenset[str]:
    """What an organization role holds; None holds nothing."""
    return frozenset() if role is None else _scopes("roles")[role]


def team_role_scopes(role: str) -> frozenset[str]:
    """What a role in a team holds on that team and its projects."""
    return _scopes("team_roles")[role]


@cache
def read_only() -> frozenset[str]:
    """What an agent's token carries without a grant."""
    return frozenset(_read("roles.yaml")["read_only"])


@cache
def global_roles() -> frozenset[str]:
    """The roles that see every project and team."""
    return frozenset(role["id"] for role in _read("roles.yaml")["roles"] if role["global"])


def rank(role: str | None) -> int:
    """The height of an organization role; none is below the lowest."""
    return -1 if role is None else [*_scopes("roles")].index(role)
