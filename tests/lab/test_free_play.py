"""Steps of one's own, and the file that plays what was done again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.lab.words import ORDER
from harness.scenario.loader import load_scenario
from harness.scenario.registry import VERBS
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.lab.visitor import Told, Visitor, is_state


def save(visitor: Visitor) -> str:
    answer = visitor.client.get("/api/scenario.yaml")
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.text


def play(text: str, folder: Path) -> list[tuple[str, int]]:
    """The outcome must be passed; gives what was sent, and the statuses that came."""
    file = folder / "saved.yaml"
    file.write_text(text, "utf-8")
    (result,) = run_scenarios([load_scenario(file)], InProcess(), seed=0).results
    assert result.outcome == "passed", result.reason
    return [
        (event["method"], event["status"])
        for event in result.events
        if event["kind"] == "exchange" and event["purpose"] == "step"
    ]


def test_what_was_done_plays_back_to_the_same_result(visitor: Visitor, tmp_path: Path) -> None:
    visitor.forward(5)
    organization = "/api/0/organizations/{first}/"
    steps = [
        visitor.do("agent", "calls", with_="narrow", put=organization, json={"name": "No"}),
        visitor.do("operator", "moves clock", by="6m"),
        visitor.do("agent", "calls", with_="wide", get=organization),
        visitor.do("agent", "mints", for_="olivia", in_="first", session="s1", as_="late"),
        visitor.do("operator", "changes role", user="olivia", in_="first", to="member"),
        visitor.do("agent", "calls", with_="late", put=organization, json={"name": "No"}),
        visitor.do("mia", "signs in"),
        visitor.do("operator", "switches feature", in_="first", on=False),
        visitor.do("agent", "mints", for_="olivia", in_="first", session="s2", as_="none-came"),
    ]
    assert [step.status_code for step in steps] == [204] * len(steps)
    done = visitor.state()["done"]
    assert [one["status"] for one in done[6:]] == [403, 200, 401, 200, 200, 403, 302, 200, 404]
    text = save(visitor)
    assert not text.startswith("# Played back")
    live = [
        (one["method"], int(one["status"]))
        for one in Told(visitor.told(is_state)).items("exchange")
        if not one["purpose"]
    ]
    assert play(text, tmp_path) == live


def test_a_talk_with_seer_is_saved_too(visitor: Visitor, tmp_path: Path) -> None:
    asked = visitor.do(
        "olivia", "asks", in_="first", query="Rename this organization to Initech", as_="run"
    )
    assert asked.status_code == 204
    visitor.do("olivia", "answers", run="run", decision="approve")
    lanes = Told(visitor.told(is_state)).of("flow", "lanes")[-1]["lanes"]
    assert {"olivia", "Seer", "Sentry"} <= {lane["name"] for lane in lanes}
    text = save(visitor)
    assert "awaiting_user_input" in text
    assert "completed" in text
    play(text, tmp_path)


def test_a_saved_tour_expects_what_the_tour_expects(visitor: Visitor, tmp_path: Path) -> None:
    visitor.forward(6)
    text = save(visitor)
    assert "insufficient_scope" in text
    play(text, tmp_path)
    data = yaml.safe_load(text)
    assert [step.get("expect") for step in data["steps"]][2]["status"] == 403


def test_nothing_done_is_nothing_to_save(visitor: Visitor) -> None:
    answer = visitor.client.get("/api/scenario.yaml")
    assert answer.status_code == 400
    assert answer.json() == {"reasons": ["nothing was done yet"]}


def test_a_refusal_in_free_play_is_no_failure(visitor: Visitor) -> None:
    visitor.do("anonymous", "calls", get="/api/0/organizations/{first}/")
    live = Told(visitor.told(is_state))
    assert live.items("exchange")[0]["status"] == "401"
    assert live.items("check") == []
    assert visitor.state()["done"][0]["failures"] == []


def test_the_last_step_can_be_taken_back(visitor: Visitor) -> None:
    visitor.forward(2)
    visitor.do("operator", "moves clock", by="1h")
    assert visitor.post("/api/tour/take-back").status_code == 204
    assert len(visitor.state()["done"]) == 2
    assert visitor.state()["position"] == 2


@pytest.mark.parametrize(
    ("actor", "verb", "arguments", "reason"),
    [
        ("agent", "minds", {}, "unknown verb 'minds'; did you mean 'mints'?"),
        ("olivai", "mints", {"session": "s1"}, "unknown actor 'olivai'; did you mean 'olivia'?"),
        ("agent", "calls", {"with": "narow", "get": "/"}, "no token 'narow' was minted before"),
        ("agent", "calls", {"using": "none"}, "expected one method"),
        ("agent", "mints", {"for": "olivia", "session": "s9"}, "missing key 'in'"),
        ("operator", "moves clock", {"by": "soon"}, "duration"),
        ("olivia", "answers", {"run": "none", "decision": "approve"}, "no run 'none' began"),
        ("agent", "calls", {"using": "none", "get": "/{nothing}/"}, "unknown name {nothing}"),
    ],
)
def test_a_step_that_cannot_be_is_refused_in_words(
    visitor: Visitor, actor: str, verb: str, arguments: dict[str, object], reason: str
) -> None:
    answer = visitor.do(actor, verb, **arguments)
    assert answer.status_code == 400
    assert reason in "; ".join(answer.json()["reasons"])
    assert visitor.state()["done"] == []


def test_the_form_asks_for_what_the_verbs_ask_for(visitor: Visitor) -> None:
    verbs = {one["verb"]: one for one in visitor.client.get("/api/verbs").json()}
    assert [*verbs] == [*ORDER]
    assert set(ORDER) <= set(VERBS)
    for verb in verbs.values():
        for field in verb["fields"]:
            assert field["type"] in ("text", "words", "json", "choice", "flag")
            assert field["names"] in ("", *visitor.state()["names"]), field
    fields = {field["key"]: field for field in verbs["answers"]["fields"]}
    assert fields["decision"]["options"] == ["approve", "reject"]
    assert fields["decision"]["required"]
    assert {field["key"] for field in verbs["calls"]["fields"]} >= {"method", "path", "json"}


def test_names_grow_with_what_is_done(visitor: Visitor) -> None:
    names = visitor.state()["names"]
    assert names["users"][0] == "olivia"
    assert names["organizations"] == ["first", "second"]
    assert names["tokens"] == []
    visitor.forward()
    assert visitor.state()["names"]["tokens"] == ["narrow"]
