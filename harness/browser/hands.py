"""The hands of a user on the pages: what they click is what the scenario says.

What a page says is read back as the answer of the API would be, from what it shows, so
that expectations need not tell the two apart. What is on no page (Basic credentials, an
answer to a question that is not asked) is done over HTTP with the browser's own session.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from harness.scenario.answer import Answer
from harness.scenario.hands import SESSION_COOKIE, HttpHands, Jar, Said, Way
from harness.scenario.wire import UnreachableError, Wire
from harness.transcript import Received

if TYPE_CHECKING:
    from harness.browser.window import BrowserWindow

_RUN = re.compile(r"/explorer/(\d+)/(?:\?|$)")


class BrowserHands:
    """A user with a browser window."""

    def __init__(self, wire: Wire, name: str, window: BrowserWindow) -> None:
        self._wire = wire
        self._name = name
        self.window = window

    @property
    def jar(self) -> Jar:
        """The cookies of the browser, for this server."""
        return self.window.jar

    @property
    def signed_in(self) -> bool:
        """Whether there is a session cookie."""
        return SESSION_COOKIE in self.jar.cookies

    def sign_in(self, email: str, password: str, *, by: Way = "form", to: str = "") -> Answer:
        """On the sign-in page; Basic credentials are on no page."""
        self.window.context.clear_cookies()
        if by == "basic":
            return self._over_http(lambda hands: hands.sign_in(email, password, by=by, to=to))
        with self.window.acting("sign in") as page:
            page.goto(self._url(f"/auth/login/?next={quote(to)}" if to else "/auth/login/"))
            page.get_by_label("Email").fill(email)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
        return self._answer_of("/auth/login/")

    def sign_out(self) -> Answer:
        """By the button that every page has."""
        with self.window.acting("step") as page:
            page.goto(self._url("/"))
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_load_state()
        return self._answer_of("/auth/logout/")

    def approve(self, organization: str, session: str, scopes: list[str]) -> Answer:
        """Behind the approval link; what it asks for is what is to be granted."""
        return self._decide(organization, session, scopes, scopes)

    def ask(self, organization: str, query: str) -> Answer:
        """On the page of Explorer."""
        with self.window.acting("step") as page:
            page.goto(self._url(_explorer(organization)))
            page.get_by_role("textbox").fill(query)
            page.get_by_role("button", name="Ask Seer").click()
            page.wait_for_load_state()
        return self._talked()

    def go_on(self, organization: str, run_id: int | str, query: str) -> Answer:
        """On the page of the conversation."""
        with self.window.acting("step") as page:
            page.goto(self._url(_explorer(organization, run_id)))
            page.get_by_label("Your message").fill(query)
            page.get_by_role("button", name="Send").click()
            page.wait_for_load_state()
        return self._talked()

    def respond(self, organization: str, run_id: int | str, said: Said) -> Answer:
        """In place; who grants other than what was asked for does it behind the link."""
        if said.decision == "approve" and said.granted != said.asked:
            return self._decide(organization, f"explorer-{run_id}", said.asked, said.granted)
        with self.window.acting("step") as page:
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
        with self.window.acting("step") as page:
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
        with self.window.acting("step") as page:
            page.goto(self._url(path))
            approve = page.locator('button[value="approve"]')
            if approve.count():
                for box in page.locator('input[name="scope"]:enabled').all():
                    box.set_checked(box.input_value() in granted)
                approve.click()
                page.wait_for_load_state()
            outcome = self._outcome()
        return self._said(self._last.status, outcome or {"detail": self._alert()})

    def _talked(self) -> Answer:
        """What became of a message: the conversation, or what the page says is wrong."""
        page = self.window.page
        found = _RUN.search(page.url)
        alert = page.locator("[role=alert]")
        if found and not alert.count():
            return self._said(200, {"run_id": int(found[1])} | (self._outcome() or {}))
        return self._said(self._last.status, {"detail": self._alert()})

    def _outcome(self) -> dict[str, Any] | None:
        """What the page says became of a decision, if it says so."""
        said = self.window.page.locator("[data-outcome]")
        outcome = said.get_attribute("data-outcome") if said.count() else None
        return json.loads(outcome) if outcome else None

    def _alert(self) -> str:
        alert = self.window.page.locator("[role=alert]")
        return alert.first.inner_text() if alert.count() else ""

    def _said(self, status: int, body: Any) -> Answer:
        others = (pair for pair in self._last.headers if pair[0] != "content-type")
        headers = (*others, ("content-type", "application/json"))
        return Answer(Received(status, headers, json.dumps(body).encode()))

    @property
    def _last(self) -> Received:
        if not self.window.exchanges:
            raise UnreachableError(f"{self._name}'s browser loaded no page")
        return self.window.exchanges[-1][1]

    def _answer_of(self, path: str) -> Answer:
        """What the post to `path` was answered."""
        posted = [
            received
            for sent, received in self.window.exchanges
            if sent.method == "POST" and sent.url.partition("?")[0].endswith(path)
        ]
        # Where a policy stopped the browser half way, the page is still there.
        return Answer(posted[-1] if posted else self._last)

    def _over_http(self, act: Any) -> Answer:
        """Beside the pages, with the browser's session; cookies that come are the browser's."""
        hands = HttpHands(self._wire, self._name)
        hands.jar = self.jar
        answer: Answer = act(hands)
        self.window.jar = hands.jar
        self.window.context.add_cookies(
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
