"""Reports that were saved, opened again: the same story, whichever form it was saved in."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from harness.lab.opened import UnreadableError, open_text
from harness.report.html import render_html
from harness.report.json_report import render_json
from harness.report.proof_json import render_proof_json
from harness.scenario.loader import load_scenarios
from harness.scenario.prover import choose, prove
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.lab.visitor import Visitor, is_state

NAMES = ["guided-tour", "token-expiry", "forged-scopes"]


@cache
def played() -> Run:
    return run_scenarios(load_scenarios(NAMES), InProcess(weaknesses=("signature-not-checked",)))


def test_json_and_html_of_a_run_open_alike() -> None:
    from_json, from_html = (
        open_text(render(played())).scenarios for render in (render_json, render_html)
    )
    assert [one["title"] for one in from_json] == [one.title for one in played().results]
    assert from_json == from_html


def test_a_story_has_exchanges_decisions_tokens_and_checks() -> None:
    (tour, _, broken) = open_text(render_json(played())).scenarios
    items = [item for step in tour["steps"] for item in step["items"]]
    assert {key for item in items for key in item} >= {"exchange", "token", "check"}
    denied = [item["exchange"] for item in items if item.get("exchange", {}).get("challenge")]
    assert denied[0]["outcome"] == "refused"
    assert denied[0]["decision"]["allowed"] is False
    assert broken["outcome"] == "broken"


@pytest.mark.parametrize("render", [render_json, render_html])
def test_the_lab_opens_a_report(visitor: Visitor, render: Any) -> None:
    answer = visitor.post("/api/opened", {"text": render(played())})
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json()["scenarios"]] == NAMES
    assert answer.json()["proof"] is False
    shown = visitor.client.get("/api/opened/0").json()
    assert shown["title"] == played().results[0].title
    assert visitor.client.get("/api/opened/3").status_code == 404


def test_the_lab_opens_a_proof(visitor: Visitor) -> None:
    choice = choose(load_scenarios(["token-after-expiry"]), weakness_ids=["expiry-not-checked"])
    answer = visitor.post("/api/opened", {"text": render_proof_json(prove(choice))})
    assert answer.json() == {"scenarios": [], "proof": True}
    told = visitor.told(lambda one: one["topic"] == "prove" and one["kind"] == "table")
    assert told[-1]["data"]["table"] == {"expiry-not-checked": {"token-after-expiry": "broken"}}
    visitor.told(is_state)


EVIDENCE = '<script type="application/json" id="evidence">{}</script>'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing of ours",
        "{",
        "{}",
        "[]",
        '{"format": 2, "results": []}',
        '{"format": 1}',
        '{"format": 1, "results": [{}]}',
        '{"format": 1, "results": 7}',
        '{"format": 1, "table": {}}',
        '{"format": 1, "results": ' + "[" * 100_000,
        EVIDENCE.replace("{}", '{"texts": []}'),
        EVIDENCE.replace("{}", '{"texts": [], "scenarios": [{"a": 3}]}'),
    ],
)
def test_what_is_none_is_refused_in_words(visitor: Visitor, text: str) -> None:
    with pytest.raises(UnreadableError):
        open_text(text)
    answer = visitor.post("/api/opened", {"text": text})
    assert answer.status_code == 400
    assert answer.json()["reasons"][0].startswith("it ")


def test_an_event_that_is_none_is_refused() -> None:
    data = json.loads(render_json(played()))
    data["results"][0]["events"][3]["kind"] = "surprise"
    with pytest.raises(UnreadableError, match="surprise"):
        open_text(json.dumps(data))
