"""The names that texts of a plan may have in braces, as far as a file tells them."""

from __future__ import annotations

from typing import Final

from harness.document import suggest

#: What every agent knows of its run, and of its token.
BUILT_IN: Final = ("organization", "organization.id", "user.id", "session", "query", "token")
#: What there is to a result, by the action that `as` stands beside.
RESULTS: Final[dict[str, tuple[str, ...]]] = {
    "call": ("status", "json", "refusal"),
    "mint": ("status", "json", "refusal"),
    "search": ("operations",),
    "ask": ("approved", "reason"),
}
_DEEP: Final = ("json", "operations")
_ROOTS: Final = frozenset(name.split(".")[0] for name in BUILT_IN)


class Names:
    """The names known at one place of a plan."""

    def __init__(self, captured: list[str]) -> None:
        self._captured = dict.fromkeys(captured)
        self._loops: list[str] = []
        self._saved: dict[str, dict[str, None]] = {}

    def save(self, name: str, action: str) -> None:
        """From here on there is what came of the action."""
        self._saved.setdefault(name, {}).update(dict.fromkeys(RESULTS[action]))

    def open_loop(self, name: str) -> None:
        """From here on `name` is one of a list."""
        self._loops.append(name)

    def close_loop(self) -> None:
        """The last loop name that was opened is no longer there."""
        self._loops.pop()

    def fault_of_new(self, name: str, *, saved: bool) -> str:
        """Why `name` cannot be given to something; empty if it can.

        Results may be `saved` under a name twice: the last one counts.
        """
        taken = name in _ROOTS or name in self._captured or name in self._loops
        if taken or (not saved and name in self._saved):
            return f"the name {name!r} is taken"
        return ""

    def fault_of(self, name: str) -> str:
        """Why `{name}` is nothing here; empty if it may be something."""
        root, *parts = name.split(".")
        if name in BUILT_IN or root in self._loops:
            return ""
        if root in self._captured:
            return f"{{{root}}} is one word and has no parts" if parts else ""
        if root in self._saved:
            return self._fault_of_result(root, parts)
        near = suggest(root, [*self._captured, *self._loops, *self._saved])
        if parts and "did you mean" in near:
            return f"unknown name {{{root}}}{near}"
        known = [*BUILT_IN, *self._captured, *self._loops]
        known += [f"{saved}.{part}" for saved, shape in self._saved.items() for part in shape]
        return f"unknown name {{{name}}}{suggest(name, known)}"

    def _fault_of_result(self, root: str, parts: list[str]) -> str:
        shape = self._saved[root]
        if not parts:
            return f"{{{root}}} is a result; say which part of it{suggest('', shape)}"
        part, *further = parts
        if part not in shape:
            return f"unknown part {part!r} of {{{root}}}{suggest(part, shape)}"
        if further and part not in _DEEP:
            return f"{{{root}.{part}}} has no parts"
        return ""
