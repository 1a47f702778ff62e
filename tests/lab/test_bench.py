"""The attack bench: verdicts with their reasons, and the table of a proof."""

from __future__ import annotations

from typing import Any

import pytest

from harness.scenario.attack import Severity
from tests.lab.visitor import Told, Visitor, is_end

ATTACK, WEAKNESS = "token-after-expiry", "expiry-not-checked"


def run(visitor: Visitor, attack: str, *weaknesses: str) -> Told:
    """What is told of the attack, once it is over."""
    last = position(visitor)
    answer = visitor.post("/api/attack", {"attack": attack, "weaknesses": list(weaknesses)})
    assert answer.status_code == 204, answer.text
    return Told(visitor.told(is_end, last))


def position(visitor: Visitor) -> str:
    """The id of the last event that was told until now."""
    last = ""
    with visitor.listen() as events:
        for event in events:
            last = event.id or last
            if event.data.get("kind") == "state" and event.data["topic"] == "flow":
                return last
    raise AssertionError("the stream ended")


def test_attacks_and_weaknesses_are_listed(visitor: Visitor) -> None:
    listed = visitor.client.get("/api/attacks").json()
    attacks = {one["id"]: one for one in listed["attacks"]}
    weaknesses = {one["id"] for one in listed["weaknesses"]}
    assert WEAKNESS in attacks[ATTACK]["breaks on"]
    for attack in attacks.values():
        assert set(attack["breaks on"]) <= weaknesses
        assert attack["severity"] in Severity.__args__  # type: ignore[attr-defined]
        assert attack["title"]
        assert attack["category"]


def test_an_attack_is_held_on_the_sound_server(visitor: Visitor) -> None:
    told = run(visitor, ATTACK)
    (ended,) = told.of("bench", "ended")
    assert (ended["verdict"], ended["reason"], ended["failed"]) == ("held", "", [])
    assert told.of("bench", "begin")[-1] == {"attack": ATTACK, "weaknesses": []}
    roles = [step["role"] for step in told.of("bench", "step")]
    assert "control" in roles
    assert "attack" in roles


def test_and_breaks_where_it_should_with_the_reason(visitor: Visitor) -> None:
    told = run(visitor, ATTACK, WEAKNESS)
    (ended,) = told.of("bench", "ended")
    assert ended["verdict"] == "broken"
    assert "attacker calls" in ended["reason"]
    status = next(check for check in ended["failed"] if check["name"] == "status")
    assert (status["expected"], status["came"]) == ("401", "200")


def test_what_another_weakness_hides_is_inconclusive(visitor: Visitor) -> None:
    told = run(visitor, ATTACK, "mint-without-feature")
    assert told.of("bench", "ended")[-1]["verdict"] in ("held", "inconclusive")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"attack": "nothing"}, "there is no attack 'nothing'"),
        ({"attack": ATTACK, "weaknesses": ["nothing"]}, "nothing"),
        ({"attack": ATTACK, "weaknesses": [WEAKNESS, "expiry-leeway"]}, "expiry"),
    ],
)
def test_what_cannot_be_run_is_refused(visitor: Visitor, body: object, reason: str) -> None:
    answer = visitor.post("/api/attack", body)
    assert answer.status_code == 400
    assert reason in answer.json()["reasons"][0]


def test_the_flow_does_not_notice(visitor: Visitor) -> None:
    visitor.forward(2)
    run(visitor, ATTACK, WEAKNESS)
    assert visitor.state()["position"] == 2
    visitor.forward()
    assert visitor.state()["done"][-1]["status"] == 403


def prove(visitor: Visitor, **body: list[str]) -> list[dict[str, Any]]:
    """What is told until there is a table."""
    last = position(visitor)
    assert visitor.post("/api/proof", body).status_code == 204
    return visitor.told(lambda one: one["topic"] == "prove" and one["kind"] == "table", last)


def test_the_table_is_played_on_demand(visitor: Visitor) -> None:
    told = prove(visitor, attacks=[ATTACK, "token-of-yesterday"], weaknesses=[WEAKNESS])
    table = told[-1]["data"]
    assert table["stands"]
    assert table["table"] == {WEAKNESS: {ATTACK: "broken", "token-of-yesterday": "broken"}}
    assert set(table["sound"].values()) == {"held"}
    assert [one["id"] for one in table["weaknesses"]] == [WEAKNESS]


def test_progress_is_told_and_is_over_at_the_end(visitor: Visitor) -> None:
    prove(visitor, attacks=[ATTACK], weaknesses=[WEAKNESS])
    told = Told(visitor.told(lambda one: one["kind"] == "progress" and one["data"] is None))
    assert told.of("prove", "progress")[-1] is None


def test_a_table_can_be_stopped(visitor: Visitor) -> None:
    last = position(visitor)
    attacks = [one["id"] for one in visitor.client.get("/api/attacks").json()["attacks"]]
    assert visitor.post("/api/proof", {"attacks": attacks[:5]}).status_code == 204
    refused = visitor.post("/api/proof", {"attacks": attacks[:5]})
    assert refused.status_code == 400
    assert visitor.post("/api/proof/stop").status_code == 204
    told = visitor.told(lambda one: one["kind"] == "progress" and one["data"] is None, last)
    assert not Told(told).of("prove", "table")


def test_no_table_of_what_there_is_not(visitor: Visitor) -> None:
    for body in ({"attacks": ["nothing"]}, {"weaknesses": ["nothing"]}):
        answer = visitor.post("/api/proof", body)
        assert answer.status_code == 400
        assert "nothing" in answer.json()["reasons"][0]
