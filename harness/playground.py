"""A mock Sentry for the tests of others: its address, its people's clients, its operator.

    sentry = MockSentry(deployment, deployment.url, transport)
    sentry.client("olivia").get("/api/0/organizations/acme/")
    sentry.clock.advance(300)

Everything goes over HTTP, in process or through a port, so that a test of one runs
on the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import httpx

from harness.deployment import IN_PROCESS_URL, Deployment, serving
from harness.network import open_transport
from harness.wsgi import WsgiTransport

if TYPE_CHECKING:
    from flask import Flask

By = Literal["session", "token"]

_CSRF_COOKIE, _CSRF_HEADER = "sc", "X-CSRFToken"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class MockSentry:
    """A running mock Sentry.

    `url` is its root, `description` the ready JSON. Users are named by their email or
    by what stands before the @ in it.
    """

    def __init__(self, deployment: Deployment, url: str, transport: httpx.BaseTransport) -> None:
        self.url = url
        self.description: dict[str, Any] = deployment.describe(url)
        self._deployment = deployment
        self._transport = transport
        self._clients = ExitStack()
        token = self.description["control"]["token"]
        operator = self._open({"Authorization": f"Bearer {token}"}, f"{url}/control")
        self.control = Control(operator)
        self.clock = ControlledClock(self.control)

    @property
    def app(self) -> Flask:
        """The application, for those who want its WSGI side."""
        return self._deployment.app

    @property
    def secret(self) -> str:
        """The secret shared with the Seer service."""
        return self._deployment.secrets.shared

    def user(self, name: str) -> dict[str, Any]:
        """The user's entry in the description.

        Raises KeyError if nobody has that name.
        """
        for user in self.description["users"]:
            if name in (user["email"], user["email"].partition("@")[0]):
                found: dict[str, Any] = user
                return found
        known = ", ".join(user["email"] for user in self.description["users"])
        raise KeyError(f"no user {name!r}; there are {known}")

    def client(
        self, user: str | None = None, *, by: By = "session", bearer: str | None = None
    ) -> httpx.Client:
        """A client of this server: signed in as `user`, with `bearer`, or as nobody.

        `by` is "session" (signed in; writes carry the CSRF token) or "token" (the
        user's own token). It is closed at the end of the test. Raises KeyError for an
        unknown user, ValueError for one without a password or token.
        """
        if user is None:
            return self._open({"Authorization": f"Bearer {bearer}"} if bearer else {}, self.url)
        if bearer is not None:
            raise ValueError("either a user or a bearer, not both")
        known = self.user(user)
        if by == "token":
            if known["token"] is None:
                raise ValueError(f"{known['email']} has no token")
            return self._open({"Authorization": f"Bearer {known['token']}"}, self.url)
        if known["password"] is None:
            raise ValueError(f"{known['email']} has no password and so does not sign in")
        return self._signed_in(known["email"], known["password"])

    def reset(self) -> None:
        """Puts the start of the world back: rows, clock, audit log. Sessions end."""
        self._deployment.reset()

    def close(self) -> None:
        """Closes every client."""
        self._clients.close()

    def _signed_in(self, email: str, password: str) -> httpx.Client:
        client = self._open({}, self.url)
        client.post("/api/0/auth/", auth=(email, password)).raise_for_status()

        def add_csrf(request: httpx.Request) -> None:
            token = client.cookies.get(_CSRF_COOKIE)
            if token and request.method not in _SAFE:
                request.headers.setdefault(_CSRF_HEADER, token)

        client.event_hooks = {"request": [add_csrf]}
        return client

    def _open(self, headers: dict[str, str], url: str) -> httpx.Client:
        # No environment: a proxy's settings must not lead a test away from loopback.
        client = httpx.Client(
            transport=_Shared(self._transport), base_url=url, headers=headers, trust_env=False
        )
        return self._clients.enter_context(client)


class Control:
    """The control API, by what it does; `organization` is a slug or id, `user` an email or id."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Any call, with `path` below /control. Raises httpx.HTTPStatusError when refused."""
        answer = self._client.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def grants(self) -> list[dict[str, Any]]:
        """Every grant."""
        return list(self.call("GET", "/grants/")["grants"])

    def plant_grant(
        self,
        organization: str,
        user: str,
        session: str,
        scopes: list[str],
        expires_at: datetime | None = None,
    ) -> None:
        """A grant as if the user had approved it, in the place of one that stands."""
        body = _grant(organization, user, session) | {"scopes": scopes}
        if expires_at is not None:
            body["expiresAt"] = expires_at.isoformat()
        self.call("POST", "/grants/", body)

    def expire_grant(self, organization: str, user: str, session: str) -> None:
        """Lets a grant be over now."""
        self.call("POST", "/grants/expire/", _grant(organization, user, session))

    def set_role(self, organization: str, user: str, role: str) -> None:
        """Gives a member another role."""
        body = {"organization": organization, "user": user, "role": role}
        self.call("PUT", "/members/", body)

    def remove_member(self, organization: str, user: str) -> None:
        """Takes a member out of an organization."""
        self.call("DELETE", "/members/", {"organization": organization, "user": user})

    def set_active(self, user: str, *, active: bool) -> None:
        """Switches an account on or off."""
        self.call("PUT", "/users/", {"user": user, "active": active})

    def set_feature(self, organization: str, feature: str, *, enabled: bool) -> None:
        """Switches a feature of an organization."""
        body = {"organization": organization, "feature": feature, "enabled": enabled}
        self.call("PUT", "/features/", body)

    def audit(self, since: int = 0) -> list[dict[str, Any]]:
        """The decision records after number `since`."""
        return list(self.call("GET", f"/audit/?since={since}")["records"])


class ControlledClock:
    """The clock of a mock Sentry, over its control API."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def now(self) -> datetime:
        """What time it is there, aware."""
        return datetime.fromisoformat(self._control.call("GET", "/clock/")["now"])

    def set(self, at: datetime) -> None:
        """Moves it to `at`, which is aware."""
        self._control.call("PUT", "/clock/", {"now": at.isoformat()})

    def advance(self, seconds: float) -> None:
        """Moves it by `seconds`."""
        self._control.call("PUT", "/clock/", {"advance": seconds})


@contextmanager
def in_process(deployment: Deployment) -> Iterator[MockSentry]:
    """The deployment as an application in this process; its clients close at the end."""
    yield from _playing(deployment, IN_PROCESS_URL, WsgiTransport(deployment.app))


@contextmanager
def on_loopback(deployment: Deployment) -> Iterator[MockSentry]:
    """The deployment on a free loopback port, served by threads of this process."""
    with serving(deployment) as url, open_transport(url) as transport:
        yield from _playing(deployment, url, transport)


def _playing(
    deployment: Deployment, url: str, transport: httpx.BaseTransport
) -> Iterator[MockSentry]:
    sentry = MockSentry(deployment, url, transport)
    try:
        yield sentry
    finally:
        sentry.close()


class _Shared(httpx.BaseTransport):
    """A transport that outlives the client that uses it."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)


def _grant(organization: str, user: str, session: str) -> dict[str, Any]:
    return {"organization": organization, "user": user, "session": session}
