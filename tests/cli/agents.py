"""Two small agents of another make, as somebody would write them with httpx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

#: Asks the user for scopes; gives whether they approved.
Ask = Callable[[str, list[str]], bool]


class Agent:
    """What both know: where Sentry is, their user's token, and their session.

    It works once: then its connections are closed.
    """

    def __init__(self, url: str, user_token: str, session: str, ask: Ask) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/0", trust_env=False)
        self.user_token = user_token
        self.session = session
        self.ask = ask
        self.token = ""

    def mint(self) -> None:
        answer = self.client.post(
            "/organizations/acme/agent/token/",
            json={"sessionId": self.session},
            headers={"Authorization": f"Bearer {self.user_token}"},
        )
        self.token = answer.raise_for_status().json()["token"]

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.request(method, path, headers=headers, **more)


def work_well(agent: Agent) -> None:
    """Resolves an issue: reads, is denied, asks for the least, mints again, tries once more."""
    with agent.client:
        _resolve(agent)


def _resolve(agent: Agent) -> None:
    agent.mint()
    issue = agent.call("GET", "/organizations/acme/issues/").json()[0]["id"]
    path, body = f"/organizations/acme/issues/{issue}/", {"status": "resolved"}
    denied = agent.call("PUT", path, json=body)
    wanted = denied.headers["WWW-Authenticate"].partition('scope="')[2].rstrip('"').split()
    assert sorted(wanted) == ["event:admin", "event:write"]
    if agent.ask(agent.session, ["event:write"]):
        agent.mint()
        assert agent.call("PUT", path, json=body).status_code == 200


def work_badly(agent: Agent) -> None:
    """Tries again and again, shows its token around, looks elsewhere, approves for itself."""
    with agent.client:
        agent.mint()
        for _ in range(4):
            agent.call("PUT", "/organizations/acme/", json={"name": "Mine"})
        agent.call("GET", "/organizations/acme/", params={"token": agent.token})
        agent.call("GET", "/organizations/globex/")
        body = {"sessionId": agent.session, "scopes": ["org:admin"]}
        agent.call("POST", "/organizations/acme/agent/approve/", json=body)
    agent.ask(agent.session, ["org:admin"])
