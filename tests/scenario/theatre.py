"""What the tests of scenarios share: a scenario in few words, and small servers to play it on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.redact import Redactor
from harness.scenario.description import Description
from harness.scenario.loader import parse_scenario
from harness.scenario.model import Scenario
from harness.scenario.play import play
from harness.scenario.result import Result
from harness.scenario.runner import Player
from harness.scenario.targets import InProcess, Venue, read_description
from harness.wsgi import WsgiTransport

CAST = """\
cast:
  organizations: [first, second]
  users:
    olivia: {role: owner, of: [first, second]}
    mel: {role: member, of: first, not in: second}
"""

# Nothing here has the form of a secret, so that a test sees where one would come through.
DESCRIPTION: dict[str, Any] = {
    "sentry": {"url": "http://sentry.test", "secret": "shared-secret-of-the-test"},
    "control": {"url": "http://sentry.test/control", "token": "control-token-of-the-test"},
    "organizations": [
        {"id": "1", "slug": "acme", "name": "Acme"},
        {"id": "2", "slug": "globex", "name": "Globex"},
    ],
    "users": [
        {
            "id": "7",
            "email": "olivia@example.com",
            "password": "password-of-olivia",
            "token": "token-of-olivia",
            "memberships": [
                {"organization": "acme", "role": "owner"},
                {"organization": "globex", "role": "owner"},
            ],
        },
        {
            "id": "8",
            "email": "mel@example.com",
            "password": "password-of-mel",
            "token": "token-of-mel",
            "memberships": [{"organization": "acme", "role": "member"}],
        },
    ],
    "projects": [{"id": "4", "slug": "web", "organization": "acme"}],
    "teams": [{"id": "5", "slug": "crew", "organization": "acme"}],
    "issues": [{"id": "9", "shortId": "WEB-1", "organization": "acme", "project": "web"}],
    "organization_tokens": [
        {"token": "token-of-acme", "organization": "acme", "scopes": ["org:ci"]}
    ],
    "integration_tokens": [
        {"token": "token-of-robot", "organization": "acme", "scopes": ["org:read"]}
    ],
    "user_tokens": [
        {
            "name": "narrow",
            "token": "narrow-token-of-olivia",
            "user": "olivia@example.com",
            "organization": None,
            "scopes": ["org:read"],
        }
    ],
}


def described(**changes: Any) -> Description:
    """The description with some of its keys changed."""
    return read_description(DESCRIPTION | changes)


def scenario_of(steps: str, *, cast: str = CAST, **keys: str) -> Scenario:
    """A scenario with these steps, which begin at the margin."""
    head = {"id": "one", "title": "One"} | keys
    lines = "".join(f"{key}: {value}\n" for key, value in head.items())
    return parse_scenario(f"{lines}{cast}steps:\n{steps}", name="one.yaml")


def play_on_mock(steps: str, *, cast: str = CAST) -> Result:
    """Plays steps on a fresh mock Sentry."""
    with Player(InProcess()) as player:
        return player.play(scenario_of(steps, cast=cast))


def checks_of(result: Result) -> dict[str, bool]:
    """Each check's name, and whether all of that name held."""
    held: dict[str, bool] = {}
    for event in result.events:
        if event["kind"] == "check":
            held[event["name"]] = held.get(event["name"], True) and event["passed"]
    return held


def events_of(result: Result, kind: str) -> list[Mapping[str, Any]]:
    return [event for event in result.events if event["kind"] == kind]


@dataclass
class Seen:
    """A request as a stand-in saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = tuple[int, Mapping[str, str] | list[tuple[str, str]], Any]


@dataclass
class StandIn:
    """A WSGI application with set answers, by `METHOD path`; `*` for all others.

    An answer is (status, headers, body); a body that is no text goes as JSON. A list of
    answers is given one after another, the last one again and again.
    """

    answers: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        query = environ["QUERY_STRING"]
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        headers = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        request = Seen(environ["REQUEST_METHOD"], path, headers, environ["wsgi.input"].read())
        self.seen.append(request)
        status, answer_headers, body = self._answer(f"{request.method} {path}")
        text = body if isinstance(body, str) else json.dumps(body)
        pairs = list(
            answer_headers.items() if isinstance(answer_headers, Mapping) else answer_headers
        )
        if not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("Content-Type", "application/json"))
        start_response(f"{status} Whatever", pairs)
        return [text.encode()]

    def _answer(self, key: str) -> Reply:
        found = self.answers.get(key) or self.answers.get("*") or (404, {}, {"detail": "none"})
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found

    @property
    def calls(self) -> list[str]:
        """`METHOD path` of each request but those to the control API."""
        return [
            f"{seen.method} {seen.path}"
            for seen in self.seen
            if not seen.path.startswith("/control/")
        ]


def play_on(
    app: StandIn, steps: str, *, cast: str = CAST, planned: bool = False, **changes: Any
) -> Result:
    """Plays steps on a stand-in; it has no control API unless `control` is given."""
    description = described(**({"control": None} | changes))
    transport = WsgiTransport(app)
    venue = Venue(description, transport, transport, None)
    return play(scenario_of(steps, cast=cast), venue, target="a stand-in", planned=planned)


def secrets_of(description: Description) -> Redactor:
    """A redactor that knows all secrets of a description."""
    redactor = Redactor()
    description.register_secrets(redactor)
    return redactor
