"""Scenarios in a browser: the flow as over HTTP, attacks that need a window, what both leave."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from harness.browser import BrowserPeople
from harness.browser.chromium import BrowserMissingError, find_chromium
from harness.browser.window import BrowserWindow
from harness.deployment import Deployment
from harness.redact import Redactor
from harness.report.html import render_html
from harness.report.json_report import render_json
from harness.resources import locate
from harness.scenario.loader import load_scenarios, parse_scenario
from harness.scenario.model import Scenario
from harness.scenario.result import Result, Run
from harness.scenario.runner import Player
from harness.scenario.stage import MakeHands
from harness.scenario.targets import InProcess, Loopback
from harness.scenario.wire import Wire
from harness.transcript import Unwritten

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLOW = [
    scenario
    for scenario in load_scenarios([locate("scenarios") / "flow"])
    if any(step.actor.kind == "user" for step in scenario.steps)
]
ATTACKS = [one for one in load_scenarios([locate("scenarios") / "attack"]) if one.browser]

HEAD = """\
id: made-up
title: Made up for a test
cast:
  organizations: [first]
  users:
    olivia: {role: owner, of: first}
steps:
  - olivia signs in:
"""
LINK = "/organizations/{first}/agent/approve/?session=s1&scopes=org:write"
OPENERS = {
    "same tab": "location = '{sentry.url}" + LINK + "'",
    "popup": "window.open('{sentry.url}" + LINK + "', '', 'width=900,height=800')",
}


PICTURES = BrowserPeople(pictures=True)


@dataclass(frozen=True)
class Lent:
    """Users in the browser of the tests: a worker has one."""

    browser: Browser
    wishes: BrowserPeople

    def open(self) -> AbstractContextManager[MakeHands]:
        return self.wishes.within(self.browser)


@pytest.fixture(scope="module")
def player(browser: Browser) -> Iterator[Player]:
    """Plays over loopback."""
    with Player(Loopback(), 0, Lent(browser, PICTURES)) as opened:
        yield opened


def made(steps: str) -> Scenario:
    return parse_scenario(HEAD + steps)


def play_on(weakness: str, scenario: Scenario, browser: Browser) -> Result:
    with Player(Loopback(weaknesses=(weakness,)), 0, Lent(browser, PICTURES)) as opened:
        return opened.play(scenario)


@pytest.mark.parametrize("scenario", FLOW, ids=lambda scenario: scenario.id)
def test_the_flow_in_a_browser(player: Player, scenario: Scenario) -> None:
    result = player.play(scenario)
    assert (result.outcome, result.reason) == ("passed", "")


@pytest.mark.parametrize("scenario", ATTACKS, ids=lambda scenario: scenario.id)
def test_an_attack_over_http_is_inconclusive(scenario: Scenario) -> None:
    with Player(InProcess()) as opened:
        result = opened.play(scenario)
    assert result.verdict == "inconclusive"
    assert "this needs users with a browser for" in result.reason


@pytest.mark.parametrize("opener", list(OPENERS))
@pytest.mark.parametrize("gesture", ["click", "double click", "held Enter"])
def test_each_gesture_bites_where_nothing_guards(
    browser: Browser, gesture: str, opener: str
) -> None:
    """An attack ends at its first break: each of its forms is shown to break by itself."""
    page = json.dumps(f'<button onclick="{OPENERS[opener]}">Win</button>')
    rush = f"  - olivia rushes: {{by: {gesture}, onto: Approve, page: {page}}}\n"
    scenario = made(rush + "    expect: {grants: []}\n")
    assert play_on("approval-unseen", scenario, browser).reason.endswith("grants")


@pytest.mark.parametrize(
    "markup",
    [
        "<img src=/nothing onerror=alert(1)>",
        "<details open ontoggle=alert(1)>Look</details>",
        '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
    ],
)
def test_each_script_runs_where_no_policy_is(browser: Browser, markup: str) -> None:
    steps = f"  - attacker injects: {{into: olivia, markup: {json.dumps(markup)}}}\n"
    scenario = made("  - olivia opens: {link: /}\n" + steps + "    expect: {page: {dialogs: []}}\n")
    assert "page: dialogs" in play_on("page-scripts-anything", scenario, browser).reason


def test_what_a_failed_scenario_showed(player: Player) -> None:
    result = player.play(made('  - olivia looks:\n    expect: {page: {title: "No"}}\n'))
    assert result.outcome == "failed"
    (picture,) = [event for event in result.events if event["kind"] == "picture"]
    assert picture["actor"] == "olivia"
    assert base64.b64decode(picture["png"]).startswith(b"\x89PNG")
    run = Run("loopback", "0", [result])
    assert picture["png"] in render_json(run)
    assert picture["png"] in render_html(run)


def test_a_picture_shows_no_password(browser: Browser, served: tuple[Deployment, str]) -> None:
    """Not even how long it is."""
    wire = Wire(served[1], None, Unwritten(Redactor()))
    with PICTURES.within(browser) as make_hands:
        window = make_hands(wire, "olivia").window
        assert isinstance(window, BrowserWindow)
        window.open_link("/auth/login/")
        pictures = []
        for password in ("x", "a longer secret"):
            window.page.get_by_label("Password").fill(password)
            pictures += [png for _, png in window.picture()]
    assert pictures[0] == pictures[1]


def test_one_that_passed_leaves_no_picture(player: Player) -> None:
    result = player.play(made("  - olivia looks:\n"))
    assert [event for event in result.events if event["kind"] == "picture"] == []


def test_a_trace_of_what_failed(browser: Browser, tmp_path: Path) -> None:
    good = made("  - olivia looks:\n")
    bad = replace(made('  - olivia looks:\n    expect: {page: {title: "No"}}\n'), id="bad")
    with Player(Loopback(), 0, Lent(browser, BrowserPeople(traces=tmp_path))) as opened:
        assert [opened.play(one).outcome for one in (good, bad)] == ["passed", "failed"]
    assert [file.name for file in tmp_path.iterdir()] == ["bad-olivia.zip"]
    with zipfile.ZipFile(tmp_path / "bad-olivia.zip") as trace:
        assert "trace.trace" in trace.namelist()


def test_a_browser_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.browser.chromium.COMMANDS", ())
    playwright: Any = SimpleNamespace(chromium=SimpleNamespace(executable_path=""))
    with pytest.raises(BrowserMissingError, match="playwright install chromium"):
        find_chromium(playwright)
