"""Sends requests to one server, and writes each exchange into the transcript.

Redirects are never followed, environment proxies never used, and cookies belong to
whoever sends, not to the connection.
"""

from __future__ import annotations

import functools
import time
from urllib.parse import urlsplit

import httpx

from harness.scenario.answer import Answer, Headers, Request
from harness.transcript import Received, Sent, Transcript

# Seconds: to connect, between two pieces of an answer, and for all of it.
_CONNECT, _READ, _WHOLE = 5.0, 15.0, 60.0
_MOST_BYTES = 16 * 1024 * 1024


class UnreachableError(Exception):
    """A server gave no answer; the message has what was sent where, and what happened."""


class UnsendableError(Exception):
    """A request that no HTTP client can put on the wire."""


class Wire:
    """The way to one server at `url`; without a transport requests are only planned.

    `server` is what the transcript calls it.
    """

    def __init__(
        self,
        url: str,
        transport: httpx.BaseTransport | None,
        transcript: Transcript,
        *,
        server: str = "sentry",
    ) -> None:
        self.url = url
        self.server = server
        self._transport = transport
        self._transcript = transcript
        #: How many requests were sent, answered or not.
        self.sent = 0

    @property
    def transport(self) -> httpx.BaseTransport | None:
        """What requests go through; None where they are only planned."""
        return self._transport

    @property
    def planned(self) -> bool:
        """Whether nothing is sent."""
        return self._transport is None

    def write(
        self,
        actor: str,
        sent: Sent,
        received: Received,
        *,
        purpose: str = "step",
        server: str | None = None,
    ) -> None:
        """Writes down an exchange that somebody had by another way, as a browser has.

        `server`: who answered, if it was another than this.
        """
        self.sent += 1
        self._transcript.exchange(
            actor=actor, server=server or self.server, purpose=purpose, sent=sent, received=received
        )

    def send(
        self, actor: str, request: Request, *, purpose: str = "step", quiet: bool = False
    ) -> Answer:
        """The answer to `request`; the exchange is in the transcript unless `quiet`.

        Raises UnreachableError if no answer came, UnsendableError if nothing can be sent.
        """
        url = self.url + request.target
        if not request.target.startswith("/"):
            # `@elsewhere/` after the URL of a server would be another server's.
            raise UnsendableError(f"{request.method} {request.path}: a path begins with a slash")
        try:
            out = httpx.Request(
                request.method,
                url,
                headers=[(name.encode(), value.encode()) for name, value in request.headers],
                content=request.body,
                extensions={"timeout": httpx.Timeout(_READ, connect=_CONNECT).as_dict()},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UnsendableError(f"{request.method} {request.path}: {error}") from None
        sent = Sent(request.method, str(out.url), _text_headers(out.headers), request.body)
        note = functools.partial(
            self._transcript.exchange, actor=actor, server=self.server, purpose=purpose, sent=sent
        )
        if self._transport is None:
            if not quiet:
                note(received=None, error="planned")
            return Answer(None, request)
        self.sent += 1
        try:
            received = _receive(self._transport, out)
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            note(received=None, error=reason)
            where = f"{request.method} {self.url}{urlsplit(request.path).path}"
            kind = UnsendableError if _is_ours(error) else UnreachableError
            raise kind(f"{where}: {reason}") from None
        if not quiet:
            note(received=received)
        return Answer(received, request)


def _is_ours(error: Exception) -> bool:
    return isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol)


def _receive(transport: httpx.BaseTransport, request: httpx.Request) -> Received:
    """Raises httpx.TransportError, also for an answer without end."""
    deadline = time.monotonic() + _WHOLE
    response = transport.handle_request(request)
    # Its errors name the request, and a response does not know its own.
    response.request = request
    try:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > _MOST_BYTES:
                raise httpx.ReadError(f"an answer of more than {_MOST_BYTES} bytes")
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout(f"an answer that took more than {_WHOLE:.0f} seconds")
    finally:
        response.close()
    return Received(response.status_code, _text_headers(response.headers), b"".join(chunks))


def _text_headers(headers: httpx.Headers) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw)
