"""A Seer by itself: calls as Sentry signs them, agents of any kind, and a Sentry that listens."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterable
from functools import cache
from itertools import count
from typing import Any, TypeAlias

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from harness.clock import Clock
from harness.network import Network
from harness.seer import Settings, create_app
from harness.seer.agent.actions import Action, Request
from harness.seer.script import Script, load_scripts
from harness.signing import sign
from tests.scenario.theatre import StandIn
from tests.seer.conftest import NOW

SECRET, CONTROL = "s" * 40, "c" * 40
#: The organization and the user of every run that is nobody else's.
ORGANIZATION, USER = 42, 7
PATIENCE = 20

Agent: TypeAlias = Generator[Action, Any, None]
MakeAgent: TypeAlias = Callable[[], Agent]

RENAME = Request("PUT", "/api/0/organizations/acme/", body={"name": "Mine"})
READ = Request("GET", "/api/0/organizations/acme/")


@cache
def scripts() -> list[Script]:
    """Those that come along, read once."""
    return load_scripts()


class House:
    """One Seer. `agents`: what does the work for a query; for others the scripts do."""

    def __init__(self, secret: str = SECRET, **settings: Any) -> None:
        self.secret = secret
        self.agents: dict[str, MakeAgent] = {}
        self.network = Network()
        self.sentry = StandIn({"*": (200, {}, {"fine": True})})
        self.network.join("sentry", "http://sentry.test", self.sentry)
        chosen: dict[str, Any] = {"secret": secret, "control_token": CONTROL} | settings
        self.clock = Clock.frozen(NOW)
        self.app = create_app(Settings(**chosen), scripts, self.network, clock=self.clock)
        self._numbers = count(1)

    @property
    def client(self) -> FlaskClient:
        """A new one: a client is not for several threads."""
        return self.app.test_client()

    # Calls

    def headers(self, body: bytes, owner: Any = None) -> dict[str, str]:
        """Those of a call that Sentry makes on behalf of `owner`."""
        organization, user = owner or (ORGANIZATION, USER)
        named = {"organization_id": organization, "user_id": user}
        context = json.dumps(named, separators=(",", ":"))
        return {
            "Authorization": f"Rpcsignature rpc0:{sign(SECRET, body)}",
            "X-Viewer-Context": context,
            "X-Viewer-Context-Signature": sign(SECRET, context.encode()),
        }

    def payload(self, run_id: Any, owner: Any = None, **more: Any) -> dict[str, Any]:
        organization, user = owner or (ORGANIZATION, USER)
        return {
            "organization_id": organization,
            "user_id": user,
            "request_id": f"{next(self._numbers):032x}",
            "run_id": run_id,
        } | more

    def send(self, name: str, body: bytes, headers: Any) -> TestResponse:
        return self.client.post(f"/v1/automation/explorer/{name}", data=body, headers=headers)

    def call(self, name: str, run_id: Any, owner: Any = None, **more: Any) -> TestResponse:
        body = json.dumps(self.payload(run_id, owner, **more)).encode()
        return self.send(name, body, self.headers(body, owner))

    def chat(self, run_id: Any = 1, query: str = "Hello", **more: Any) -> TestResponse:
        told: dict[str, Any] = {
            "query": query,
            "user_org_context": {"organization_slug": "acme"},
            "enable_code_mode_tools": True,
        }
        return self.call("chat", run_id, **(told | more))

    def answer(
        self, run_id: int, decision: str, input_id: str | None = None, **more: Any
    ) -> TestResponse:
        payload = {
            "type": "user_input_response",
            "input_id": input_id or self.pending(run_id)["id"],
            "response_data": {"decision": decision} | more,
        }
        return self.call("update", run_id, payload=payload)

    def interrupt(self, run_id: int) -> TestResponse:
        return self.call("update", run_id, payload={"type": "interrupt"})

    def state(self, run_id: int, owner: Any = None) -> Any:
        answer = self.call("state", run_id, owner)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["session"]

    def pending(self, run_id: int) -> dict[str, Any]:
        pending: dict[str, Any] = self.state(run_id)["pending_user_input"]
        return pending

    def said(self, run_id: int) -> list[str]:
        """The assistant's messages."""
        messages = [block["message"] for block in self.state(run_id)["blocks"]]
        return [one["content"] for one in messages if one["role"] == "assistant"]

    def outcomes(self, run_id: int) -> list[str]:
        """What came of the tool calls."""
        messages = [block["message"] for block in self.state(run_id)["blocks"]]
        return [call["outcome"] for one in messages for call in one.get("tool_calls", ())]

    # The operator

    def control(self, method: str, path: str, body: Any = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {CONTROL}"}
        data = None if body is None else json.dumps(body)
        return self.client.open(f"/control{path}", method=method, headers=headers, data=data)

    def settle(self, timeout: float = PATIENCE) -> None:
        answer = self.control("POST", "/settle/", {"timeout": timeout})
        assert answer.status_code == 200, answer.text

    def audit(self, kind: str = "") -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.control("GET", "/audit/").get_json()["entries"]
        return [entry for entry in entries if not kind or entry["kind"] == kind]

    def log(self) -> list[str]:
        lines = self.control("GET", "/log/").get_json()["lines"]
        return [line["text"] for line in lines]

    def close(self) -> None:
        self.app.extensions["close"]()
        self.network.close()


def acting(*actions: Action) -> MakeAgent:
    """An agent that does these, whatever comes of them."""

    def act() -> Agent:
        for action in actions:  # noqa: UP028 - what is sent is not for a tuple
            yield action

    return act


class Stepped:
    """An agent that takes each step when it is let: `reached` tells that it waits for that."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self.results: list[Any] = []
        self.closed = threading.Event()
        self._actions = list(actions)
        self._reached = threading.Semaphore(0)
        self._let = threading.Semaphore(0)

    def __call__(self) -> Agent:
        try:
            for action in self._actions:
                self._pause()
                self.results.append((yield action))
            self._pause()
        finally:
            self.closed.set()

    def _pause(self) -> None:
        self._reached.release()
        assert self._let.acquire(timeout=PATIENCE)

    def reach(self) -> None:
        """Waits until the agent waits."""
        assert self._reached.acquire(timeout=PATIENCE)

    def let(self) -> None:
        """Lets it take one step."""
        self._let.release()

    def step(self) -> None:
        """Lets it take a step, and waits until it has."""
        self.let()
        self.reach()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What came of acts that threads begin at the same moment."""
    together = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def act(index: int) -> None:
        together.wait(PATIENCE)
        results[index] = acts[index]()

    threads = [threading.Thread(target=act, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
