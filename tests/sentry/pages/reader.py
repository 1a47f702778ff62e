"""A user who reads pages: what stands in them, and the forms that they send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import Client, TestResponse

from tests.sentry.callers import Answer, Headers, Sentry

ACME = "/organizations/acme"
APPROVE, GRANTS, EXPLORER = (
    f"{ACME}/{end}/" for end in ("agent/approve", "agent/grants", "explorer")
)


@dataclass
class Form:
    """A form: its attributes, what it sends as it stands, and its buttons by their value."""

    attributes: dict[str, str | None]
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[dict[str, str | None]] = field(default_factory=list)


class Page(HTMLParser):
    """A page, taken apart."""

    def __init__(self, answer: TestResponse) -> None:
        super().__init__()
        self.status = answer.status_code
        self.headers = answer.headers
        self.title = ""
        self.text = ""
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside: list[str] = []
        self.source = answer.text
        self.feed(answer.text)

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = dict(pairs)
        self.tags.append((tag, attributes))
        self._inside.append(tag)
        if tag == "form":
            self.forms.append(Form(attributes))
        if not self.forms:
            return
        name, value = attributes.get("name"), attributes.get("value") or ""
        if tag == "button":
            self.forms[-1].buttons.append(attributes)
        sent = tag == "input" and "disabled" not in attributes
        if sent and name and (attributes.get("type") != "checkbox" or "checked" in attributes):
            self.forms[-1].fields.append((name, value))

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] == "title":
            self.title += data
        elif not self._inside or self._inside[-1] not in ("script", "style"):
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    @property
    def alert(self) -> bool:
        """Whether it says that something is wrong."""
        return any(attributes.get("role") == "alert" for _, attributes in self.tags)

    @property
    def outcome(self) -> Any:
        """What it tells programs of what was decided; None for nothing."""
        told = [
            attributes["data-outcome"]
            for _, attributes in self.tags
            if "data-outcome" in attributes
        ]
        return json.loads(told[0] or "null") if told else None

    def form(self, button: str) -> Form:
        """The form that has this decision among its buttons."""
        return next(f for f in self.forms if any(b.get("value") == button for b in f.buttons))

    def links(self) -> list[str]:
        """Where its links lead."""
        return [attributes.get("href") or "" for tag, attributes in self.tags if tag == "a"]


class Reader:
    """`name` with the pages of one mock Sentry, signed in unless the name is empty."""

    def __init__(self, sentry: Sentry, name: str = "olivia") -> None:
        self.sentry = sentry
        self.credential: Headers = {}
        if name:
            self.credential = {"Cookie": sentry.session(name)["Cookie"]}

    def open(self, path: str, **query: str) -> Page:
        """A page."""
        return Page(self.answer("GET", path, query_string=query or None))

    def answer(self, method: str, path: str, **sent: Any) -> Answer:
        """What comes back, redirects too."""
        return self.sentry.send(method, path, self.credential, **sent)

    def link(self, session: str = "s1", scopes: str = "org:write") -> Page:
        """Behind an approval link."""
        return self.open(APPROVE, session=session, scopes=scopes)

    def send(self, path: str, fields: list[tuple[str, str]], **more: str) -> Page:
        """A form; `more` is sent with it."""
        body = urlencode([*fields, *more.items()])
        answer = self.answer(
            "POST", path, data=body, content_type="application/x-www-form-urlencoded"
        )
        if answer.status_code == 303:
            return self.open(answer.headers["Location"])
        return Page(answer)

    def decide(self, page: Page, decision: str = "approve", **changed: str) -> Page:
        """Presses a button of the approval page; `changed` are other values of its fields."""
        fields = [(name, changed.get(name, value)) for name, value in page.form(decision).fields]
        return self.send(APPROVE, fields, decision=decision)

    def ask(self, query: str = "Rename this organization to Initech") -> tuple[int, Page]:
        """A conversation with Seer, once it waits or is done: its number, and its page."""
        form = self.open(EXPLORER).forms[-1]
        page = self.send(EXPLORER, form.fields, query=query)
        number = int(page.title.split()[1])
        settle(self.sentry)
        return number, self.open(f"{EXPLORER}{number}/")


def settle(sentry: Sentry) -> None:
    """Waits until no run of Seer is at work."""
    seer = sentry.deployment.seer
    assert seer is not None
    told = Client(seer).post(
        "/control/settle/",
        headers={"Authorization": f"Bearer {sentry.deployment.secrets.control}"},
        json={},
    )
    assert told.status_code == 200, told.text
