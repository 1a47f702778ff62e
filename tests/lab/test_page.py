"""The page in Chromium: by mouse and by keyboard, on a phone, in light and dark."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from harness.report.json_report import render_json
from harness.scenario.loader import load_scenario, load_scenarios
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.lab.accessibility import find_serious
from tests.lab.browsing import MakePage, position, when_idle
from tests.lab.visitor import Visitor

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def page(make_page: MakePage) -> Page:
    return make_page()


def test_the_tour_by_mouse(page: Page) -> None:
    expect(page.locator("#flow-story .exchange")).to_have_count(0)
    for number in range(6):
        page.locator("#next").click()
        expect(page.locator(".stop.done")).to_have_count(number + 1)
        expect(page.locator(".notice")).to_have_count(1)
    expect(page.locator("#next")).to_have_count(0)
    expect(page.locator(".stop.failed")).to_have_count(0)
    expect(page.locator("#flow-story .exchange.refused")).to_have_count(2)
    page.get_by_role("button", name="Back", exact=True).click()
    position(page, 5)
    page.get_by_role("button", name="Restart").click()
    position(page, 0)
    expect(page.locator("#flow-story .exchange")).to_have_count(0)


def test_the_tour_by_keyboard(page: Page) -> None:
    page.keyboard.press("n")
    position(page, 1)
    page.keyboard.press("ArrowRight")
    position(page, 2)
    page.keyboard.press("b")
    position(page, 1)
    page.keyboard.press("ArrowRight")
    position(page, 2)
    page.keyboard.press("ArrowLeft")
    position(page, 1)
    page.keyboard.press("r")
    position(page, 0)
    # What is written is no key.
    page.get_by_label("path", exact=True).fill("")
    page.get_by_label("path", exact=True).press_sequentially("nbr12?")
    expect(page.get_by_label("path", exact=True)).to_have_value("nbr12?")
    position(page, 0)


def test_focus_stays_at_the_button_that_goes_on(page: Page) -> None:
    page.locator("#next").focus()
    for number in range(1, 4):
        page.keyboard.press("Enter")
        position(page, number)
        expect(page.locator("#next")).to_be_focused()


def test_what_to_notice_is_said(page: Page) -> None:
    page.keyboard.press("n")
    expect(page.locator("#told")).to_contain_text("Stop 1 of 6, Mint: The token lives five minutes")


def test_keys_are_explained(page: Page) -> None:
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("2")
    expect(page.get_by_role("region", name="Attacks", exact=True).first).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#view-flow")).to_be_visible()


def test_an_arrow_opens_to_request_answer_and_decision(page: Page) -> None:
    for number in range(1, 4):
        page.keyboard.press("n")
        position(page, number)
    denied = page.locator("#flow-story .exchange.refused")
    expect(denied).to_contain_text("challenge org:admin org:write")
    denied.focus()
    page.keyboard.press("Enter")
    sheet = page.locator("#sheet")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("PUT /api/0/organizations/acme/")
    expect(sheet).to_contain_text("403 Forbidden")
    expect(sheet).to_contain_text("Bearer <agent token 1>")
    expect(sheet).to_contain_text("denied by scope-gate, missing any of org:admin org:write")
    page.keyboard.press("ArrowRight")
    expect(sheet).to_contain_text("olivia → Sentry")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(denied).to_be_focused()


def test_a_mint_by_hand_begins_without_a_token(page: Page) -> None:
    page.locator("#next").click()
    position(page, 1)
    page.get_by_label("what", exact=True).select_option("mints")
    expect(page.locator("#free [name=with]")).to_have_value("")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#done li")).to_have_count(2)
    expect(page.locator("#done li").last).to_contain_text("200")


def test_tokens_with_countdown_and_what_changed(page: Page) -> None:
    for number in range(1, 6):
        page.keyboard.press("n")
        position(page, number)
    newest = page.locator("#tokens .card").first
    expect(newest).to_contain_text("gained org:write")
    expect(newest.locator(".scope.gained")).to_have_text("gained +org:write")
    expect(newest.get_by_role("timer")).to_have_text(re.compile(r"^[45]:\d\d left$"))
    newest.get_by_text("Claims").click()
    expect(newest.get_by_text('"sentry-agent-api"')).to_be_visible()
    expect(page.locator("#grants .card")).to_contain_text("olivia@example.com")
    expect(page.locator("#grants").get_by_role("timer")).to_have_text(
        re.compile(r"^(4:00:00|3:59:\d\d) left$")
    )
    # By the clock of the mock, not by that of the browser.
    page.get_by_label("what", exact=True).select_option("moves clock")
    page.get_by_label("by", exact=True).fill("6m")
    page.get_by_role("button", name="Do it").click()
    expect(newest.get_by_role("timer")).to_have_text("expired")
    expect(page.locator("#grants").get_by_role("timer")).to_have_text(
        re.compile(r"^3:5\d:\d\d left$")
    )


def test_the_countdown_runs(page: Page) -> None:
    page.keyboard.press("n")
    position(page, 1)
    timer = page.locator("#tokens").get_by_role("timer")
    before = timer.inner_text()
    expect(timer).not_to_have_text(before)


def test_free_play_is_saved_and_played_back(page: Page, tmp_path: Path) -> None:
    page.keyboard.press("n")
    position(page, 1)
    page.get_by_label("what", exact=True).select_option("asks")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#done li")).to_have_count(2)
    when_idle(page)
    expect(page.locator("#flow-story .head.seer")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as scenario").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    (result,) = run_scenarios([load_scenario(file)], InProcess(), seed=0).results
    assert result.outcome == "passed", result.reason


def test_a_step_that_cannot_be_is_said(page: Page) -> None:
    page.get_by_label("with", exact=True).fill("nothing")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("alert")).to_contain_text("no token 'nothing' was minted before")


def test_the_approval_by_hand_in_the_real_page(page: Page, make_page: MakePage) -> None:
    for number in range(1, 4):
        page.keyboard.press("n")
        position(page, number)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="approval page").click()
    real = opened.value
    users = {user["email"]: user for user in make_page.lab.description["users"]}
    real.get_by_label("Email").fill("olivia@example.com")
    real.get_by_label("Password").fill(users["olivia@example.com"]["password"])
    real.get_by_role("button", name="Sign in").click()
    real.get_by_role("button", name="Approve", exact=True).click()
    position(page, 4)
    expect(page.locator(".stop.done").nth(3)).to_contain_text("by hand")
    expect(page.locator("#flow-story")).to_contain_text("browser")


def test_an_attack_is_held_and_breaks(page: Page) -> None:
    page.get_by_role("link", name="Attacks").click()
    page.get_by_label("Search").fill("token-after-expiry")
    page.get_by_role("button", name="A token is expired from its last second on").click()
    page.get_by_role("button", name="Run on the sound server").click()
    expect(page.locator("#verdict")).to_contain_text("The defence held on the sound server")
    page.get_by_label("An expired token is still served").check()
    page.get_by_role("button", name="Run the attack").click()
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("The attack broke through")
    expect(verdict).to_contain_text("expiry-not-checked")
    expect(verdict).to_contain_text("status: expected 401, came 200")
    expect(page.locator("#bench-story .band.failed")).to_have_count(1)


def test_the_table_and_a_click_on_a_cell(page: Page) -> None:
    page.get_by_role("link", name="Attacks").click()
    page.get_by_label("Search").fill("token-of-yesterday")
    page.get_by_role("button", name="Play the table of the 1 attack listed").click()
    cell = page.get_by_role("gridcell", name="token-of-yesterday on expiry-not-checked: broke")
    cell.click()
    expect(page.locator("#verdict")).to_contain_text("The attack broke through")
    expect(page.locator("#bench-title")).to_be_focused()
    # By keyboard, the sound server stands above.
    page.locator("#proof td[tabindex='0']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("The defence held on the sound server")


def test_a_saved_report_is_opened(page: Page, tmp_path: Path) -> None:
    run = run_scenarios(load_scenarios(["guided-tour", "token-expiry"]), InProcess(), seed=0)
    file = tmp_path / "report.json"
    file.write_text(render_json(run), "utf-8")
    page.get_by_role("link", name="Saved").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="The flow in six stops").click()
    expect(page.locator("#saved-story .exchange.refused")).to_have_count(2)
    page.locator("#saved-story .exchange").first.click()
    expect(page.locator("#sheet")).to_contain_text("agent → Sentry")


def test_a_page_that_comes_later_shows_the_same(page: Page, make_page: MakePage) -> None:
    for number in range(1, 4):
        page.keyboard.press("n")
        position(page, number)
    when_idle(page)
    later = make_page(restart=False)
    position(later, 3)
    assert later.locator("#flow-story").inner_text() == page.locator("#flow-story").inner_text()
    later.keyboard.press("n")
    position(page, 4)


def test_after_a_break_nothing_is_lost_or_doubled(make_page: MakePage, visitor: Visitor) -> None:
    whole = make_page()
    for number in range(1, 4):
        whole.keyboard.press("n")
        position(whole, number)
    begun = "retry: 50\n\n" + "".join(islice(visitor.raw_events(), 12))
    asked = []

    def break_once(route: Route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()
        else:
            # The line breaks in the midst of what there is to tell.
            route.fulfill(body=begun, content_type="text/event-stream")

    broken = make_page(restart=False, route=("**/api/events", break_once))
    position(broken, 3)
    assert len(asked) == 2
    expect(broken.locator("#flow-story .exchange")).to_have_count(5)
    assert broken.locator("#flow-story").inner_text() == whole.locator("#flow-story").inner_text()


VIEWS = ["flow", "attacks", "saved"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_scrolls_in_one_direction(make_page: MakePage, view: str) -> None:
    page = make_page(viewport=PHONE)
    for number in range(1, 7):
        page.keyboard.press("n")
        position(page, number)
    page.get_by_role("link", name=view.capitalize()).click()
    if view == "attacks":
        page.locator("#attacks button").first.click()
        page.get_by_role("button", name="Run the attack").click()
        expect(page.locator("#verdict")).to_contain_text("broke through")
    width, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_serious_finding_of_a_checker(make_page: MakePage, view: str, scheme: str) -> None:
    page = make_page(scheme=scheme)
    for number in range(1, 5):
        page.keyboard.press("n")
        position(page, number)
    page.get_by_role("link", name=view.capitalize()).click()
    if view == "attacks":
        page.get_by_label("Search").fill("token-of-yesterday")
        page.locator("#attacks button").first.click()
        page.get_by_role("button", name="Run the attack").click()
        expect(page.locator("#verdict")).to_contain_text("broke through")
        page.get_by_role("button", name="Play the table of the 1 attack listed").click()
        expect(page.locator("#proof table")).to_be_visible()
    when_idle(page)
    assert find_serious(page) == []
    if view == "flow":
        page.locator("#flow-story .exchange.refused").first.click()
        expect(page.locator("#sheet")).to_be_visible()
        assert find_serious(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert find_serious(page) == []
