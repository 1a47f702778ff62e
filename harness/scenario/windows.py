"""A user's browser window, as scenarios see it: what only somebody with a browser can do.

Hands that work on pages have one; `harness.browser` has the real thing. The attacker's
pages come from two origins: `elsewhere` is another site, `neighbour` is another origin of
the same site, as a sibling subdomain is, whose requests carry the cookies of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from harness.scenario.answer import Answer

Origin = Literal["elsewhere", "neighbour"]
Gesture = Literal["click", "double click", "held Enter"]

#: The name of the tab that a page opened by itself; a later one takes its place.
OPENED: Final = "opened"
GESTURES: Final[tuple[Gesture, ...]] = ("click", "double click", "held Enter")
ORIGINS: Final[tuple[Origin, ...]] = ("elsewhere", "neighbour")
ADDRESSES: Final = ("sentry.url", *(f"{origin}.url" for origin in ORIGINS))
"""Names in texts that stand for the addresses of the server and of the attacker's pages."""

VIEW: Final = {
    "url": "the address; of a page of the server's the path alone",
    "title": "its title",
    "text": "all text that can be read",
    "alert": "what it says with the role alert; empty for nothing",
    "links": "where its links lead",
    "frames": "the titles of the pages that show within it",
    "dialogs": "what scripts said in dialogs since the step began",
    "errors": "what the browser's console has as errors since the step began",
    "referrer": "the address that the page was told one comes from",
    "cookies": "the names of the cookies that scripts can read",
}
"""What `page` in `expect` can be about."""


class Window(Protocol):
    """One user's window, with tabs that have names; every act ends when all is still."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where the attacker's pages are, by origin."""

    def open_link(self, link: str, tab: str = "") -> Answer:
        """Goes to an address; a path is one of the server's."""

    def open_page(self, markup: str, origin: Origin, tab: str = "") -> Answer:
        """Opens a page that the attacker wrote."""

    def look_at(self, tab: str = "") -> Answer:
        """Looks at a tab, and does nothing."""

    def click(self, name: str, *, twice: bool = False, tab: str = "") -> Answer:
        """Clicks on a button or link once it can be clicked; looks at a tab that this opens."""

    def press(self, key: str, tab: str = "") -> Answer:
        """Presses a key."""

    def go_back(self, tab: str = "") -> Answer:
        """By the browser's button."""

    def rush(
        self, markup: str, origin: Origin, gesture: Gesture, name: str, tab: str = ""
    ) -> Answer:
        """Opens the attacker's page and begins a gesture on its first button.

        What that opens is there before time goes on, and there, on the button `name` where
        it has a place, the gesture ends.
        """

    def inject(self, markup: str, tab: str = "") -> Answer:
        """Puts markup into the page, as a hole in its escaping would let in."""

    def look(self) -> dict[str, Any]:
        """The page of the tab used last: the keys of `VIEW`."""

    def picture(self) -> list[tuple[str, bytes]]:
        """Each tab's address and a PNG of it, with passwords covered; where they are wanted."""

    def leave(self, name: str, *, failed: bool) -> None:
        """The scenario `name` is over; of one that failed a trace is kept where one is made."""
