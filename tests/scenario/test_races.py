"""The race attacks on other databases than the default: held when sound, broken when weakened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness import deployment
from harness.randomness import Randomness
from harness.scenario.loader import load_scenarios
from harness.scenario.runner import Player
from harness.scenario.targets import Deployed, InProcess, Seed
from tests.postgres import Server

RACES = [one for one in load_scenarios() if one.attack and one.attack.category == "race"]
WEAKNESSES = sorted({name for one in RACES if one.attack for name in one.attack.breaks_on})


@pytest.fixture(params=["file", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of an empty database."""
    if request.param == "file":
        return lambda: f"sqlite:///{tmp_path / 'sentry.db'}"
    server: Server = request.getfixturevalue("postgres_server")
    return server.database


def play_all(new_database: Callable[[], str], *weaknesses: str) -> dict[str, str]:
    """{race: its verdict}, on a mock Sentry with these weaknesses."""

    def deploy(world: str, seed: Seed, *, weaknesses: tuple[str, ...] = ()) -> Deployed:
        return deployment.deploy(
            world,
            seed,
            frozen=True,
            database=new_database(),
            secrets=deployment.Secrets.draw(Randomness(seed)),
            weaknesses=weaknesses,
        )

    with Player(InProcess(deploy=deploy, weaknesses=weaknesses)) as player:
        played = {one.id: player.play(one) for one in RACES}
    return {name: f"{result.verdict} {result.reason}".strip() for name, result in played.items()}


def test_all_are_held(new_database: Callable[[], str]) -> None:
    assert play_all(new_database) == {one.id: "held" for one in RACES}


@pytest.mark.parametrize("weakness", WEAKNESSES)
def test_each_finds_its_hole(new_database: Callable[[], str], weakness: str) -> None:
    verdicts = play_all(new_database, weakness)
    listing = [one.id for one in RACES if one.attack and weakness in one.attack.breaks_on]
    assert {name: verdicts[name].partition(" ")[0] for name in listing} == dict.fromkeys(
        listing, "broken"
    )
