"""Seer as a scenario sees it: its control API, and the state of a run."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from harness.events import BETWEEN_SERVICES
from harness.scenario.answer import Answer, Request
from harness.scenario.control import Control
from harness.scenario.wire import UnreachableError, Wire
from harness.transcript import Received, Sent, Transcript

#: Seconds that runs may be at work before a scenario gives up on them.
_PATIENCE = 20.0


class SeerControl(Control):
    """A client of a fake Seer's control API; every call may raise UnreachableError."""

    def __init__(self, wire: Wire, token: str) -> None:
        super().__init__(wire, token)
        self._directed = False

    def settle(self) -> None:
        """Waits until no run is at work."""
        answer = self.call("POST", "/settle/", {"timeout": _PATIENCE}, quiet=True)
        if not answer.planned and answer.status != 200:
            raise UnreachableError(f"Seer's runs did not come to an end: status {answer.status}")

    def direct(self, actor: str, script: str | None, headers: dict[str, str]) -> Answer:
        """What the next runs do: a script, and with whose session if not with a token."""
        body: dict[str, Any] = {"script": script} | ({"headers": headers} if headers else {})
        self._directed = True
        return self.call("PUT", "/direction/", body, actor=actor, purpose="step")

    def let_go(self) -> None:
        """Takes back what `direct` said: whoever comes next is served by their own agent."""
        if not self._directed:
            return
        answer = self.call("PUT", "/direction/", {"script": None}, quiet=True)
        if not answer.planned and answer.status != 200:
            raise UnreachableError(f"Seer's direction was not taken back: status {answer.status}")
        self._directed = False

    def entries_since(self, number: int) -> list[dict[str, Any]]:
        """The entries of Seer's audit log after that number; they go into no transcript."""
        return self._get_numbered(f"/audit/?since={number}", "entries")


def is_exchange(
    exchange: dict[str, Any], sender: str, server: str, method: str | None, path: str | None
) -> bool:
    """Whether an exchange is from `sender` to `server`, of that method and path if any is named."""
    came = (
        exchange.get("sender"),
        exchange.get("server"),
        exchange.get("method"),
        urlsplit(str(exchange.get("url"))).path,
    )
    wanted = (sender, server, method, path)
    return all(one is None or one == other for one, other in zip(wanted, came, strict=True))


def summarise(state: dict[str, Any]) -> dict[str, Any]:
    """A run's state with what scenarios ask for beside it.

    `said`: the assistant's messages; `calls`: each tool call as "METHOD path → outcome".
    """
    messages = [
        found for block in _objects(state, "blocks") if (found := _object(block, "message"))
    ]
    calls = [call for message in messages for call in _objects(message, "tool_calls")]
    said = [message for message in messages if message.get("role") == "assistant"]
    return state | {
        "said": [message.get("content") for message in said],
        "calls": [f"{call.get('arguments')} → {call.get('outcome')}" for call in calls],
    }


def _object(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; an empty one for anything else: a server may say what it likes."""
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _objects(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = holder.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def write_exchange(transcript: Transcript, passage: dict[str, Any]) -> None:
    """Writes an exchange between services into the transcript; there its secrets are masked."""
    received = None
    if passage.get("status") is not None:
        headers = tuple((str(name), str(value)) for name, value in passage["response_headers"])
        received = Received(passage["status"], headers, passage["response_body"].encode())
    transcript.exchange(
        actor=passage["sender"],
        server=passage["server"],
        purpose=BETWEEN_SERVICES,
        sent=Sent(
            passage["method"],
            passage["url"],
            tuple((str(name), str(value)) for name, value in passage["request_headers"]),
            passage["request_body"].encode(),
        ),
        received=received,
        error=passage.get("error"),
    )


def read_state(
    wire: Wire, actor: str, path: str, headers: tuple[tuple[str, str], ...]
) -> tuple[Answer, dict[str, Any] | None]:
    """What Sentry answers about a run at `path`, and its state; None where it tells of none."""
    request = Request("GET", path, (("Accept", "application/json"), *headers))
    answer = wire.send(actor, request, purpose="read run")
    found = answer.at("/session")
    return answer, summarise(found) if isinstance(found, dict) else None
