"""The people of scenarios, in one browser: a context of their own for each.

A `BrowserPeople` can be sent to another process, which starts a browser of its own when
somebody first needs one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.browser.attackers_pages import AttackersPages, serve_attackers_pages
from harness.browser.chromium import BrowserMissingError, find_chromium, launch
from harness.browser.hands import BrowserHands
from harness.browser.window import BrowserWindow
from harness.scenario.hands import Hands
from harness.scenario.stage import MakeHands
from harness.scenario.wire import Wire

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

# Milliseconds that a page may take: everything is on this machine, or as near as can be.
_PATIENCE = 15_000


@dataclass(frozen=True)
class BrowserPeople:
    """Users with a browser.

    `headed`: its window is shown. `pictures`: what it shows when a scenario fails goes into
    the transcript. `traces`: the folder for a trace of each scenario that fails.
    """

    headed: bool = False
    pictures: bool = False
    traces: Path | None = None

    def check(self) -> None:
        """Raises BrowserMissingError where there is no browser, before anything is played."""
        with _driver() as playwright:
            find_chromium(playwright)
            if self.headed:
                # A window needs a display, too.
                launch(playwright, headed=True).close()

    @contextmanager
    def open(self) -> Iterator[MakeHands]:
        """What gives users their hands; the browser ends with the context.

        Raises BrowserMissingError, at once, where there is none.
        """
        with ExitStack() as around:
            browser = launch(around.enter_context(_driver()), headed=self.headed)
            around.callback(browser.close)
            yield around.enter_context(self.within(browser))

    @contextmanager
    def within(self, browser: Browser) -> Iterator[MakeHands]:
        """As `open`, in a browser that is there already and stays."""
        with serve_attackers_pages() as pages:
            crowd = _Crowd(browser, pages, self)
            try:
                yield crowd.make_hands
            finally:
                crowd.clear()


def _driver() -> AbstractContextManager[Playwright]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise BrowserMissingError(
            "Playwright is not installed: pip install 'seer-harness[browser]'"
        ) from None
    return sync_playwright()


@dataclass
class _Crowd:
    """Who has a browser window now: those of one scenario."""

    browser: Browser
    pages: AttackersPages
    wishes: BrowserPeople
    _contexts: list[BrowserContext] = field(default_factory=list)
    _wire: Wire | None = None

    def clear(self) -> None:
        """Closes all windows."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def make_hands(self, wire: Wire, name: str) -> Hands:
        """A fresh window for `name`; those of an earlier scenario are closed."""
        if wire is not self._wire:
            self._wire = wire
            self.clear()
        context = self.browser.new_context(**_WINDOW)
        context.set_default_timeout(_PATIENCE)
        self._contexts.append(context)
        wishes = self.wishes
        if wishes.traces is not None:
            context.tracing.start(screenshots=True, snapshots=True)
        window = BrowserWindow(
            context, wire, name, self.pages, pictures=wishes.pictures, traces=wishes.traces
        )
        return BrowserHands(wire, name, window)


_WINDOW: dict[str, Any] = {
    "viewport": {"width": 1100, "height": 900},
    "locale": "en-US",
    "timezone_id": "UTC",
    "accept_downloads": False,
    "service_workers": "block",
}
