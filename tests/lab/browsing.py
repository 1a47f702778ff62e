"""Pages of the lab in Chromium, which are watched: no error, and nobody else is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from harness.lab.launch import Lab

WIDE = {"width": 1400, "height": 900}


@dataclass
class Watch:
    """What must not be: `errors` of pages, and `strangers` whom they asked."""

    hosts: set[str]
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        """Watches a page."""
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def over_all(self, context: BrowserContext) -> None:
        """Watches what is asked for, and every page that is opened."""
        context.on("request", lambda request: self._look(request.url))
        context.on("page", self.over)

    def _listen(self, message: ConsoleMessage) -> None:
        # What the API refuses is told to the page, and by the browser as an error.
        refused = "status of 400" in message.text
        if message.type in ("error", "warning") and not refused:
            self.errors.append(message.text)

    def _look(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("data", "blob") and address.netloc not in self.hosts:
            self.strangers.append(url)


class MakePage:
    """Opens pages of the lab, at the start of the world."""

    def __init__(self, browser: Browser, lab: Lab, restart: Callable[[], None]) -> None:
        self.lab = lab
        self._browser = browser
        self._restart = restart
        self._contexts: list[BrowserContext] = []
        sentry = urlsplit(lab.description["sentry"]["url"]).netloc
        self.watch = Watch({urlsplit(lab.root).netloc, sentry})

    def __call__(
        self,
        *,
        viewport: dict[str, int] | None = None,
        scheme: str = "light",
        restart: bool = True,
        route: tuple[str, Callable[[Route], None]] | None = None,
    ) -> Page:
        """A page that shows the lab; `restart`: from the start; `route`: what is answered else."""
        if restart:
            self._restart()
        options: dict[str, Any] = {"viewport": viewport or WIDE, "color_scheme": scheme}
        context = self._browser.new_context(
            reduced_motion="reduce", locale="en-US", accept_downloads=True, **options
        )
        self._contexts.append(context)
        self.watch.over_all(context)
        page = context.new_page()
        if route is not None:
            page.route(*route)
        page.goto(self.lab.url)
        expect(page.locator("#line")).to_have_text("live")
        expect(page.locator(".stop")).to_have_count(6)
        return page

    def close(self) -> None:
        """Closes every page."""
        for context in self._contexts:
            for page in context.pages if self.watch.errors else ():
                self.watch.errors.append(page.locator("#trouble").inner_text())
            context.close()


def position(page: Page, stops: int) -> None:
    """Waits until so many stops of the tour are behind, and nothing is being played."""
    expect(page.locator("body:not(.busy) .stop.done")).to_have_count(stops)
    when_idle(page)


def when_idle(page: Page) -> None:
    """Waits until nothing is being played."""
    expect(page.locator("body.busy")).to_have_count(0)
