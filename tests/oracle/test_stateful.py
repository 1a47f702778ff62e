"""Deeds in any order against the oracle, and counter-examples that are scenarios."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path

import pytest

from harness.scenario.loader import parse_scenario
from harness.scenario.runner import Player
from harness.scenario.targets import InProcess
from tests.oracle.machine import find_disagreement

#: Where a counter-example is left to be looked at; nothing there is kept by git.
LEFT = Path(__file__).parents[2] / "build" / "counter-example.yaml"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of decisions are not worth keeping for a report."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


def play(text: str, *weaknesses: str) -> str:
    """What comes of a scenario: its outcome."""
    scenario = parse_scenario(text, name="counter-example.yaml")
    with Player(InProcess(weaknesses=weaknesses)) as player:
        return str(player.play(scenario).outcome)


def test_the_server_does_what_the_oracle_says() -> None:
    found = find_disagreement(examples=100, steps=30)
    if found is not None:
        text = found.scenario("counter-example")
        LEFT.parent.mkdir(exist_ok=True)
        LEFT.write_text(text, "utf-8")
        pytest.fail(f"{found}\nPlay it: seer-harness run {relpath(LEFT)}\n{text}")


@pytest.mark.parametrize(
    "weakness", ["grant-for-any-session", "removed-member-served", "approval-uncapped"]
)
def test_a_counter_example_is_a_scenario_that_reproduces_it(weakness: str) -> None:
    found = find_disagreement([weakness], examples=3000, steps=12)
    assert found is not None
    text = found.scenario("counter-example")
    assert play(text, weakness) == "failed", text
    assert play(text) == "passed", text
    # Shrunk: nothing is left of all the other deeds.
    assert len(found.steps) <= 4, text
