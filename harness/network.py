"""The network between the services of one deployment, and what passed over it.

Each party has a name and an address; a request goes to the party whose origin its URL
has, in process or through a socket, and to nobody else: no service reaches beyond. What
passes is kept, in the order in which it was sent, for whoever may read it (the control
API of the mock Sentry, under the run's control token). It is kept as it was: credentials
are in it.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from harness.numbered import Numbered

if TYPE_CHECKING:
    import httpx

    from harness.wsgi import WsgiApp

Headers = tuple[tuple[str, str], ...]

#: A host that is nobody's. Requests to it arrive at a party that only listens.
OUTSIDE_HOST: Final = "outside.test"
OUTSIDE: Final = "outside"

#: Exchanges kept; older ones give way.
SIZE: Final = 5000
_MOST_BYTES = 8 * 1024 * 1024
# Bytes of a body that are kept.
_KEPT = 256 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class UnansweredError(Exception):
    """A request got no answer; the message says why, without what was sent."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request on its way: header pairs in their order, and the exact body."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer: header pairs with names in lower case, and the decoded body."""

    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """The first header of this name (in lower case), or nothing."""
        return next((value for key, value in self.headers if key == name), "")


_M = TypeVar("_M", Outgoing, Incoming)


@dataclass(slots=True)
class Passage:
    """One exchange between parties; without an answer `error` says why."""

    sender: str
    server: str
    sent: Outgoing
    received: Incoming | None = None
    error: str | None = None

    def as_json(self, number: int) -> dict[str, Any]:
        """The exchange as plain data; bodies are text, what is not UTF-8 by escapes."""
        # Read once: the answer may come while this is told.
        answer = self.received
        received = answer or Incoming(0)
        return {
            "id": number,
            "sender": self.sender,
            "server": self.server,
            "method": self.sent.method,
            "url": self.sent.url,
            "request_headers": [list(pair) for pair in self.sent.headers],
            "request_body": self.sent.body.decode("utf-8", "backslashreplace"),
            "status": answer and answer.status,
            "response_headers": [list(pair) for pair in received.headers],
            "response_body": received.body.decode("utf-8", "backslashreplace"),
            "error": self.error,
        }


@dataclass(slots=True)
class _Party:
    """Who answers at a URL: an application of this process, or a socket."""

    name: str
    url: str
    app: WsgiApp | None
    transport: httpx.BaseTransport | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> httpx.BaseTransport:
        """What requests go through; made when it is first needed, for httpx takes a while."""
        with self.lock:
            if self.transport is None:
                if self.app is None:
                    self.transport = open_transport(self.url)
                else:
                    from harness.wsgi import WsgiTransport

                    self.transport = WsgiTransport(self.app)
            return self.transport

    def close(self) -> None:
        with self.lock:
            transport, self.transport = self.transport, None
        if transport is not None:
            transport.close()


class Network:
    """The parties of one deployment; safe to use from several threads."""

    def __init__(self) -> None:
        self._parties: dict[str, _Party] = {}
        self._passages: Numbered[Passage] = Numbered(SIZE)
        self._lock = threading.Lock()
        self._open_calls: set[str] = set()
        self._call_closed = threading.Condition()
        self.join(OUTSIDE, f"https://{OUTSIDE_HOST}", _listen)

    def join(self, name: str, url: str, app: WsgiApp | None = None) -> None:
        """`name` answers at `url` from now on: `app`, or without one whoever listens there."""
        with self._lock:
            before = self._parties.get(name)
            self._parties[name] = _Party(name, url.rstrip("/"), app)
        if before is not None:
            before.close()

    def url(self, name: str) -> str:
        """Where a party answers, without a slash at the end. Raises KeyError for nobody."""
        return self._parties[name].url

    def send(self, sender: str, request: Outgoing, *, timeout: float) -> Incoming:
        """The answer to a request of the party `sender`; redirects are not followed.

        `timeout`: seconds to connect, and between two pieces of the answer. Raises
        UnansweredError, also for a URL of no party.
        """
        party = self._find(request.url)
        passage = Passage(sender, party.name if party else OUTSIDE, _cut(request))
        self._passages.add(passage)
        try:
            if party is None:
                raise UnansweredError("no such host")
            came = _exchange(party.open(), request, timeout)
        except UnansweredError as error:
            passage.error = str(error)
            raise
        passage.received = _cut(came)
        return came

    def open_call(self, call: str) -> None:
        """Who is set to work by `call` waits with it until that is closed.

        Otherwise they and the one who called would write down what they do in any order.
        """
        with self._call_closed:
            self._open_calls.add(call)

    def close_call(self, call: str) -> None:
        """Whoever made `call` has done all that they do about it."""
        with self._call_closed:
            self._open_calls.discard(call)
            self._call_closed.notify_all()

    def wait_for(self, call: str, timeout: float) -> None:
        """Waits until `call` is closed, and no longer than `timeout` seconds."""
        with self._call_closed:
            self._call_closed.wait_for(lambda: call not in self._open_calls, timeout)

    def since(self, number: int) -> list[dict[str, Any]]:
        """The exchanges after `number`, in the order in which they were sent."""
        return [passage.as_json(at) for at, passage in self._passages.since(number)]

    def clear(self) -> None:
        """Forgets what passed and counts from 1 again."""
        self._passages.clear()

    def close(self) -> None:
        """Lets connections go."""
        with self._lock:
            parties = list(self._parties.values())
        for party in parties:
            party.close()

    def _find(self, url: str) -> _Party | None:
        try:
            wanted = urlsplit(url)
            if wanted.scheme not in _PORTS:
                return None
            origin = _origin(wanted)
        except ValueError:
            return None
        if wanted.hostname == OUTSIDE_HOST:
            return self._parties[OUTSIDE]
        with self._lock:
            parties = list(self._parties.values())
        return next((party for party in parties if _origin(urlsplit(party.url)) == origin), None)


def _cut(message: _M) -> _M:
    """What is kept of a message: of a long body its beginning."""
    return message if len(message.body) <= _KEPT else replace(message, body=message.body[:_KEPT])


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """RFC 6454 section 4. Raises ValueError for a port that is none."""
    return url.scheme, url.hostname, _PORTS.get(url.scheme) if url.port is None else url.port


def _exchange(transport: httpx.BaseTransport, sent: Outgoing, timeout: float) -> Incoming:
    import httpx

    try:
        request = httpx.Request(
            sent.method,
            sent.url,
            headers=[(name.encode(), value.encode()) for name, value in sent.headers],
            content=sent.body,
            extensions={"timeout": httpx.Timeout(timeout).as_dict()},
        )
        response = transport.handle_request(request)
        # Its errors name the request, and a response does not know its own.
        response.request = request
        try:
            body = _read(response.iter_bytes())
        finally:
            response.close()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise UnansweredError(type(error).__name__) from None
    headers = ((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in response.headers.raw)
    return Incoming(response.status_code, tuple(headers), body)


def _read(chunks: Iterable[bytes]) -> bytes:
    read = bytearray()
    for chunk in chunks:
        read += chunk
        if len(read) > _MOST_BYTES:
            raise UnansweredError(f"an answer of more than {_MOST_BYTES} bytes")
    return bytes(read)


def _listen(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The party outside: it takes everything and says nothing."""
    start_response("204 No Content", [])
    return ()


def open_transport(url: str) -> httpx.HTTPTransport:
    """Connections to the server at `url`, kept and shared by threads."""
    import httpx

    # Trust is loaded only where it is used: it costs 20 to 30 ms.
    context = _trust() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.HTTPTransport(verify=context, trust_env=False)


@cache
def _trust() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
