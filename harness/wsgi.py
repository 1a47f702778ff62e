"""An application in process behind httpx, seen as through a real server.

Unlike httpx's own transport it joins headers that come twice, as PEP 3333 servers
do, and passes bytes beyond ASCII in paths and headers on.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

_PORTS = {"http": 80, "https": 443}


class WsgiTransport(httpx.BaseTransport):
    """Hands each request to a WSGI application, in the caller's thread."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The application's answer, read to its end; what the application raises is raised."""
        body = request.read()
        answer: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], None]:
            if exc_info and answer:
                raise exc_info[1].with_traceback(exc_info[2])
            answer["status"], answer["headers"] = int(status.partition(" ")[0]), headers
            return written.append

        written: list[bytes] = []
        chunks = self._app(_environ(request, body), start_response)
        try:
            written += chunks
        finally:
            if close := getattr(chunks, "close", None):
                close()
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer["headers"]]
        return httpx.Response(answer["status"], headers=headers, content=b"".join(written))


def _environ(request: httpx.Request, body: bytes) -> dict[str, Any]:
    path, _, query = request.url.raw_path.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": request.url.raw_path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": request.url.host,
        "SERVER_PORT": str(request.url.port or _PORTS[request.url.scheme]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in request.headers.raw:
        name = raw_name.decode("ascii").upper().replace("-", "_")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        if key in environ:
            value = f"{environ[key]}{'; ' if name == 'COOKIE' else ', '}{value}"
        environ[key] = value
    return environ
