"""Each page: for everybody, at any width, in light and dark, and with no trouble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Visit
from tests.browser.visitor import ACME, Visitor

Draw: TypeAlias = Callable[[Visitor], object]

# What the server answers with a refusal the console reports, too: that is no trouble.
REFUSAL = "Failed to load resource: the server responded with a status of 4"
LONG = "a-session-whose-name-has-no-end-" * 4


def _ready(olivia: Visitor) -> None:
    olivia.approve.and_(olivia.page.locator(":enabled")).wait_for()


def _ask(olivia: Visitor) -> None:
    olivia.link(scopes="org:write event:write")
    _ready(olivia)


def _decide(name: str) -> Draw:
    def draw(olivia: Visitor) -> None:
        olivia.link(session=LONG[:128])
        _ready(olivia)
        olivia.button(name).click()
        olivia.page.get_by_role("status").wait_for()

    return draw


def _already(olivia: Visitor) -> None:
    _decide("Approve")(olivia)
    olivia.link(session=LONG[:128])
    _ready(olivia)


def _grants(olivia: Visitor) -> None:
    _decide("Approve")(olivia)
    olivia.open(f"{ACME}/agent/grants/")


def _talk(olivia: Visitor) -> None:
    olivia.ask()
    _ready(olivia)


def _list(olivia: Visitor) -> None:
    olivia.ask("What is this organization called? " + LONG)
    olivia.open(f"{ACME}/explorer/")


def _question(olivia: Visitor) -> None:
    olivia.ask()
    olivia.page.get_by_role("link", name="Look at it more closely").click()
    _ready(olivia)


PAGES: dict[str, tuple[str, Draw]] = {
    "sign in": ("", lambda nobody: nobody.open("/auth/login/")),
    "home": ("olivia", lambda olivia: olivia.open("/")),
    "ask": ("olivia", _ask),
    "nothing to grant": ("mia", lambda mia: mia.link()),
    "already": ("olivia", _already),
    "link not whole": ("olivia", lambda olivia: olivia.link(scopes="no")),
    "approved": ("olivia", _decide("Approve")),
    "rejected": ("olivia", _decide("Reject")),
    "grants": ("olivia", _grants),
    "explorer": ("olivia", _list),
    "conversation": ("olivia", _talk),
    "question of a conversation": ("olivia", _question),
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", list(PAGES))
def test_a_page_is_for_everybody(visit: Visit, page: str, dark: bool) -> None:
    """At 360 px, where things are tightest."""
    name, draw = PAGES[page]
    visitor = visit(name, width=360, dark=dark)
    draw(visitor)
    wide = visitor.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360, f"{wide} px wide"
    found: Any = Axe().run(visitor.page).response
    assert [(rule["id"], rule["help"]) for rule in found["violations"]] == []
    assert [trouble for trouble in visitor.troubles if not trouble.startswith(REFUSAL)] == []


def test_signing_in_and_out(visit: Visit) -> None:
    nobody = visit("")
    olivia = next(
        user for user in nobody._deployment.world["users"] if user["email"] == "olivia@example.com"
    )
    nobody.open(f"{ACME}/explorer/")
    nobody.page.get_by_label("Email").fill(olivia["email"])
    nobody.page.get_by_label("Password").fill("wrong")
    nobody.button("Sign in").click()
    nobody.page.get_by_role("alert").wait_for()
    nobody.page.get_by_label("Email").fill(olivia["email"])
    nobody.page.get_by_label("Password").fill(olivia["password"])
    nobody.page.keyboard.press("Enter")
    nobody.page.wait_for_url(f"{nobody.url}{ACME}/explorer/")
    nobody.button("Sign out").click()
    nobody.page.wait_for_url(f"{nobody.url}/auth/login/")


def test_what_seer_does_shows_as_it_happens(visit: Visit) -> None:
    """The page fetches itself while Seer is at work, and stops when it is done."""
    olivia = visit()
    olivia.ask()
    olivia.button("Reject").click()
    olivia.page.get_by_text("Seer is done").wait_for()
    assert "the user did not approve" in olivia.page.content()
    assert olivia.troubles == []
