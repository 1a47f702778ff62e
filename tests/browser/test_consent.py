"""The guard of the approval: nobody approves unseen. Time is the page's, and is ours to move."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

MOMENT = 700


@pytest.fixture
def still(visit: Visit) -> Visitor:
    """Somebody whose page's clock stands still."""
    olivia = visit()
    olivia.context.clock.install(time=0)
    olivia.context.clock.pause_at(1000)
    return olivia


def test_the_button_waits_for_its_moment(still: Visitor) -> None:
    still.link()
    expect(still.approve).to_be_disabled()
    still.page.clock.run_for(MOMENT - 1)
    expect(still.approve).to_be_disabled()
    still.page.clock.run_for(1)
    expect(still.approve).to_be_enabled()
    expect(still.button("Reject")).to_be_enabled()


def test_a_click_before_the_moment_is_none(still: Visitor) -> None:
    still.link()
    still.approve.click(force=True)
    still.page.clock.run_for(MOMENT)
    expect(still.page).to_have_title("Approve what your agent may do · mock Sentry")
    assert still.grants() == []


@pytest.mark.parametrize("event", ["blur", "focus"])
def test_the_moment_begins_anew_when_the_page_is_left_and_seen_again(
    still: Visitor, event: str
) -> None:
    still.link()
    still.page.clock.run_for(MOMENT)
    expect(still.approve).to_be_enabled()
    still.page.evaluate("event => window.dispatchEvent(new Event(event))", event)
    expect(still.approve).to_be_disabled()
    still.page.clock.run_for(MOMENT)
    expect(still.approve).to_be_enabled()


def test_a_page_that_is_not_looked_at_does_not_begin(still: Visitor) -> None:
    still.context.add_init_script("document.hasFocus = () => false")
    still.link()
    still.page.clock.run_for(10 * MOMENT)
    expect(still.approve).to_be_disabled()


def test_a_key_that_is_held_is_no_decision(still: Visitor) -> None:
    still.link()
    still.page.clock.run_for(MOMENT)
    still.approve.focus()
    kept = still.approve.evaluate(
        """button => button.dispatchEvent(new KeyboardEvent("keydown",
            {key: "Enter", repeat: true, bubbles: true, cancelable: true}))"""
    )
    assert not kept, "the repeated key was not stopped"


def test_the_second_click_of_two_is_no_decision(still: Visitor) -> None:
    still.link()
    still.page.clock.run_for(MOMENT)
    box = still.approve.bounding_box()
    assert box is not None
    still.page.mouse.move(box["x"] + 5, box["y"] + 5)
    still.page.mouse.down(click_count=2)
    still.page.mouse.up(click_count=2)
    assert still.grants() == []


def test_a_script_does_not_decide(still: Visitor) -> None:
    still.link()
    still.page.clock.run_for(MOMENT)
    sent = still.page.evaluate(
        """() => document.querySelector("form[data-consent]")
            .dispatchEvent(new SubmitEvent("submit", {cancelable: true}))"""
    )
    assert not sent


@pytest.mark.parametrize("page", ["link", "chat"])
def test_by_keyboard_alone(visit: Visit, page: str) -> None:
    olivia = visit()
    if page == "chat":
        olivia.ask()
    else:
        olivia.link()
    expect(olivia.approve).to_be_enabled()
    for _ in range(30):
        olivia.page.keyboard.press("Tab")
        if olivia.approve.evaluate("button => button === document.activeElement"):
            break
    expect(olivia.approve).to_be_focused()
    olivia.page.keyboard.press("Enter")
    olivia.page.get_by_role("status").or_(olivia.page.get_by_text("Seer is done")).first.wait_for()
    assert [grant["scopes"] for grant in olivia.grants()] == [["org:write"]]


def test_without_scripts_the_page_says_why_it_cannot_approve(visit: Visit) -> None:
    olivia = visit()
    olivia.context.route("**/consent.js", lambda route: route.abort())
    olivia.link()
    expect(olivia.approve).to_be_disabled()
    assert "allow this page to run its script" in olivia.page.content()
