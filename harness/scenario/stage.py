"""Where a scenario is played: its people, their credentials, and the way to the server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.scenario import credentials
from harness.scenario.answer import Answer, Headers, resolve
from harness.scenario.casting import Company
from harness.scenario.control import Control
from harness.scenario.credentials import Credential, parse_credential
from harness.scenario.description import Description, Organization, User
from harness.scenario.hands import CSRF_COOKIE, SESSION_COOKIE, Hands, HttpHands
from harness.scenario.matching import MISSING
from harness.scenario.names import ATTRIBUTES, Actor
from harness.scenario.seer import SeerControl
from harness.scenario.windows import ADDRESSES, Window
from harness.scenario.wire import Wire
from harness.signing import sign
from harness.template import fill
from harness.transcript import Transcript

COOKIES = {"cookie": SESSION_COOKIE, "csrf": CSRF_COOKIE}
"""`{cookie.mel}` and `{csrf.mel}`: what a user who signed in was given."""

MakeHands = Callable[[Wire, str], Hands]


class StepFailedError(Exception):
    """A step cannot be done, because an earlier one did not give what it needs."""


@dataclass
class Stage:
    """One scenario while it is played.

    `sessions_suffix` makes agent sessions unique where the world is not reset;
    `session_organizations` has the organization in which each is first used.
    `tokens`, `values` and `answers` are what the steps so far have left behind, and
    `agent_sessions` the ids of sessions that a server named. `take_exchanges` writes into the
    transcript what passed between the services until now.
    """

    target: Description
    company: Company
    wire: Wire
    transcript: Transcript
    control: Control | None = None
    seer_wire: Wire | None = None
    seer_control: SeerControl | None = None
    sessions_suffix: str = ""
    session_organizations: Mapping[str, str] = field(default_factory=dict)
    make_hands: MakeHands = HttpHands
    tokens: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    locals: Mapping[str, Any] = field(default_factory=dict)
    agent_sessions: dict[str, str] = field(default_factory=dict)
    take_exchanges: Callable[[], None] = field(default=lambda: None)
    _hands: dict[str, Hands] = field(default_factory=dict)

    # -- people

    def user(self, name: str) -> User:
        """Who plays the user `name`."""
        return self.company.users[name]

    def organization(self, name: str) -> Organization:
        """Which organization `name` is."""
        return self.company.organizations[name]

    def session(self, name: str) -> str:
        """The agent session id for `name`."""
        return self.agent_sessions.get(name) or name + self.sessions_suffix

    def hands(self, name: str) -> Hands:
        """The hands of the user `name`."""
        if name not in self._hands:
            self._hands[name] = self.make_hands(self.wire, name)
        return self._hands[name]

    def signed_in(self, name: str) -> Hands:
        """The hands of the user `name`, signed in if they were not.

        Raises StepFailedError if signing in gives no session.
        """
        hands = self.hands(name)
        if not hands.signed_in:
            user = self.user(name)
            answer = hands.sign_in(user.email, user.password or "")
            if not hands.signed_in:
                raise StepFailedError(f"{name} could not sign in: status {answer.status}")
        return hands

    def window(self, name: str) -> Window:
        """The browser window of the user `name`. Raises StepFailedError where there is none."""
        window = self.hands(name).window
        if window is None:
            raise StepFailedError(f"{name} has no browser")
        return window

    @property
    def windows(self) -> dict[str, Window]:
        """The windows that are open, by user."""
        found = {name: hands.window for name, hands in self._hands.items()}
        return {name: window for name, window in found.items() if window is not None}

    def need_control(self) -> Control:
        """The control API. The scenario is not played where there is none."""
        if self.control is None:
            raise StepFailedError("this target has no control API")
        return self.control

    def wire_to(self, server: str) -> Wire:
        """The way to a service. Raises StepFailedError where it is not there."""
        if server != "seer":
            return self.wire
        if self.seer_wire is None:
            raise StepFailedError("this target has no Seer")
        return self.seer_wire

    def need_seer_control(self) -> SeerControl:
        """Seer's control API. The scenario is not played where there is none."""
        if self.seer_control is None:
            raise StepFailedError("this target has no Seer with a control API")
        return self.seer_control

    # -- credentials

    def credentials(
        self, actor: Actor, texts: Iterable[str], method: str, csrf: bool | str = True
    ) -> Headers:
        """The headers that show the credentials that `texts` name.

        Raises StepFailedError, as `show` does, and for a text that names none once it is filled in.
        """
        headers: list[tuple[str, str]] = []
        for text in texts:
            try:
                found = parse_credential(text, actor)
            except ValueError as error:
                raise StepFailedError(str(error)) from None
            if found:
                headers += self.show(found, method, csrf)
        return tuple(headers)

    def take_cookies(self, actor: Actor, texts: Iterable[str], answer: Answer) -> None:
        """Keeps the cookies of an answer for the users whose sessions were shown."""
        for text in texts:
            match parse_credential(text, actor):
                case credentials.Session(user):
                    self.hands(user).jar.take(answer)

    def show(self, credential: Credential, method: str, csrf: bool | str = True) -> Headers:
        """The headers that show a credential; a session begins if there is none yet.

        Raises StepFailedError for a token that was not minted, or a session that does not begin.
        """
        match credential:
            case credentials.Session(user):
                return self.signed_in(user).jar.headers(method, csrf)
            case credentials.UserToken(user):
                return _bearer(self.user(user).token or "")
            case credentials.Own(user):
                token = self.user(user).token
                return (
                    _bearer(token) if token else self.show(credentials.Session(user), method, csrf)
                )
            case credentials.NamedToken(name):
                return _bearer(self.token(name))
            case credentials.ViewerContext(user, organization):
                return self._viewer_context(user, organization)

    def token(self, name: str) -> str:
        """The text of a minted token, or of one of the cast.

        Raises StepFailedError if it was not minted.
        """
        company = self.company
        for held in (company.organization_tokens, company.integration_tokens):
            if name in held:
                return held[name].token
        if name in company.user_tokens:
            return company.user_tokens[name].token
        if name not in self.tokens:
            raise StepFailedError(f"the token {name!r} was not minted")
        return self.tokens[name]

    def _viewer_context(self, user: str, organization: str | None) -> Headers:
        context = {"user_id": _number(self.user(user).id)}
        if organization is not None:
            context = {"organization_id": _number(self.organization(organization).id)} | context
        text = json.dumps(context, separators=(",", ":"))
        signature = sign(self.target.sentry.secret or "", text.encode())
        return ("X-Viewer-Context", text), ("X-Viewer-Context-Signature", signature)

    # -- names in texts

    def fill(self, value: Any) -> Any:
        """`value` with its `{names}` replaced.

        Raises StepFailedError for a value that no earlier step has saved.
        """
        return fill(value, self.lookup)

    def fill_pattern(self, value: Any) -> Any:
        """As `fill`, for a pattern: what is put in is never taken for a matcher."""
        return fill(value, lambda name: _as_pattern(self.lookup(name)))

    def lookup(self, name: str) -> Any:
        """What `{name}` stands for. Raises StepFailedError if it is not known."""
        first, _, rest = name.partition(".")
        for known in (self.locals, self.values):
            if name in known:
                return known[name]
            if first in known:
                found = resolve(known[first], "/" + rest.replace(".", "/"))
                if found is MISSING:
                    raise StepFailedError(f"{first!r} has no {rest!r}")
                return found
        if name in ADDRESSES:
            return self._address(first)
        if first == "session" and rest:
            return self.session(rest)
        if first == "token" and rest:
            return self.token(rest)
        if first in COOKIES and rest:
            return self._cookie(COOKIES[first], rest)
        found = self._attribute(name)
        if found is MISSING:
            raise StepFailedError(f"nothing was saved as {name!r}")
        return found

    def _address(self, whose: str) -> str:
        if whose == "sentry":
            return self.wire.url
        if self.wire.planned:
            return f"http://{whose}"
        # Whoever looks finds the attacker's pages at the same place.
        return self.window(next(iter(self.company.users))).addresses[whose]

    def _cookie(self, cookie: str, user: str) -> str:
        if self.wire.planned:
            return f"<{cookie} of {user}>"
        found = self.hands(user).jar.cookies.get(cookie) if user in self.company.users else None
        if found is None:
            raise StepFailedError(f"{user} has no cookie {cookie!r}: nobody signed in")
        return found

    def _attribute(self, name: str) -> Any:
        owner, _, attribute = name.rpartition(".")
        for kind, attributes in ATTRIBUTES.items():
            people = getattr(self.company, kind)
            if name in people:
                return getattr(people[name], attributes[0])
            if owner in people and attribute in attributes:
                entity = people[owner]
                return _number(entity.id) if attribute == "number" else getattr(entity, attribute)
        return MISSING


def _bearer(token: str) -> Headers:
    return (("Authorization", f"Bearer {token}"),)


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _as_pattern(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        return "$" + value
    return {"$exactly": value} if isinstance(value, dict | list) else value
