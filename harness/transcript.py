"""What happened in one scenario, in order: the single source of every report.

A `Transcript` is a list of events, numbered from 1 and redacted as they are
written. Each event is plain data with a `kind`; `as_json` gives all of it, and
`subscribe` gives each event as it happens, in the same form. Nothing else needs
to be kept to draw a report, a HAR file, a table or a live page.

`harness.events` has the kinds. No event holds a duration or a wall-clock time, so
two runs with one seed agree.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from harness.events import (
    Check,
    Decision,
    Ended,
    Event,
    Exchange,
    Outcome,
    Picture,
    Remark,
    Started,
    Step,
    Token,
)
from harness.redact import Redactor

# Longer bodies are cut, after they were redacted.
_MOST_BODY = 64 * 1024
# These tell the time or the server's build, and nothing about the scenario.
_VOLATILE = frozenset({"date", "server"})


@dataclass(frozen=True)
class Sent:
    """A request as it went out: header pairs in their order, and the exact body."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Received:
    """An answer as it came in: header pairs in their order, and the decoded body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type and its parameters, or nothing."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is shown by escapes."""
        return self.body.decode("utf-8", "backslashreplace")


Subscriber = Callable[[dict[str, Any]], None]


class Transcript:
    """The events of one scenario; safe to write from several threads."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redactor = redactor or Redactor()
        self.events: list[Event] = []
        self._subscribers: list[Subscriber] = []
        self._step: int | None = None
        self._tokens = 0
        self._lock = threading.RLock()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Calls `subscriber` with the plain data of each event from now on."""
        with self._lock:
            self._subscribers.append(subscriber)

    def start(
        self,
        *,
        scenario: str,
        title: str,
        note: str,
        target: str,
        cast: dict[str, str],
        attack: dict[str, Any] | None = None,
    ) -> None:
        """The scenario begins."""
        data = self.redactor.data
        self._write(
            Started,
            scenario=scenario,
            title=title,
            note=data(note),
            target=data(target),
            cast=data(cast),
            attack=data(attack),
        )

    def step(
        self,
        *,
        index: int,
        actor: str,
        verb: str,
        arguments: Any,
        note: str,
        line: int | None,
        role: str | None = None,
    ) -> int:
        """A step begins, and with it its place for what follows; gives the event's number."""
        with self._lock:
            self._step = None
            number = self._write(
                Step,
                index=index,
                actor=actor,
                verb=verb,
                arguments=self.redactor.data(arguments),
                note=self.redactor.text(note),
                line=line,
                role=role,
            )
            self._step = number
            return number

    def leave_step(self) -> None:
        """What follows belongs to no step."""
        with self._lock:
            self._step = None

    def exchange(
        self,
        *,
        actor: str,
        purpose: str,
        sent: Sent,
        received: Received | None,
        error: str | None = None,
        server: str = "sentry",
    ) -> None:
        """A request and its answer, or the reason why there is none."""
        with self._lock:
            # In the order of the wire, which is the order of the labels.
            url = self.redactor.url(sent.url)
            sent_headers = _pairs(self.redactor.headers(sent.headers))
            sent_body = self._body(_text(sent.body), _content_type(sent.headers))
            headers = [] if received is None else self.redactor.headers(_lasting(received.headers))
            body = "" if received is None else self._body(received.text, received.content_type)
            self._write(
                Exchange,
                actor=actor,
                server=server,
                purpose=purpose,
                method=sent.method,
                url=url,
                request_headers=sent_headers,
                request_body=sent_body,
                status=None if received is None else received.status,
                response_headers=_pairs(headers),
                response_body=body,
                error=None if error is None else self.redactor.text(error),
            )

    def decision(self, record: Any) -> None:
        """A decision record of the server."""
        self._write(Decision, record=self.redactor.data(record))

    def check(
        self, name: str, *, expected: Any, came: Any, passed: bool, message: str = ""
    ) -> None:
        """One expectation and whether it held."""
        self._write(
            Check,
            name=name,
            expected=self.redactor.data(expected),
            came=self.redactor.data(came),
            passed=passed,
            message=self.redactor.text(message),
        )

    def remark(self, text: str) -> None:
        """A sentence for the reader."""
        self._write(Remark, text=self.redactor.text(text))

    def picture(self, actor: str, url: str, png: bytes) -> None:
        """What a tab of a user's browser shows."""
        image = base64.b64encode(png).decode()
        self._write(Picture, actor=actor, url=self.redactor.url(url), png=image)

    def end(self, outcome: Outcome, reason: str = "", verdict: str | None = None) -> None:
        """The scenario is over."""
        with self._lock:
            self._step = None
            reason = self.redactor.text(reason)
            self._write(Ended, outcome=outcome, reason=reason, verdict=verdict)

    def as_json(self) -> list[dict[str, Any]]:
        """All events so far, as plain data."""
        with self._lock:
            return [event.as_json() for event in self.events]

    def _body(self, text: str, content_type: str) -> str:
        text = self.redactor.body(text, content_type)
        if len(text) <= _MOST_BODY:
            return text
        return f"{text[:_MOST_BODY]}… ({len(text)} characters)"

    def _write(self, kind: type[Event], **values: Any) -> int:
        with self._lock:
            number = self._append(kind, values)
            # What writing this event made known follows it.
            known = self.redactor.tokens
            for token in known[self._tokens :]:
                self._append(Token, token.as_json())
            self._tokens = len(known)
            return number

    def _append(self, kind: type[Event], values: dict[str, Any]) -> int:
        event = kind(number=len(self.events) + 1, step=self._step, **values)
        self.events.append(event)
        for subscriber in self._subscribers:
            subscriber(event.as_json())
        return event.number


class Unwritten(Transcript):
    """A transcript that nobody will read: it takes everything and keeps nothing."""

    def start(self, **_: Any) -> None:
        """Nothing."""

    def step(self, **_: Any) -> int:
        """Nothing; the number is 0."""
        return 0

    def exchange(self, **_: Any) -> None:
        """Nothing."""

    def decision(self, record: Any) -> None:
        """Nothing."""

    def check(self, name: str, **_: Any) -> None:
        """Nothing."""

    def remark(self, text: str) -> None:
        """Nothing."""

    def picture(self, actor: str, url: str, png: bytes) -> None:
        """Nothing."""

    def end(self, outcome: Outcome, reason: str = "", verdict: str | None = None) -> None:
        """Nothing."""


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


def _content_type(headers: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _lasting(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _VOLATILE]


def _pairs(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, value] for name, value in headers]
