"""A user's conversations with Seer, and a Seer that only listens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.scenario.theatre import Seen, StandIn
from tests.sentry.callers import Answer, Headers, Sentry

#: 502, in words that tell nothing.
UNREACHABLE = {"detail": "Seer could not be reached. Try again later."}
REFUSED = {"detail": "Seer refused the request."}


class Chats:
    """The conversations of a user in an organization, from a session of theirs."""

    def __init__(
        self, sentry: Sentry, name: str = "olivia", organization: str = "acme", **more: Any
    ) -> None:
        self.sentry = sentry
        self.headers: Headers = more.get("headers") or sentry.session(name)
        self._root = f"/organizations/{organization}/seer"

    def call(self, method: str, path: str, *body: Any, **sent: Any) -> Answer:
        return self.sentry.api(method, f"{self._root}/{path}", self.headers, *body, **sent)

    def ask(self, query: Any = "Hello") -> Answer:
        return self.call("POST", "explorer-chat/", {"query": query})

    def start(self, query: str = "Hello") -> int:
        """A new conversation's id."""
        answer = self.ask(query)
        assert answer.status_code == 200, answer.text
        run_id: int = answer.json["run_id"]
        return run_id

    def go_on(self, run_id: Any, query: Any = "And now?") -> Answer:
        return self.call("POST", f"explorer-chat/{run_id}/", {"query": query})

    def read(self, run_id: Any) -> Answer:
        return self.call("GET", f"explorer-chat/{run_id}/")

    def state(self, run_id: int) -> dict[str, Any]:
        session: dict[str, Any] = self.read(run_id).json["session"]
        return session

    def runs(self) -> Any:
        return self.call("GET", "explorer-runs/").json

    def update(self, run_id: Any, payload: Any) -> Answer:
        return self.call("POST", f"explorer-update/{run_id}/", {"payload": payload})

    def answer(self, run_id: int, decision: str, input_id: str, scopes: Any = None) -> Answer:
        said = {"decision": decision} | ({} if scopes is None else {"scopes": scopes})
        payload = {"type": "user_input_response", "input_id": input_id, "response_data": said}
        return self.update(run_id, payload)

    def every(self, run_id: int) -> list[tuple[str, str, Mapping[str, Any] | None]]:
        """Each operation: method, path, and a body that is right."""
        chat, interrupt = {"query": "Hello"}, {"payload": {"type": "interrupt"}}
        return [
            ("GET", "explorer-runs/", None),
            ("POST", "explorer-chat/", chat),
            ("GET", f"explorer-chat/{run_id}/", None),
            ("POST", f"explorer-chat/{run_id}/", chat),
            ("POST", f"explorer-update/{run_id}/", interrupt),
        ]


def listen(sentry: Sentry, answer: Any = None) -> StandIn:
    """Puts a Seer in place that keeps what it is sent, and answers 200 unless told other."""
    app = StandIn({"*": answer or (200, {}, {"run_id": 1, "session": {"status": "completed"}})})
    sentry.deployment.network.join("seer", "http://seer.test", app)
    return app


def seer(sentry: Sentry, method: str, path: str, body: Any = None) -> Any:
    """The answer of Seer's control API, which must be a good one."""
    app = sentry.deployment.seer
    assert app is not None
    headers = {"Authorization": f"Bearer {sentry.deployment.secrets.control}"}
    data = None if body is None else json.dumps(body)
    answer = app.test_client().open(f"/control{path}", method=method, headers=headers, data=data)
    assert answer.status_code == 200, answer.text
    return answer.json


def settle(sentry: Sentry) -> None:
    """Waits until no agent is at work."""
    assert seer(sentry, "POST", "/settle/", {"timeout": 20}) == {"settled": True}


def chat_of(seen: Seen) -> dict[str, Any]:
    """What a chat request carries."""
    sent: dict[str, Any] = seen.json
    return sent
