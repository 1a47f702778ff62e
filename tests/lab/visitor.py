"""Who uses a lab: a browser's client without a browser, and what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from harness.lab.launch import Lab

# Seconds until something that was asked for is told; a machine under load takes its time.
PATIENCE = 60.0

Found = Callable[[dict[str, Any]], bool]


@dataclass
class Event:
    """One server-sent event."""

    name: str = "message"
    id: str = ""
    data: Any = None


class Visitor:
    """Somebody whose browser was let in."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.client = httpx.Client(base_url=lab.root, trust_env=False, timeout=PATIENCE)

    def enter(self) -> Visitor:
        """By the address that was printed."""
        assert self.client.get(self.lab.url).status_code == 303
        return self

    def close(self) -> None:
        self.client.close()

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """As a script of the page does it."""
        sent = {"Origin": self.lab.root} | headers
        return self.client.post(path, json={} if body is None else body, headers=sent)

    def do(self, actor: str, verb: str, **arguments: Any) -> httpx.Response:
        """One step of free play; a final underscore is dropped from a name."""
        named = {key.removesuffix("_").replace("_", " "): one for key, one in arguments.items()}
        return self.post("/api/step", {"actor": actor, "verb": verb, "arguments": named})

    def forward(self, times: int = 1) -> None:
        """Stops of the tour."""
        for _ in range(times):
            answer = self.post("/api/tour/forward")
            assert answer.status_code == 204, answer.text

    @contextmanager
    def listen(self, last: str = "") -> Iterator[Iterator[Event]]:
        """The events of the stream, from the start or after the event with the id `last`."""
        headers = {"Last-Event-ID": last} if last else {}
        with self.client.stream("GET", "/api/events", headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            yield _read_events(answer.iter_lines())

    def raw_events(self) -> Iterator[str]:
        """The events of the stream as they stand on the wire."""
        with self.client.stream("GET", "/api/events") as answer:
            event = ""
            for line in answer.iter_lines():
                event += f"{line}\n"
                if not line:
                    yield event
                    event = ""

    def told(self, found: Found, last: str = "") -> list[dict[str, Any]]:
        """What is told up to the message that `found` looks for."""
        messages = []
        with self.listen(last) as events:
            for event in events:
                if event.name != "message":
                    continue
                messages.append(event.data)
                if found(event.data):
                    return messages
        raise AssertionError(f"the stream ended after {messages[-3:]}")

    def state(self) -> dict[str, Any]:
        """How the flow stands."""
        last: dict[str, Any] = self.told(is_state)[-1]["data"]
        return last


def _read_events(lines: Iterator[str]) -> Iterator[Event]:
    event = Event()
    for line in lines:
        name, _, value = line.partition(": ")
        match name:
            case "event":
                event.name = value
            case "id":
                event.id = value
            case "data":
                event.data = json.loads(value)
            case "":
                yield event
                event = Event()


def is_state(message: dict[str, Any]) -> bool:
    """Whether it tells how the flow stands, with nothing going on."""
    return bool(message["kind"] == "state" and not message["data"]["busy"])


def is_end(message: dict[str, Any]) -> bool:
    """Whether an attack is over."""
    return bool(message["topic"] == "bench" and message["kind"] == "ended")


@dataclass
class Told:
    """What a stream told, by kind."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def of(self, topic: str, kind: str) -> list[Any]:
        return [
            one["data"] for one in self.messages if (one["topic"], one["kind"]) == (topic, kind)
        ]

    def items(self, kind: str, topic: str = "flow") -> list[dict[str, Any]]:
        """Exchanges, tokens, checks or remarks."""
        return [data["item"][kind] for data in self.of(topic, "item") if kind in data["item"]]
