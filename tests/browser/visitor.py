"""A visitor of the pages in Chromium, who notes what a page must not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from harness.deployment import Deployment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

ACME = "/organizations/acme"
PATIENCE = 15_000


class Visitor:
    """`name` at the pages of `deployment`, signed in unless the name is empty.

    `troubles`: errors of the console and of scripts, and requests to other hosts.
    """

    def __init__(
        self,
        browser: Browser,
        deployment: Deployment,
        url: str,
        name: str,
        *,
        width: int = 1100,
        dark: bool = False,
    ) -> None:
        self.url = url
        self.troubles: list[str] = []
        self._deployment = deployment
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            locale="en-US",
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._hear)
        self.context.on("request", self._see)
        if name:
            self._sign_in(name)

    def open(self, path: str) -> None:
        """Goes to a path."""
        self.page.goto(self.url + path)

    def link(self, session: str = "s1", scopes: str = "org:write") -> None:
        """Follows an approval link."""
        query = urlencode({"session": session, "scopes": scopes})
        self.open(f"{ACME}/agent/approve/?{query}")

    def ask(self, query: str = "Rename this organization to Initech") -> None:
        """Asks Seer, until it has a question or is done."""
        self.open(f"{ACME}/explorer/")
        self.page.get_by_role("textbox").fill(query)
        self.button("Ask Seer").click()
        self.page.locator('#run:not([data-status="processing"])').wait_for()

    def button(self, name: str) -> Locator:
        """A button by what stands on it."""
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def approve(self) -> Locator:
        """The button to approve."""
        return self.page.locator('button[value="approve"]')

    def grants(self) -> list[dict[str, Any]]:
        """What is approved, as the operator sees it."""
        secret = self._deployment.secrets.control
        answer = self.context.request.get(
            f"{self.url}/control/grants/", headers={"Authorization": f"Bearer {secret}"}
        )
        found: list[dict[str, Any]] = answer.json()["grants"]
        return found

    def leave(self) -> None:
        """Closes the window."""
        self.context.close()

    def _sign_in(self, name: str) -> None:
        """By the page's own form, but sent by hand: the form has a test of its own."""
        email = f"{name}@example.com"
        users = self._deployment.world["users"]
        password = next(user["password"] for user in users if user["email"] == email)
        request = self.context.request
        request.get(f"{self.url}/auth/login/")
        token = next(c["value"] for c in self.context.cookies(self.url) if c["name"] == "sc")
        form = {"username": email, "password": password, "csrfmiddlewaretoken": token}
        answer = request.post(f"{self.url}/auth/login/", form=form)
        assert answer.ok, answer.text()

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.troubles.append(message.text)

    def _see(self, request: Any) -> None:
        if not request.url.startswith(self.url):
            self.troubles.append(f"a request to {request.url}")
