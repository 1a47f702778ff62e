"""The hands of a user on the pages: what they click is what the scenario says.

What a page says is read back as the answer of the API would be, from what it shows, so
that expectations need not tell the two apart. What is on no page (Basic credentials, an
answer to a question that is not asked) is done over HTTP with the browser's own session.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from harness.scenario.answer import Answer
from harness.scenario.hands import SESSION_COOKIE, HttpHands, Jar, Said, Way
from harness.scenario.wire import UnreachableError, Wire
from harness.transcript import Received, Sent

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Response

# Of a browser's headers those that say something about the request, not about the browser.
_TELLING: Final = frozenset({"cookie", "content-type", "origin", "referer", "x-csrftoken"})
_RUN = re.compile(r"/explorer/(\d+)/$")


class BrowserHands:
    """A user with a browser window."""

    def __init__(self, wire: Wire, name: str, context: BrowserContext) -> None:
        self._wire = wire
        self._name = name
        self._context = context
        self._seen: list[Response] = []
        self._page: Page | None = None
        self.jar = Jar()

    @property
    def signed_in(self) -> bool:
        """Whether there is a session cookie."""
        return SESSION_COOKIE in self.jar.cookies

    def sign_in(self, email: str, password: str, *, by: Way = "form", to: str = "") -> Answer:
        """On the sign-in page; Basic credentials are on no page."""
        self._context.clear_cookies()
        if by == "basic":
            return self._over_http(lambda hands: hands.sign_in(email, password, by=by, to=to))
        with self._acting("sign in") as page:
            page.goto(self._url(f"/auth/login/?next={quote(to)}" if to else "/auth/login/"))
            page.get_by_label("Email").fill(email)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
        return self._answer_of("/auth/login/")

    def sign_out(self) -> Answer:
        """By the button that every page has."""
        with self._acting("step") as page:
            page.goto(self._url("/"))
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_load_state()
        return self._answer_of("/auth/logout/")

    def approve(self, organization: str, session: str, scopes: list[str]) -> Answer:
        """Behind the approval link; what it asks for is what is to be granted."""
        return self._decide(organization, session, scopes, scopes)

    def ask(self, organization: str, query: str) -> Answer:
        """On the page of Explorer."""
        with self._acting("step") as page:
            page.goto(self._url(_explorer(organization)))
            page.get_by_role("textbox").fill(query)
            page.get_by_role("button", name="Ask Seer").click()
            page.wait_for_load_state()
        return self._talked()

    def go_on(self, organization: str, run_id: int | str, query: str) -> Answer:
        """On the page of the conversation."""
        with self._acting("step") as page:
            page.goto(self._url(_explorer(organization, run_id)))
            page.get_by_label("Your message").fill(query)
            page.get_by_role("button", name="Send").click()
            page.wait_for_load_state()
        return self._talked()

    def respond(self, organization: str, run_id: int | str, said: Said) -> Answer:
        """In place; who grants other than what was asked for does it behind the link."""
        if said.decision == "approve" and said.granted != said.asked:
            return self._decide(organization, f"explorer-{run_id}", said.asked, said.granted)
        with self._acting("step") as page:
            page.goto(self._url(_explorer(organization, run_id)))
            question = page.locator("form.question")
            shown = question.count() and question.locator("[name=input]").input_value()
            if shown == said.question:
                question.get_by_role("button", name=said.decision.capitalize()).click()
                page.wait_for_load_state()
        if shown != said.question:
            return self._over_http(lambda hands: hands.respond(organization, run_id, said))
        return self._talked()

    def interrupt(self, organization: str, run_id: int | str) -> Answer:
        """By the button that is there while Seer works or waits."""
        with self._acting("step") as page:
            page.goto(self._url(_explorer(organization, run_id)))
            button = page.get_by_role("button", name="End the run")
            there = button.count() > 0
            if there:
                button.click()
                page.wait_for_load_state()
        if not there:
            return self._over_http(lambda hands: hands.interrupt(organization, run_id))
        return self._talked()

    def _decide(
        self, organization: str, session: str, asked: list[str], granted: list[str]
    ) -> Answer:
        query = urlencode({"session": session, "scopes": " ".join(asked)})
        path = f"/organizations/{quote(organization, safe='')}/agent/approve/?{query}"
        with self._acting("step") as page:
            page.goto(self._url(path))
            approve = page.locator('button[value="approve"]')
            if approve.count():
                for box in page.locator('input[name="scope"]:enabled').all():
                    box.set_checked(box.input_value() in granted)
                approve.click()
                page.wait_for_load_state()
            said = page.locator("[data-outcome]")
            outcome = said.get_attribute("data-outcome") if said.count() else None
        status = self._last.status
        return self._said(status, json.loads(outcome) if outcome else {"detail": self._alert()})

    def _talked(self) -> Answer:
        """What became of a message: the conversation, or what the page says is wrong."""
        page = self._open()
        found = _RUN.search(page.url)
        alert = page.locator("[role=alert]")
        if found and not alert.count():
            return self._said(200, {"run_id": int(found[1])})
        return self._said(self._last.status, {"detail": self._alert()})

    def _alert(self) -> str:
        alert = self._open().locator("[role=alert]")
        return alert.first.inner_text() if alert.count() else ""

    def _said(self, status: int, body: Any) -> Answer:
        others = (pair for pair in self._last.headers if pair[0] != "content-type")
        headers = (*others, ("content-type", "application/json"))
        return Answer(Received(status, headers, json.dumps(body).encode()))

    # -- what passes, and the cookies that it leaves

    @contextmanager
    def _acting(self, purpose: str) -> Iterator[Page]:
        """The window, for one thing that a user does; what was loaded is written down.

        Raises UnreachableError when a page does not come, or has not what it should have.
        """
        from playwright.sync_api import Error

        self._seen.clear()
        try:
            yield self._open()
        except Error as error:
            first = str(error).strip().partition("\n")[0]
            raise UnreachableError(f"{self._name}'s browser: {first}") from None
        finally:
            self._exchanges = [self._write(response, purpose) for response in self._seen]
            cookies = self._context.cookies(self._wire.url)
            self.jar.cookies = {cookie["name"]: cookie["value"] for cookie in cookies}

    def _open(self) -> Page:
        if self._page is None:
            self._page = self._context.new_page()
            self._page.on("response", self._note)
        return self._page

    def _note(self, response: Response) -> None:
        # What a page draws itself with, and asks again and again, is no act of the user's.
        if response.request.resource_type == "document":
            self._seen.append(response)

    def _write(self, response: Response, purpose: str) -> tuple[Sent, Received]:
        from playwright.sync_api import Error

        asked = response.request
        headers = tuple(
            (pair["name"], pair["value"])
            for pair in asked.headers_array()
            if pair["name"].lower() in _TELLING
        )
        sent = Sent(asked.method, asked.url, headers, asked.post_data_buffer or b"")
        try:
            body = response.body() if response.status < 300 or response.status >= 400 else b""
        except Error:
            # A page that another took the place of has none any more.
            body = b""
        pairs = ((pair["name"].lower(), pair["value"]) for pair in response.headers_array())
        received = Received(response.status, tuple(_lasting(pairs)), body)
        self._wire.write(self._name, sent, received, purpose=purpose)
        return sent, received

    @property
    def _last(self) -> Received:
        if not self._exchanges:
            raise UnreachableError(f"{self._name}'s browser loaded no page")
        return self._exchanges[-1][1]

    def _answer_of(self, path: str) -> Answer:
        """What the post to `path` was answered."""
        posted = [
            received
            for sent, received in self._exchanges
            if sent.method == "POST" and sent.url.partition("?")[0].endswith(path)
        ]
        if not posted:
            raise UnreachableError(f"{self._name}'s browser sent nothing to {path}")
        return Answer(posted[-1])

    def _over_http(self, act: Any) -> Answer:
        """Beside the pages, with the browser's session; cookies that come are the browser's."""
        hands = HttpHands(self._wire, self._name)
        hands.jar = self.jar
        answer: Answer = act(hands)
        self.jar = hands.jar
        self._context.add_cookies(
            [
                {"name": name, "value": value, "url": self._wire.url}
                for name, value in self.jar.cookies.items()
            ]
        )
        return answer

    def _url(self, path: str) -> str:
        return self._wire.url + path


def _explorer(organization: str, run_id: int | str = "") -> str:
    run = f"{run_id}/" if run_id != "" else ""
    return f"/organizations/{quote(organization, safe='')}/explorer/{run}"


def _lasting(headers: Any) -> Iterator[tuple[str, str]]:
    """Headers one by one: Chromium joins cookies that are set together by line breaks."""
    for name, value in headers:
        for part in value.split("\n"):
            yield name, part
