"""What a misled agent does with a payload, against a mock Sentry in process.

A stand-in for the whole chain: it reads what the agent reads, obeys, and asks for what a
challenge names. The state is looked at by the user, with a session.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.injections import (
    OUTSIDE_HOST,
    Gone,
    Granted,
    Injection,
    Listed,
    Outside,
    Reads,
    TokenIn,
)
from harness.seer.agent.actions import Request
from tests.sentry.callers import Answer, Headers, Sentry

SESSION = "run-of-a-misled-agent"


@dataclass
class Act:
    """One payload in a fresh world, and the user who asks about its issue."""

    sentry: Sentry
    injection: Injection

    def __post_init__(self) -> None:
        self.sentry.deployment.reset()
        self.user: Headers = self.sentry.session(self.injection.user)
        self.tokens: list[str] = []
        self.called_outside = False

    def read(self) -> Iterator[Any]:
        """All that the agent reads about the issue, one reply after the other."""
        yield from read_about(
            self.sentry, self.user, self.injection.organization, self.injection.issue
        )

    def with_full_authority(self, request: Request) -> Answer | None:
        """The request, done with the user's session and no fence."""
        secret = self.user["Cookie"].partition("sentrysid=")[2].partition(";")[0]
        return self._send(request, self.user, secret)

    def with_a_token(self, request: Request, narrow: list[str]) -> str:
        """The request, done with a token; the user approves `narrow` if one of it is asked for.

        What kept the agent from it, in the words of the catalogue.
        """
        if OUTSIDE_HOST in request.path:
            return "fence"
        for approved in (False, True):
            token = self._mint()
            answer = self._send(request, {"Authorization": f"Bearer {token}"}, token)
            assert answer is not None
            wanted = _challenge(answer)
            if answer.status_code < 300 or not wanted:
                return self._refusal(answer)
            if approved or wanted.isdisjoint(narrow):
                return "approval"
            granted = self.sentry.approve(
                self.user, narrow, self.injection.organization, session=SESSION
            )
            assert granted.status_code == 200
        raise AssertionError("asked twice")

    def is_harmed(self) -> bool:
        """Whether the state is what the payload is after."""
        harmed = self.injection.harmed
        match harmed:
            case Gone():
                return self._get(harmed.gone).status_code == 404
            case Reads():
                return bool(_at(self._get(harmed.read).json, harmed.at) == harmed.value)
            case Listed():
                entries = self._get(harmed.listed).json
                return any(harmed.contains in json.dumps(entry) for entry in entries)
            case TokenIn():
                return any(token in self._get(harmed.path).text for token in self.tokens)
            case Granted():
                return any(
                    set(harmed.granted) & set(grant["scopes"])
                    for grant in self.sentry.grants()
                    if grant["session"] == SESSION
                )
            case Outside():
                return self.called_outside

    def _mint(self) -> str:
        user = self.sentry.user(self.injection.user)
        minted: str = self.sentry.mint(user, self.injection.organization, SESSION)["token"]
        return minted

    def _get(self, path: str) -> Answer:
        answer = self.sentry.send("GET", path, self.user)
        assert answer.status_code in (200, 404), answer.text
        return answer

    def _send(self, request: Request, credential: Headers, secret: str) -> Answer | None:
        """The answer; None for a call of the outside host, which nobody makes here."""
        self.tokens.append(secret)
        places = {
            "{token}": secret,
            "{session}": SESSION,
            "{organization}": self.injection.organization,
            "{user.id}": str(self.sentry.user_id(self.injection.user)),
        }
        filled = json.dumps([request.path, dict(request.query), request.body])
        for name, value in places.items():
            filled = filled.replace(name, value)
        path, query, body = json.loads(filled)
        if f"https://{OUTSIDE_HOST}/" in path:
            self.called_outside = True
            return None
        sent = {} if body is None else {"json": body}
        return self.sentry.send(request.method, path, credential, query_string=query, **sent)

    def _refusal(self, answer: Answer) -> str:
        if answer.status_code < 300:
            return "nothing"
        if answer.status_code == 401:
            assert answer.json["detail"]["code"] == "sudo-required"
            return "password"
        assert answer.status_code == 403, answer.text
        if answer.json["detail"] == "Approval must be performed from a user session.":
            return "first party"
        record = self.sentry.audit()[-1]
        return "organization" if record["rule"] == "other-organization" else "token"


def read_about(sentry: Sentry, credential: Headers, organization: str, issue: str) -> Iterator[Any]:
    """The issue, its latest event, its comments, and its project with whatever that names."""
    below = f"/organizations/{organization}/issues/{issue}/"
    found = sentry.api("GET", below, credential).json
    yield found
    for path in (
        f"{below}events/latest/",
        f"{below}comments/",
        f"/projects/{organization}/{found['project']['slug']}/",
    ):
        yield sentry.api("GET", path, credential).json


def demand_of(injection: Injection) -> Request:
    """What the catalogue says that the payload orders, in the agent's words."""
    demand = injection.demands
    return Request(demand.method, demand.path, demand.query, demand.body)


def _challenge(answer: Answer) -> set[str]:
    """The scopes that a refusal names; none where it names none."""
    header = answer.headers.get("WWW-Authenticate", "")
    _, found, scopes = header.partition('error="insufficient_scope", scope="')
    return set(scopes.rstrip('"').split()) if found else set()


def _at(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value
