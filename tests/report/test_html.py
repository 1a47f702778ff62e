"""The page of evidence: its data, its policy, and that it can be read by everybody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from harness.report.evidence import describe_run
from harness.report.html import list_entries, render_html
from harness.scenario.loader import load_scenarios
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.report.runs import planned, played, wicked
from tests.report.test_hostile import read_page

TEMPLATES = files("harness.report") / "templates"
SCRIPT = "".join((TEMPLATES / name).read_text("utf-8") for name in ("sequence.js", "report.js"))
STYLE = (TEMPLATES / "report.css").read_text("utf-8")


@pytest.fixture(scope="module")
def flow() -> Run:
    names = ["approve-and-remint", "token-expiry", "forged-scopes"]
    return run_scenarios(load_scenarios(names), InProcess(), seed=3)


def scenario_of(run: Run, index: int = 0) -> dict[str, Any]:
    """A scenario of the page's data, with its texts in place of their numbers."""
    data = describe_run(run)

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner) for inner in value]
        return data["texts"][value] if type(value) is int else value

    filled: dict[str, Any] = fill(data["scenarios"][index])
    return filled


def items(scenario: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [item[kind] for step in scenario["steps"] for item in step["items"] if kind in item]


def test_the_summary_and_the_reasons_need_no_script() -> None:
    text = render_html(played())
    page = read_page(text)
    assert page.elements["details"] == 3
    assert "<title>1 failed, 1 inconclusive, 1 passed · seer-harness</title>" in text
    assert text.count("step 1, mel calls (line 9): status, json") >= 2
    assert '<a href="#bad">bad</a>' in text
    assert '<a href="#good">' not in text


def test_an_exchange_has_all_that_was_on_the_wire(flow: Run) -> None:
    scenario = scenario_of(flow)
    mint = items(scenario, "exchange")[0]
    assert (mint["actor"], mint["method"], mint["status"]) == ("agent", "POST", "200")
    assert mint["target"] == "/api/0/organizations/acme/agent/token/"
    assert "Authorization: Bearer <user token 1>" in mint["sent"].splitlines()
    assert mint["sentBody"] == '{"sessionId": "s1"}'
    assert "Cache-Control: no-store" in mint["came"].splitlines()
    assert mint["cameBody"].startswith('{\n  "token": "<agent token 1>",\n')
    assert mint["curl"].startswith("curl -i -X POST")
    assert mint["decision"]["gist"] == "allowed by mint"
    denied = next(one for one in items(scenario, "exchange") if one["status"] == "403")
    assert denied["decision"]["gist"] == "denied by scope-gate, missing any of org:admin org:write"
    assert ["missing", "org:admin org:write"] in denied["decision"]["fields"]


def test_tokens_tell_what_changed(flow: Run) -> None:
    first, second = items(scenario_of(flow), "token")
    assert "change" not in first
    assert (first["scopes"], first["lifetime"]) == ("6", "5 minutes")
    assert ["exp", "1768478700", "2026-01-15 12:05:00 UTC"] in first["claims"]
    # A text and a number are told apart.
    assert ["sub", '"101"', ""] in first["claims"]
    assert ["org", "4001", ""] in first["claims"]
    assert second["change"] == {
        "since": "agent token 1",
        "gained": ["org:write"],
        "lost": [],
        "claims": [],
    }


def test_lanes_go_from_people_to_the_server(flow: Run) -> None:
    lanes = [(lane["name"], lane["kind"]) for lane in scenario_of(flow)["lanes"]]
    assert lanes == [("olivia", "user"), ("agent", "agent"), ("Sentry", "server")]
    kinds = [lane["kind"] for lane in scenario_of(flow, 2)["lanes"]]
    order = ["user", "attacker", "agent", "server"]
    assert kinds == [kind for kind in order if kind in kinds]
    assert {"attacker", "agent", "server"} <= set(kinds)


def test_an_attack_tells_what_it_is(flow: Run) -> None:
    scenario = scenario_of(flow, 2)
    assert ["defences", "agent-token.signature"] in scenario["attack"]
    assert ["attacker", "stolen agent token"] in scenario["attack"]
    assert {step["role"] for step in scenario["steps"]} == {"", "control", "attack"}


def test_steps_that_put_things_right_are_told_apart(flow: Run) -> None:
    steps = scenario_of(flow)["steps"]
    assert [step["afterwards"] for step in steps] == [False] * 8 + [True]


def test_a_check_shows_what_differs() -> None:
    checks = items(scenario_of(played(), 1), "check")
    status = next(check for check in checks if check["name"] == "status")
    assert (status["expected"], status["came"], status["passed"]) == ("418", "200", False)


def test_a_text_and_a_number_do_not_look_alike() -> None:
    run = played()
    (bad,) = [result for result in run.results if result.scenario == "bad"]
    events = [
        {**event, "expected": "200", "came": 200} if event["kind"] == "check" else event
        for event in bad.events
    ]
    check = items(scenario_of(Run("", "", [replace(bad, events=events)])), "check")[0]
    assert (check["expected"], check["came"]) == ('"200"', "200")


@pytest.mark.parametrize("make", [played, planned, wicked, lambda: Run("nowhere", "", [])])
def test_the_policy_names_what_is_in_the_page(make: Any) -> None:
    text = render_html(make())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in allowed
    assert "unsafe" not in allowed
    assert "http" not in allowed
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert (len(scripts), len(styles)) == (1, 1)
    for kind, (source,) in (("script", scripts), ("style", styles)):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in allowed


def test_the_page_loads_nothing(flow: Run) -> None:
    page = read_page(render_html(flow))
    assert page.attributes.isdisjoint({"src", "srcset", "background", "ping", "style"})
    assert page.elements["link"] == page.elements["img"] == page.elements["iframe"] == 0
    assert not re.search(r"@import|url\(", STYLE)
    assert not re.search(r"\bfetch\b|XMLHttpRequest|WebSocket|import\(|sendBeacon", SCRIPT)


def test_the_script_writes_text_only() -> None:
    for wrong in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert wrong not in SCRIPT
    assert re.findall(r'setAttribute\("(\w+)', SCRIPT)
    assert not re.search(r'setAttribute\("(on|style|href|src)', SCRIPT)


def test_anchors_are_unique() -> None:
    run = played()
    entries = list_entries([*run.results, *run.results])
    anchors = [entry.anchor for entry in entries]
    assert anchors == ["good", "bad", "nobody", "good~2", "bad~2", "nobody~2"]


def test_five_hundred_scenarios_are_a_few_megabytes() -> None:
    scenarios = load_scenarios(["approve-and-remint", "csrf-on-approval", "lists-filtered"])
    results = [
        result
        for seed in range(3)
        for result in run_scenarios(scenarios, InProcess(), seed=seed).results
    ]
    page = render_html(Run("in process", "0", (results * 56)[:500]))
    assert len(page.encode()) < 5_000_000
    assert len(json.loads(read_page(page).scripts[0])["scenarios"]) == 500


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2 defines it."""
    lights = sorted((light(one), light(other)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(
        sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    )


def test_text_stands_out_in_light_and_dark() -> None:
    palettes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    ]
    assert len(palettes) == 2
    for palette in palettes:
        for ground in ("ground", "surface", "sunk"):
            for text in ("text", "faint", "link", "good", "bad", "unsure", "plain"):
                assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
