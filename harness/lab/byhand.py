"""What somebody does by hand in the pages of the mock Sentry, seen on its way.

Only pages that a browser goes to are told: it marks them by `Sec-Fetch-Dest`, which no
script of a page can set. What a page fetches to draw itself is no act of a person's.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from harness.transcript import Received, Sent
from harness.wsgi import WsgiApp

Note = Callable[[Sent, Received], None]

# Of a browser's headers those that say something about the request, not about the browser.
_TELLING = ("HTTP_COOKIE", "HTTP_ORIGIN", "HTTP_REFERER")
# A form of the mock's pages is far smaller.
_MOST_BODY = 256 * 1024


class Watched:
    """A WSGI application whose pages are told to `note` as they are answered."""

    def __init__(self, app: WsgiApp, note: Note) -> None:
        self._app = app
        self._note = note

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers as the application does."""
        if environ.get("HTTP_SEC_FETCH_DEST") != "document":
            return self._app(environ, start_response)
        sent = _read_request(environ)
        answer: dict[str, Any] = {}

        def note_start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            answer.update(status=int(status.partition(" ")[0]), headers=tuple(headers))
            write: Callable[[bytes], object] = start_response(status, headers, exc_info)
            return write

        chunks = self._app(environ, note_start)
        try:
            body = list(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        headers = tuple((name.lower(), value) for name, value in answer["headers"])
        self._note(sent, Received(answer["status"], headers, b"".join(body)))
        return body


def _read_request(environ: dict[str, Any]) -> Sent:
    """The request; its body is put back for the application."""
    length = environ.get("CONTENT_LENGTH") or "0"
    body = b""
    if length.isdigit() and int(length) <= _MOST_BODY:
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)
    query = environ.get("QUERY_STRING", "")
    path = environ.get("PATH_INFO", "/") + (f"?{query}" if query else "")
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-").title(), environ[name])
        for name in _TELLING
        if name in environ
    ]
    if kind := environ.get("CONTENT_TYPE"):
        headers.append(("Content-Type", kind))
    url = f"http://{environ.get('HTTP_HOST', '')}{path}"
    return Sent(environ["REQUEST_METHOD"], url, tuple(headers), body)
