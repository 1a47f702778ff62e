"""The guided tour: the flow in six stops, each one or two steps of a scenario that comes along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from harness.resources import locate

#: The scenario that the tour plays.
TOUR: Final = "flow/guided-tour.yaml"


@dataclass(frozen=True)
class Stop:
    """A stop: its name, the words on its button, and the steps that it plays, counted from 1."""

    title: str
    button: str
    steps: tuple[int, ...]


STOPS: Final = (
    Stop("Mint", "Mint a token", (1,)),
    Stop("Read", "Read with it", (2,)),
    Stop("Denied write", "Try to write", (3,)),
    Stop("Approve", "Approve the write", (4,)),
    Stop("Re-mint and write", "Mint again and write", (5, 6)),
    Stop("Another organization", "Try the other organization", (7,)),
)
#: The stop that a person may do by hand, in the approval page.
APPROVAL: Final = 3


@dataclass(frozen=True)
class Tour:
    """The scenario of the tour: `frame` is all of it but its steps, which are plain."""

    frame: dict[str, Any]
    steps: list[dict[str, Any]]

    def steps_of(self, stop: int) -> list[dict[str, Any]]:
        """The steps that a stop plays."""
        return [self.steps[number - 1] for number in STOPS[stop].steps]

    def notice(self, stop: int) -> str:
        """One sentence or two on what to notice there."""
        return str(self.steps_of(stop)[-1].get("note", "")).strip()


def load_tour(world: str) -> Tour:
    """The tour, to be played in `world`."""
    data = yaml.safe_load((locate("scenarios") / TOUR).read_text("utf-8"))
    frame = {key: data[key] for key in ("id", "title", "note", "cast")}
    return Tour(frame | {"world": world}, data["steps"])
