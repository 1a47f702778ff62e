"""The hands of a user: how a person signs in, approves, and calls with a session.

`HttpHands` does it over HTTP. Another pair, such as a browser, does the same on the
pages; scenarios do not tell them apart.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlencode

from harness.scenario.answer import Answer, Headers, Request
from harness.scenario.windows import Window
from harness.scenario.wire import Wire

SESSION_COOKIE = "sentrysid"
CSRF_COOKIE = "sc"
CSRF_HEADER = "X-CSRFToken"
PREFIX = "sntryag_"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Way = Literal["form", "basic"]

_FIELD = re.compile(r'<input\b[^>]*\bname="csrfmiddlewaretoken"[^>]*>')
_VALUE = re.compile(r'\bvalue="([^"]*)"')


class Jar:
    """The cookies of one user, for one server."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def take(self, answer: Answer) -> None:
        """Keeps the cookies that an answer sets, drops those that it takes away."""
        for value in answer.header_values("set-cookie"):
            try:
                parsed = SimpleCookie(value)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)

    def headers(self, method: str, csrf: bool | str = True) -> Headers:
        """The headers of a request: cookies, and the CSRF token where the request writes.

        `csrf`: whether to send the token, or a text to send in its place.
        """
        headers: list[tuple[str, str]] = []
        if self.cookies:
            joined = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers.append(("Cookie", joined))
        token = self.cookies.get(CSRF_COOKIE, "") if csrf is True else csrf
        if token and (method not in SAFE_METHODS or isinstance(csrf, str)):
            headers.append((CSRF_HEADER, token))
        return tuple(headers)


class Hands(Protocol):
    """What a user does in person."""

    @property
    def signed_in(self) -> bool:
        """Whether there is a session."""

    @property
    def jar(self) -> Jar:
        """The cookies of the session."""

    @property
    def window(self) -> Window | None:
        """The browser's window; None for hands that have none."""

    def sign_in(self, email: str, password: str, *, by: Way = "form", to: str = "") -> Answer:
        """Signs in; `to` is where the page is asked to lead afterwards."""

    def sign_out(self) -> Answer:
        """Signs out."""

    def approve(self, organization: str, session: str, scopes: list[str]) -> Answer:
        """Approves scopes for an agent session; `organization` is a slug or an id."""

    def ask(self, organization: str, query: str) -> Answer:
        """Begins a conversation with Seer; the answer has its `run_id`."""

    def go_on(self, organization: str, run_id: int | str, query: str) -> Answer:
        """Says one more thing in a conversation."""

    def respond(self, organization: str, run_id: int | str, said: Said) -> Answer:
        """Answers a question of Seer's: grants first what is granted, then says so."""

    def interrupt(self, organization: str, run_id: int | str) -> Answer:
        """Ends what Seer does in a conversation."""


@dataclass(frozen=True)
class Said:
    """What a user says to Seer's question `question`: whether they approve what was `asked`.

    `granted` are the scopes that they grant where they approve.
    """

    question: str
    decision: Literal["approve", "reject"]
    asked: list[str]
    granted: list[str]


class HttpHands:
    """Hands that speak HTTP, as the pages and their scripts do."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name
        self.jar = Jar()
        #: There is no window.
        self.window: Window | None = None

    @property
    def signed_in(self) -> bool:
        """Whether there is a session cookie."""
        return SESSION_COOKIE in self.jar.cookies

    def sign_in(self, email: str, password: str, *, by: Way = "form", to: str = "") -> Answer:
        """By the login form, or by `POST /api/0/auth/` with Basic credentials."""
        self.jar = Jar()
        answer = self._sign_in_by_form(email, password, to) if by == "form" else None
        if answer is None:
            pair = b64encode(f"{email}:{password}".encode()).decode()
            answer = self._send("POST", "/api/0/auth/", (("Authorization", f"Basic {pair}"),))
        self.jar.take(answer)
        if answer.planned:
            self.jar.cookies = {
                SESSION_COOKIE: f"<session of {self._name}>",
                CSRF_COOKIE: f"<CSRF token of {self._name}>",
            }
        return answer

    def sign_out(self) -> Answer:
        """Posts to the logout page."""
        answer = self._send("POST", "/auth/logout/", self.jar.headers("POST"), purpose="step")
        self.jar.take(answer)
        if answer.planned:
            self.jar = Jar()
        return answer

    def approve(self, organization: str, session: str, scopes: list[str]) -> Answer:
        """Posts to the approval endpoint with the session and its CSRF token."""
        return self._post(approve_path(organization), {"sessionId": session, "scopes": scopes})

    def ask(self, organization: str, query: str) -> Answer:
        """Posts to the API, as all that follows."""
        return self._post(explorer_path(organization, "chat"), {"query": query})

    def go_on(self, organization: str, run_id: int | str, query: str) -> Answer:
        """One more message."""
        return self._post(explorer_path(organization, "chat", run_id), {"query": query})

    def respond(self, organization: str, run_id: int | str, said: Said) -> Answer:
        """To approve is two requests: the grant, and what Seer is told."""
        if said.decision == "approve":
            self.approve(organization, f"explorer-{run_id}", said.granted)
        response = {"decision": said.decision, "scopes": said.asked}
        payload = {
            "type": "user_input_response",
            "input_id": said.question,
            "response_data": response,
        }
        return self._post(explorer_path(organization, "update", run_id), {"payload": payload})

    def interrupt(self, organization: str, run_id: int | str) -> Answer:
        """The end of what Seer does."""
        path = explorer_path(organization, "update", run_id)
        return self._post(path, {"payload": {"type": "interrupt"}})

    def _post(self, path: str, body: Any) -> Answer:
        headers = (
            *self.jar.headers("POST"),
            ("Accept", "application/json"),
            ("Content-Type", "application/json"),
        )
        answer = self._wire.send(
            self._name, Request("POST", path, headers, json.dumps(body).encode())
        )
        self.jar.take(answer)
        return answer

    def _sign_in_by_form(self, email: str, password: str, to: str) -> Answer:
        page = self._send("GET", f"/auth/login/?next={quote(to)}" if to else "/auth/login/")
        self.jar.take(page)
        field = _FIELD.search(page.text)
        value = _VALUE.search(field[0]) if field else None
        form = {
            "username": email,
            "password": password,
            "csrfmiddlewaretoken": value[1] if value else self.jar.cookies.get(CSRF_COOKIE, ""),
        }
        if to:
            form["next"] = to
        headers = (
            *self.jar.headers("POST", csrf=False),
            ("Content-Type", "application/x-www-form-urlencoded"),
        )
        return self._send("POST", "/auth/login/", headers, urlencode(form).encode())

    def _send(
        self,
        method: str,
        path: str,
        headers: Headers = (),
        body: bytes = b"",
        purpose: str = "sign in",
    ) -> Answer:
        return self._wire.send(self._name, Request(method, path, headers, body), purpose=purpose)


def mint_path(organization: str) -> str:
    """Where agent tokens are minted."""
    return f"/api/0/organizations/{quote(organization, safe='')}/agent/token/"


def approve_path(organization: str) -> str:
    """Where users approve."""
    return f"/api/0/organizations/{quote(organization, safe='')}/agent/approve/"


def explorer_path(organization: str, word: str, run_id: int | str = "") -> str:
    """Where users talk with Seer: `word` is chat or update."""
    run = f"{run_id}/" if run_id != "" else ""
    return f"/api/0/organizations/{quote(organization, safe='')}/seer/explorer-{word}/{run}"
