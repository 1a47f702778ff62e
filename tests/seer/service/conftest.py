"""What the tests of the service can ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from harness.seer.explorer import Explorer
from harness.seer.messages import Chat
from harness.seer.runs import Run
from tests.seer.service.house import House

MakeHouse: TypeAlias = Callable[..., House]


@pytest.fixture
def make_house(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeHouse]:
    """Makes one more Seer; keywords are its settings."""
    made: list[House] = []
    by_script = Explorer._make_agent

    def make_agent(explorer: Explorer, run: Run, chat: Chat) -> Any:
        for house in made:
            if house.network is explorer._services.network and chat.query in house.agents:
                return house.agents[chat.query]()
        return by_script(explorer, run, chat)

    monkeypatch.setattr(Explorer, "_make_agent", make_agent)

    def make(**settings: Any) -> House:
        made.append(House(**settings))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    return make_house()
