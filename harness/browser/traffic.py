"""The pages that a window loads, written into the transcript; and whether more are coming."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from harness.scenario.wire import Wire
from harness.transcript import Received, Sent

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Request, Response

# Of a browser's headers those that say something about the request, not about the browser.
_TELLING: Final = frozenset({"cookie", "content-type", "origin", "referer", "x-csrftoken"})


class Traffic:
    """What a browser context loads."""

    def __init__(self, context: BrowserContext, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name
        self._seen: list[Response] = []
        self._open: set[Request] = set()
        #: How many pages were asked for until now.
        self.asked = 0
        context.on("request", self._begin)
        context.on("requestfinished", self._end)
        context.on("requestfailed", self._end)
        context.on("response", self._note)

    @property
    def busy(self) -> bool:
        """Whether a page is on its way."""
        return bool(self._open)

    def forget(self) -> None:
        """What was loaded until now belongs to what was done before."""
        self._seen.clear()

    def take(self, purpose: str) -> list[tuple[Sent, Received]]:
        """Writes down what was loaded since, and returns it."""
        seen, self._seen = self._seen, []
        return [self._write(response, purpose) for response in seen]

    def _begin(self, request: Request) -> None:
        if request.is_navigation_request():
            self.asked += 1
            self._open.add(request)

    def _end(self, request: Request) -> None:
        self._open.discard(request)

    def _note(self, response: Response) -> None:
        # What a page draws itself with, and asks again and again, is no act of the user's.
        if response.request.resource_type == "document":
            self._seen.append(response)

    def _write(self, response: Response, purpose: str) -> tuple[Sent, Received]:
        from playwright.sync_api import Error

        asked = response.request
        try:
            body = response.body() if response.status < 300 or response.status >= 400 else b""
        except Error:
            # A page that another took the place of has none any more.
            body = b""
        try:
            # With cookies: what came over the wire, not what the page could know.
            shown, told = asked.headers_array(), response.headers_array()
        except Error:
            # The tab is closed.
            shown, told = _pairs(asked.headers), _pairs(response.headers)
        headers = tuple(
            (pair["name"], pair["value"]) for pair in shown if pair["name"].lower() in _TELLING
        )
        sent = Sent(asked.method, asked.url, headers, asked.post_data_buffer or b"")
        pairs = ((pair["name"].lower(), pair["value"]) for pair in told)
        received = Received(response.status, tuple(_lasting(pairs)), body)
        outside = None if asked.url.startswith(f"{self._wire.url}/") else "outside"
        self._wire.write(self._name, sent, received, purpose=purpose, server=outside)
        return sent, received


def _pairs(headers: dict[str, str]) -> Any:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _lasting(headers: Any) -> Iterator[tuple[str, str]]:
    """Headers one by one: Chromium joins cookies that are set together by line breaks."""
    for name, value in headers:
        for part in value.split("\n"):
            yield name, part
