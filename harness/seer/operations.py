"""`sentry_api_search`: operations of the API by words of their paths and methods."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from harness.resources import read_facts
from harness.seer.agent.actions import Found, Operation

#: Operations that a search gives at most.
MOST: Final = 10

_WORD = re.compile(r"[a-z]+")
# What people call a method, and what they call things that a path calls otherwise.
_METHOD_WORDS: Final = {
    "GET": frozenset({"get", "read", "list", "show", "find", "look"}),
    "POST": frozenset({"post", "create", "add", "new", "invite", "write"}),
    "PUT": frozenset({"put", "update", "change", "rename", "edit", "set", "resolve"}),
    "DELETE": frozenset({"delete", "remove", "drop"}),
}
_DEMANDS: Final = frozenset({"open", "account", "basic", "first-party"})


def search(query: str) -> Found:
    """The operations that share the most words with `query`, best first."""
    wanted = {_singular(word) for word in _WORD.findall(query.lower())}
    scored = [
        (score, operation)
        for operation in list_operations()
        if (score := _score(operation, wanted)) > 0
    ]
    # Of two that fit alike the shorter path, then the alphabet.
    scored.sort(key=lambda pair: (-pair[0], len(pair[1].path), pair[1].path, pair[1].method))
    return Found(tuple(operation for _, operation in scored[:MOST]))


@cache
def list_operations() -> tuple[Operation, ...]:
    """Every operation that scopes open, in the order of the catalogue."""
    found = []
    for path, methods in read_facts("operations.yaml").items():
        for method, demand in methods.items():
            words = str(demand).split()
            if words[0] not in _DEMANDS:
                found.append(Operation(method, f"/api/0{path}", tuple(words)))
    return tuple(found)


def _score(operation: Operation, wanted: set[str]) -> int:
    words = {_singular(word) for word in _WORD.findall(operation.path)} - {"api"}
    named = len(words & wanted)
    if not named:
        return 0
    return 2 * named + (not wanted.isdisjoint(_METHOD_WORDS.get(operation.method, ())))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
