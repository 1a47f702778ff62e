"""A flow of deeds on one server, each foretold by the oracle and written down as a step.

What is known of the server is what the sound rules say of the deeds so far. An answer
that is another one ends the flow: its steps are a scenario that shows the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from harness.oracle import (
    Kind,
    Outcome,
    Place,
    Target,
    Verdict,
    grantable,
    judge,
    mintable,
    role_scopes,
)
from tests.oracle.people import Cast, Facts, Shown, bearer, read_world
from tests.oracle.server import Answer, Server

#: Where the clock of a seeded world stands, in seconds since the epoch.
START: Final = 1768478400
TOKEN_LIFETIME: Final = 300
GRANT_LIFETIME: Final = 4 * 3600

_ORGANIZATION: Final = "/organizations/{organization_id_or_slug}/"
_MINT: Final = _ORGANIZATION + "agent/token/"
_APPROVE: Final = _ORGANIZATION + "agent/approve/"

_STATUS: Final = {
    Outcome.ALLOWED: 200,
    Outcome.CHALLENGED: 403,
    Outcome.DENIED: 403,
    Outcome.HIDDEN: 404,
    Outcome.UNAUTHENTICATED: 401,
    Outcome.NO_METHOD: 405,
}


@cache
def _world() -> dict[str, Any]:
    return read_world()


class DisagreementError(AssertionError):
    """The server answered otherwise; `steps` lead there from the world's start."""

    def __init__(self, message: str, steps: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.steps = steps

    def scenario(self, name: str) -> str:
        """A scenario file that fails where the server answered otherwise."""
        return yaml.safe_dump(
            {
                "id": name,
                "title": "Server and oracle agree at every step",
                "note": f"Found by trying, and shrunk. {self}",
                "tags": ["counter-example"],
                "steps": self.steps,
            },
            sort_keys=False,
            width=100,
        )


@dataclass(frozen=True)
class Token:
    """A token that was minted."""

    name: str
    text: str
    user: str
    organization: str
    scopes: frozenset[str]
    issued_at: int


@dataclass(frozen=True)
class Hand:
    """Who does something and what they show: for a step, for a request, and to the oracle."""

    actor: str
    arguments: Mapping[str, Any]
    headers: Mapping[str, str]
    shown: Shown


@dataclass(frozen=True)
class Errand:
    """An operation to try: `path` has a place for the organization alone."""

    method: str
    template: str
    path: Mapping[str, str]
    target: Mapping[str, Target]
    body: Any = None


def _things(text: str) -> Mapping[str, str]:
    """The path in each organization."""
    return {
        "acme": text.format(o="{o}", project="web-app", issue="WEB-APP-1", team="web"),
        "globex": text.format(o="{o}", project="portal", issue="PORTAL-1", team="platform"),
    }


def _target(kind: str) -> Mapping[str, Target]:
    teams = {"acme": "web", "globex": "platform"}
    return {slug: Target(kind, frozenset({team} if kind else ())) for slug, team in teams.items()}


_PROJECT: Final = "/projects/{organization_id_or_slug}/{project_id_or_slug}/"
_TEAM: Final = "/teams/{organization_id_or_slug}/{team_id_or_slug}/"
_ISSUE: Final = _ORGANIZATION + "issues/{issue_id}/"
_RENAMED: Final = {"name": "Renamed"}

ERRANDS: Final = (
    Errand("GET", _ORGANIZATION, _things("/organizations/{o}/"), _target("")),
    Errand("PUT", _ORGANIZATION, _things("/organizations/{o}/"), _target(""), _RENAMED),
    Errand("GET", _PROJECT, _things("/projects/{o}/{project}/"), _target("project")),
    Errand("PUT", _PROJECT, _things("/projects/{o}/{project}/"), _target("project"), _RENAMED),
    Errand(
        *("PUT", _ISSUE, _things("/organizations/{o}/issues/{issue}/"), _target("project")),
        {"status": "resolved"},
    ),
    Errand(
        "GET",
        _ORGANIZATION + "members/",
        _things("/organizations/{o}/members/"),
        _target(""),
    ),
)
#: For agents alone: nobody else is asked for a password that they have just typed.
DELETE_TEAM: Final = Errand("DELETE", _TEAM, _things("/teams/{o}/{team}/"), _target("team"))


class Flow:
    """What is so on a server whose world is at its start, and what was done there."""

    def __init__(self, server: Server) -> None:
        server.reset()
        self._server = server
        self._cast = Cast(server)
        self._now = 0
        self._start = START
        self._sessions: dict[str, Mapping[str, str]] = {}
        self._alive: set[str] = set()
        self._grants: dict[tuple[str, str, str], tuple[frozenset[str], int]] = {}
        self.facts = Facts.of(_world())
        self.tokens: list[Token] = []
        self.steps: list[dict[str, Any]] = []

    # Hands

    def own(self, user: str) -> Hand:
        """A user with their own token."""
        places = self._cast.users[user]["memberships"]
        scopes = frozenset().union(*(role_scopes(place["role"]) for place in places))
        headers = bearer(self._cast.users[user]["token"])
        return Hand(user, {"using": "token"}, headers, Shown("", Kind.USER_TOKEN, user, {}, scopes))

    def session(self, user: str, *, csrf: bool = True) -> Hand:
        """A user with the session of their last signing in, be it over or not."""
        headers = self._sessions[user] if csrf else {"Cookie": self._sessions[user]["Cookie"]}
        alive = user in self._alive
        shown = Shown("", Kind.SESSION, user, good=alive, csrf=csrf)
        return Hand(user, {"using": "session"} | ({} if csrf else {"csrf": False}), headers, shown)

    def viewer(self, user: str, organization: str) -> Hand:
        """The Seer service, for a user."""
        using = f"viewer context of {user} in {organization}"
        headers = self._cast.viewer(user, organization)
        shown = Shown("", Kind.VIEWER_CONTEXT, user, bound=organization)
        return Hand("service", {"using": using}, headers, shown)

    def agent(self, token: Token) -> Hand:
        """The agent with a token."""
        good = self._start + self._now < token.issued_at + TOKEN_LIFETIME
        shown = Shown(
            "", Kind.AGENT_TOKEN, token.user, {}, token.scopes, token.organization, good=good
        )
        return Hand("agent", {"with": token.name}, bearer(token.text), shown)

    def beside(self, token: Token, user: str) -> Hand:
        """The agent with a token, and a user's session beside it."""
        agent = self.agent(token)
        both = {**agent.arguments, "using": f"session of {user}"}
        return Hand("agent", both, {**self._sessions[user], **agent.headers}, agent.shown)

    def has_session(self, user: str) -> bool:
        """Whether the user ever signed in."""
        return user in self._sessions

    # Deeds

    def mint(
        self, hand: Hand, organization: str, session: str, requested: list[str] | None
    ) -> None:
        """Mints a token; it is kept where one is due."""
        name = f"t{len(self.steps)}"
        body: dict[str, Any] = {"sessionId": session}
        asked: dict[str, Any] = {"in": organization, "session": session, "as": name}
        if requested is not None:
            body["requestedScopes"] = asked["requested scopes"] = requested
        expected = self._judge("POST", _MINT, hand.shown, organization)
        user, role = hand.shown.user or "", self._role(hand, organization)
        scopes: frozenset[str] | None = None
        if expected.outcome is Outcome.ALLOWED:
            granted = self._granted(organization, user, session)
            caller = hand.shown.caller(self.facts)
            scopes = mintable(caller, role, granted, requested)
        answer = self._send(hand, "POST", f"/organizations/{organization}/agent/token/", body)
        more = {} if scopes is None else {"scopes": sorted(scopes)}
        self._check(f"{hand.actor} mints", hand, asked, expected, answer, more)
        if scopes is not None:
            told = answer.json
            self._compare(sorted(scopes), told["scopes"], "scopes")
            at = self._start + self._now
            self.tokens.append(Token(name, told["token"], user, organization, scopes, at))

    def approve(self, hand: Hand, organization: str, session: str, scopes: list[str]) -> None:
        """Approves scopes for an agent session."""
        asked = {"in": organization, "session": session, "scopes": scopes}
        expected = self._judge("POST", _APPROVE, hand.shown, organization)
        path = f"/organizations/{organization}/agent/approve/"
        answer = self._send(hand, "POST", path, {"sessionId": session, "scopes": scopes})
        step = f"{hand.actor} approves"
        if expected.outcome is not Outcome.ALLOWED:
            self._check(step, hand, asked, expected, answer)
            return
        granted = grantable(self._role(hand, organization), scopes)
        if not granted:
            self._write(step, {**hand.arguments, **asked}, {"status": 400})
            self._compare(400, answer.status, "status")
            return
        user = hand.shown.user or ""
        merged = granted | self._granted(organization, user, session)
        more = {"json": {"scopes": sorted(merged)}}
        self._check(step, hand, asked, expected, answer, more)
        self._compare(sorted(merged), answer.json["scopes"], "scopes")
        until = self._now + GRANT_LIFETIME
        self._grants[organization, user, session] = (merged, until)

    def call(self, hand: Hand, errand: Errand, organization: str, *, by_id: bool = False) -> None:
        """Tries an operation in an organization, named by slug or by id."""
        path = errand.path[organization]
        named = self._cast.organizations[organization] if by_id else organization
        written = f"{{{organization}.id}}" if by_id else organization
        asked: dict[str, Any] = {errand.method.lower(): "/api/0" + path.replace("{o}", written)}
        if errand.body is not None:
            asked["json"] = errand.body
        target = errand.target[organization]
        expected = self._judge(errand.method, errand.template, hand.shown, organization, target)
        answer = self._send(hand, errand.method, path.replace("{o}", named), errand.body)
        self._check(f"{hand.actor} calls", hand, asked, expected, answer)

    def sign_in(self, user: str) -> None:
        """A new session, which a user who is switched off does not get."""
        self._sessions[user] = self._cast.sign_in(user)
        self._alive.add(user)
        self._write(f"{user} signs in", None, {})

    def sign_out(self, user: str) -> None:
        """The session ends; what was its cookie is kept to be tried again."""
        hand = self.session(user)
        self._send(hand, "DELETE", "/auth/", None)
        self._alive.discard(user)
        cookies = {"Cookie": f"sentrysid={{cookie.{user}}}", "X-CSRFToken": f"{{csrf.{user}}}"}
        asked = {"delete": "/api/0/auth/", "using": "none", "headers": cookies}
        self._write(f"{user} calls", asked, {})

    # What the operator does

    def advance(self, seconds: int) -> None:
        self._server.control("PUT", "/clock/", {"advance": seconds})
        self._now += seconds
        self._write("operator moves clock", {"by": seconds}, {})

    def change_role(self, user: str, organization: str, role: str) -> None:
        self._control("PUT", "/members/", user, {"organization": organization, "role": role})
        _, teams = self.facts.members[user, organization]
        self.facts.members[user, organization] = (role, teams)
        asked = {"user": user, "in": organization, "to": role}
        self._write("operator changes role", asked, {})

    def remove(self, user: str, organization: str) -> None:
        self._control("DELETE", "/members/", user, {"organization": organization})
        del self.facts.members[user, organization]
        self._write("operator removes member", {"user": user, "in": organization}, {})

    def set_active(self, user: str, active: bool) -> None:
        self._control("PUT", "/users/", user, {"active": active})
        if active:
            self.facts.inactive.discard(user)
        else:
            self.facts.inactive.add(user)
        verb = "activates" if active else "deactivates"
        self._write(f"operator {verb} user", {"user": user}, {})

    def set_flow(self, organization: str, on: bool) -> None:
        feature = "organizations:seer-agent-token-flow"
        body = {"organization": organization, "feature": feature, "enabled": on}
        self._server.control("PUT", "/features/", body)
        if on:
            self.facts.flows.add(organization)
        else:
            self.facts.flows.discard(organization)
        self._write("operator switches feature", {"in": organization, "on": on}, {})

    def expire_grant(self, user: str, organization: str, session: str) -> None:
        key = {"organization": organization, "session": session}
        self._control("POST", "/grants/expire/", user, key)
        scopes, _ = self._grants[organization, user, session]
        self._grants[organization, user, session] = (scopes, self._now)
        asked = {"for": user, "in": organization, "session": session}
        self._write("operator expires grant", asked, {})

    def grants(self) -> list[tuple[str, str, str]]:
        """(organization, user, session) of every grant that was made."""
        return sorted(self._grants)

    # What is known

    def _granted(self, organization: str, user: str, session: str) -> frozenset[str]:
        scopes, until = self._grants.get((organization, user, session), (frozenset(), 0))
        return scopes if self._now < until else frozenset()

    def _role(self, hand: Hand, organization: str) -> str:
        return self._place(hand.shown, organization).role or ""

    def _place(self, shown: Shown, organization: str) -> Place:
        return self.facts.place(organization, shown.user)

    def _judge(
        self,
        method: str,
        template: str,
        shown: Shown,
        organization: str,
        target: Target | None = None,
    ) -> Verdict:
        caller = shown.caller(self.facts)
        place = self._place(shown, organization)
        return judge(method, template, caller, place, target or Target())

    # What is sent, compared and written down

    def _send(self, hand: Hand, method: str, path: str, body: Any) -> Answer:
        return self._server.api(method, path, hand.headers, body)

    def _control(self, method: str, path: str, user: str, body: dict[str, Any]) -> None:
        self._server.control(method, path, {"user": f"{user}@example.com", **body})

    def _check(
        self,
        step: str,
        hand: Hand,
        asked: Mapping[str, Any],
        expected: Verdict,
        answer: Answer,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        expect: dict[str, Any] = {"status": _STATUS[expected.outcome], **(more or {})}
        if expected.outcome is Outcome.CHALLENGED:
            expect["challenge"] = {"error": "insufficient_scope", "scope": sorted(expected.scopes)}
        elif expected.outcome is Outcome.DENIED:
            expect["challenge"] = "none"
        self._write(step, {**hand.arguments, **asked}, expect)
        try:
            told: object = answer.verdict
        except AssertionError:
            told = f"status {answer.status}"
        self._compare(expected, told, "verdict")

    def _compare(self, expected: object, told: object, what: str) -> None:
        if told != expected:
            raise DisagreementError(f"The last {what}: {told}, expected {expected}.", self.steps)

    def _write(
        self, step: str, arguments: Mapping[str, Any] | None, expect: Mapping[str, Any]
    ) -> None:
        written: dict[str, Any] = {step: None if arguments is None else dict(arguments)}
        if expect:
            written["expect"] = dict(expect)
        self.steps.append(written)
