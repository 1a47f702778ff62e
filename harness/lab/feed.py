"""What the page is told, in order, so that a reader who was away goes on where they stopped.

Each message has a number. A topic that begins anew drops what it had; of a message that
stands for a state only the last is kept.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """Something to tell, as the JSON that is sent. `state`: the last of its kind counts."""

    number: int
    topic: str
    kind: str
    text: str
    state: bool


class Feed:
    """Messages for every reader; safe to use from several threads."""

    def __init__(self) -> None:
        # Numbers of another feed, such as that of a run before this one, mean nothing here.
        self.name = secrets.token_hex(4)
        self._messages: list[Message] = []
        self._number = 0
        self._closed = False
        self._news = threading.Condition()

    def publish(self, topic: str, kind: str, data: Any = None, *, state: bool = False) -> None:
        """Tells every reader; `state`: instead of the last message of this kind."""
        text = json.dumps({"topic": topic, "kind": kind, "data": data}, ensure_ascii=False)
        with self._news:
            self._number += 1
            if state:
                self._messages = [
                    one for one in self._messages if (one.topic, one.kind) != (topic, kind)
                ]
            self._messages.append(Message(self._number, topic, kind, text, state))
            self._news.notify_all()

    def begin(self, topic: str, data: Any = None) -> None:
        """A topic begins anew: what was told of it does not count any more, but for its states."""
        with self._news:
            self._messages = [one for one in self._messages if one.topic != topic or one.state]
            self.publish(topic, "begin", data)

    def close(self) -> None:
        """Ends every reader's stream."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def place(self, last: str) -> int:
        """The number that an event id of this feed has; -1 for none, and for another feed's."""
        name, _, number = last.rpartition("-")
        known = name == self.name and number.isascii() and number.isdigit()
        return int(number) if known and int(number) <= self._number else -1

    def since(self, number: int) -> list[Message]:
        """The messages after `number` that still count."""
        with self._news:
            return [one for one in self._messages if one.number > number]

    def follow(self, number: int, patience: float) -> Iterator[list[Message]]:
        """The messages after `number`, as they come; an empty list after `patience` seconds.

        Ends when the feed is closed.
        """
        while True:
            with self._news:
                fresh = self.since(number)
                if not fresh and not self._closed:
                    self._news.wait(patience)
                    fresh = self.since(number)
                if self._closed:
                    return
            if fresh:
                number = fresh[-1].number
            yield fresh


# Seconds between two looks whether a reader is still there.
_BEAT = 0.5
# Milliseconds until a browser whose line broke tries again.
_RETRY = 1000


def stream(
    feed: Feed,
    last: str,
    clock: Callable[[], str],
    *,
    patience: float = 10.0,
    gone: Callable[[], bool] = lambda: False,
) -> Iterator[str]:
    """Server-sent events: what came after the event id `last`, then what comes.

    Who comes from nowhere is told so first. At the start, and every `patience` seconds, the
    clock of the mock is told, which also shows that the line is alive. Ends when the reader
    is `gone`.
    """
    number = feed.place(last)
    yield f"retry: {_RETRY}\n" + _event("hello", {"fresh": number < 0, "clock": clock()})
    told = time.monotonic()
    for messages in feed.follow(number, min(_BEAT, patience)):
        if gone():
            return
        for one in messages:
            yield f"id: {feed.name}-{one.number}\ndata: {one.text}\n\n"
        if time.monotonic() - told >= patience:
            told = time.monotonic()
            yield _event("clock", {"clock": clock()})


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
