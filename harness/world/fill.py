"""What a world leaves out, made up by Faker from a seed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any

# An error's type and what it says; {a} and {b} are made-up names in code.
_ERRORS = {
    "javascript": (
        ("TypeError", "Cannot read properties of undefined (reading '{a}')"),
        ("ReferenceError", "{a} is not defined"),
        ("RangeError", "Invalid {a} length"),
        ("ChunkLoadError", "Loading chunk {a}-{b} failed"),
        ("NetworkError", "Failed to fetch /{a}/{b}"),
    ),
    "python": (
        ("KeyError", "'{a}'"),
        ("ValueError", "invalid {a}: {b}"),
        ("AttributeError", "'{a}' object has no attribute '{b}'"),
        ("ConnectionError", "{a}.{b} refused the connection"),
        ("TimeoutError", "no answer from {a} after 30 s"),
        ("IntegrityError", "duplicate {a} in {b}"),
    ),
}
_SCRIPTS = ("javascript", "node", "react", "typescript")
_IMPORTING = Lock()


@dataclass(frozen=True)
class MadeUp:
    """An error as it happened in some made-up code: type, message, and where."""

    type: str
    value: str
    filename: str
    function: str
    line: int
    culprit: str


class Filler:
    """Makes things up; what it makes depends on the seed given with each call, and on nothing else.

    Not to be shared between threads.
    """

    def __init__(self) -> None:
        generator_class, *providers = _faker()
        self._generator = generator_class()
        for provider in providers:
            self._generator.add_provider(provider(self._generator))

    def name(self, seed: int) -> str:
        """A person's name."""
        self._generator.seed_instance(seed)
        return f"{self._generator.first_name()} {self._generator.last_name()}"

    def error(self, seed: int, platform: str, culprit: str | None = None) -> MadeUp:
        """An error that code of `platform` could raise, at `culprit` where that is given."""
        make = self._generator
        make.seed_instance(seed)
        script = platform.partition("-")[0] in _SCRIPTS
        kind, form = make.random_element(_ERRORS["javascript" if script else "python"])
        a, b, module, part, verb = (make.word() for _ in range(5))
        function = f"{verb}{part.title()}" if script else f"{verb}_{part}"
        if culprit is None:
            culprit = f"app/{module}/{part}" if script else f"app.{module}.{part} in {function}"
        place, _, named = culprit.partition(" in ")
        path = place if script else place.replace(".", "/")
        return MadeUp(
            type=kind,
            value=form.format(a=a, b=b),
            filename=f"{path}.js" if script else f"{path}.py",
            function=named or function,
            line=make.random_int(1, 400),
            culprit=culprit,
        )

    def number(self, seed: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        self._generator.seed_instance(seed)
        return int(self._generator.random_int(low, high))


@cache
def _faker() -> tuple[Any, ...]:
    """Faker's generator, and the providers of English names and words."""
    with _IMPORTING, _bare_faker():
        from faker.generator import Generator
        from faker.providers.lorem.en_US import Provider as Lorem
        from faker.providers.person.en_US import Provider as Person
    return Generator, Person, Lorem


@contextmanager
def _bare_faker() -> Iterator[None]:
    """Lets modules of Faker be imported without Faker's own `__init__`.

    That one looks for every provider in every language, which would take a tenth of a
    second of each start. A bare package stands in for it, and is gone afterwards: whoever
    imports Faker later gets all of it. If somebody has imported it already, nothing is done.
    """
    found = None if "faker" in sys.modules else find_spec("faker")
    if found is None or found.submodule_search_locations is None:
        yield
        return
    bare = ModuleType("faker")
    bare.__path__ = list(found.submodule_search_locations)
    sys.modules["faker"] = bare
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "faker"]:
            del sys.modules[name]
