"""A user's window in Chromium: its tabs, what is done in them, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.browser.attackers_pages import AttackersPages
from harness.browser.traffic import Traffic
from harness.scenario.answer import Answer
from harness.scenario.hands import Jar
from harness.scenario.windows import OPENED, Gesture, Origin
from harness.scenario.wire import UnreachableError, Wire
from harness.transcript import Received, Sent

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page

# Rounds in a row without news after which all is still, and those after which it never will be.
_STILL, _RESTLESS = 3, 200
# There and back to the server: what was set going before has reached it by then.
_ROUND: Final = """() => fetch('/static/icon.svg', {cache: 'no-store'})
    .catch(() => null).then(() => window.opened || 0)"""
_VIEW: Final = """() => ({
    title: document.title,
    text: document.body ? document.body.innerText : '',
    alert: [...document.querySelectorAll('[role=alert]')].map(e => e.innerText).join('\\n'),
    links: [...document.querySelectorAll('a[href]')].map(e => e.href),
    referrer: document.referrer,
    cookies: document.cookie.split('; ').filter(Boolean).map(c => c.split('=')[0]).sort(),
})"""
# Both sides of a press that lands where the pointer is, as the second of two or the only one.
_PRESSES: Final[Mapping[Gesture, int]] = {"click": 1, "double click": 2}


class BrowserWindow:
    """The window of the user `name`; `jar` has its cookies as they are after each act."""

    def __init__(
        self,
        context: BrowserContext,
        wire: Wire,
        name: str,
        pages: AttackersPages,
        *,
        pictures: bool = False,
        traces: Path | None = None,
    ) -> None:
        self.context = context
        self.jar = Jar()
        self.exchanges: list[tuple[Sent, Received]] = []
        self._wire = wire
        self._name = name
        self._attacker = pages
        self._pictures = pictures
        self._traces = traces
        self._traffic = Traffic(context, wire, name)
        self._tabs: dict[str, Page] = {}
        self._tab = ""
        self._opened: list[Page] = []
        self._popups = 0
        self._dialogs: list[str] = []
        self._errors: list[str] = []
        self._stopped = self._frozen = False
        context.on("page", self._notice)
        context.on("dialog", self._dismiss)
        context.on("console", self._hear)

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where the attacker's pages are, by origin."""
        return self._attacker.addresses

    @property
    def page(self) -> Page:
        """The page of the tab used last."""
        return self._page(self._tab)

    @contextmanager
    def acting(self, purpose: str = "step", tab: str = "") -> Iterator[Page]:
        """A tab, for one thing that a user does; what was loaded is written down.

        Raises UnreachableError when a page does not come, or has not what it should have.
        """
        from playwright.sync_api import Error

        self._traffic.forget()
        self._dialogs.clear()
        self._errors.clear()
        try:
            yield self._page(tab)
        except Error as error:
            first = str(error).strip().partition("\n")[0]
            raise UnreachableError(f"{self._name}'s browser: {first}") from None
        finally:
            self.exchanges = self._traffic.take(purpose)
            cookies = self.context.cookies(self._wire.url)
            self.jar.cookies = {cookie["name"]: cookie["value"] for cookie in cookies}

    # -- what a user does

    def open_link(self, link: str, tab: str = "") -> Answer:
        """Goes to an address; a path is one of the server's."""
        url = self._wire.url + link if link.startswith("/") else link
        return self._do(lambda page: page.goto(url), tab)

    def open_page(self, markup: str, origin: Origin, tab: str = "") -> Answer:
        """Opens a page that the attacker wrote."""
        return self.open_link(self._put_up(markup, origin), tab)

    def look_at(self, tab: str = "") -> Answer:
        """Looks at a tab, and does nothing."""
        return self._do(lambda _: None, tab)

    def click(self, name: str, *, twice: bool = False, tab: str = "") -> Answer:
        """Clicks on a button or link once it can be clicked; looks at a tab that this opens."""

        def act(page: Page) -> None:
            self._resume()
            target = page.get_by_role("button", name=name, exact=True)
            target = target.or_(page.get_by_role("link", name=name, exact=True)).first
            # What follows is waited for below: Playwright would wait for what a policy stops, too.
            target.click(click_count=2 if twice else 1, no_wait_after=True)

        return self._do(act, tab)

    def press(self, key: str, tab: str = "") -> Answer:
        """Presses a key."""
        return self._do(lambda page: page.keyboard.press(key), tab)

    def go_back(self, tab: str = "") -> Answer:
        """By the browser's button."""
        return self._do(lambda page: page.go_back(), tab)

    def inject(self, markup: str, tab: str = "") -> Answer:
        """Puts markup into the page, as a hole in its escaping would let in."""
        return self._do(
            lambda page: page.evaluate(
                "markup => document.querySelector('main').insertAdjacentHTML('afterbegin', markup)",
                markup,
            ),
            tab,
        )

    def rush(
        self, markup: str, origin: Origin, gesture: Gesture, name: str, tab: str = ""
    ) -> Answer:
        """Opens the attacker's page and begins a gesture on its first button.

        What that opens is there before time goes on, and there, on the button `name` where
        it has a place, the gesture ends.
        """
        url = self._put_up(markup, origin)

        def act(page: Page) -> None:
            # Timers of pages stand still: however slow this machine is, no time passes.
            self.context.clock.install(time=0)
            self.context.clock.pause_at(1000)
            self._frozen = True
            page.goto(url)
            first = page.locator("button").first
            if gesture == "held Enter":
                first.focus()
                page.keyboard.down("Enter")
            else:
                first.click()
            self._settle(page)
            page = self.page
            page.bring_to_front()
            # Chromium drops what is pressed on a page that it has not painted yet.
            page.screenshot()
            if gesture == "held Enter":
                page.keyboard.down("Enter")
                self._settle(page)
                page.keyboard.up("Enter")
                return
            box = page.get_by_role("button", name=name, exact=True).bounding_box()
            if box is not None:
                count = _PRESSES[gesture]
                page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                page.mouse.down(click_count=count)
                page.mouse.up(click_count=count)

        return self._do(act, tab)

    # -- what there is to see

    def look(self) -> dict[str, Any]:
        """The page of the tab used last."""
        from playwright.sync_api import Error

        page = self.page
        try:
            view: dict[str, Any] = page.evaluate(_VIEW)
            frames = [frame.title() for frame in page.frames[1:] if frame.url.startswith("http")]
        except Error as error:
            first = str(error).strip().partition("\n")[0]
            raise UnreachableError(f"{self._name}'s browser: {first}") from None
        return view | {
            "url": page.url.removeprefix(self._wire.url),
            "frames": frames,
            "dialogs": list(self._dialogs),
            "errors": list(self._errors),
        }

    def picture(self) -> list[tuple[str, bytes]]:
        """Each tab's address and a PNG of it, with passwords covered."""
        from playwright.sync_api import Error

        found = []
        for page in self._tabs.values() if self._pictures else ():
            with suppress(Error):
                secret = page.locator("input[type=password]")
                found.append((page.url, page.screenshot(mask=[secret], animations="disabled")))
        return found

    def leave(self, name: str, *, failed: bool) -> None:
        """The scenario `name` is over; of one that failed a trace is kept where one is made."""
        if self._traces is None or self._stopped:
            return
        self._stopped = True
        kept = self._traces / f"{name}-{self._name}.zip"
        self.context.tracing.stop(path=kept if failed else None)

    # -- tabs, and rest

    def _do(self, act: Callable[[Page], object], tab: str) -> Answer:
        with self.acting(tab=tab) as page:
            # A tab behind another draws nothing, and clicks wait until it does.
            page.bring_to_front()
            act(page)
            self._settle(page)
        documents = [received for _, received in self.exchanges]
        return Answer(documents[-1] if documents else Received(200, (), b""))

    def _page(self, tab: str) -> Page:
        self._tab = tab
        if tab not in self._tabs:
            self._tabs[tab] = self.context.new_page()
            self._opened.remove(self._tabs[tab])
            self._popups -= 1
        return self._tabs[tab]

    def _put_up(self, markup: str, origin: Origin) -> str:
        self._popups = 0
        return self.addresses[origin] + self._attacker.write(markup)

    def _resume(self) -> None:
        if self._frozen:
            self._frozen = False
            self.context.clock.resume()

    def _settle(self, page: Page) -> None:
        """Waits until nothing is on its way any more; what opened takes the tab's place."""
        calm = rounds = 0
        while calm < _STILL:
            rounds += 1
            if rounds > _RESTLESS:
                raise UnreachableError(f"{self._name}'s browser never comes to rest")
            calm = calm + 1 if self._is_calm(page) else 0
            if self._opened:
                page = self._tabs[OPENED] = self._opened.pop()
                self._tab = OPENED
                self._opened.clear()
                calm = 0

    def _is_calm(self, page: Page) -> bool:
        from playwright.sync_api import Error

        before = self._traffic.asked
        try:
            page.wait_for_load_state()
            opened = page.evaluate(_ROUND)
        except Error:
            # The page went away while it was asked.
            return page.is_closed()
        there = opened <= self._popups
        return there and self._traffic.asked == before and not self._traffic.busy

    def _notice(self, page: Page) -> None:
        self._opened.append(page)
        self._popups += 1

    def _dismiss(self, dialog: Dialog) -> None:
        self._dialogs.append(dialog.message)
        dialog.dismiss()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._errors.append(message.text)
