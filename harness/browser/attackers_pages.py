"""Where the attacker's pages are: one small server on loopback, under two names.

Under `localhost` it is another site than 127.0.0.1, where Sentry is; under 127.0.0.1,
with another port, it is another origin of the same site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_HOSTS = {"elsewhere": "localhost", "neighbour": "127.0.0.1"}
# Counts the windows that it opens: who looks on waits until each of them is there.
_COUNT = (
    "<script>const really = open; window.opened = 0;"
    " window.open = (...what) => { window.opened += 1; return really(...what); };</script>"
)


class AttackersPages:
    """What the attacker has written; `addresses` says where it is, by origin."""

    def __init__(self, port: int) -> None:
        self.addresses: Mapping[str, str] = {
            origin: f"http://{host}:{port}" for origin, host in _HOSTS.items()
        }
        self._pages: list[bytes] = []

    def write(self, markup: str) -> str:
        """Puts up one more page; returns its path."""
        page = _page("A page of the attacker's", markup)
        self._pages.append(page.encode())
        return f"/{len(self._pages)}"

    def read(self, path: str) -> bytes:
        """What stands at a path: something, wherever one looks."""
        number = path[1:].partition("?")[0]
        if number.isdecimal() and 0 < int(number) <= len(self._pages):
            return self._pages[int(number) - 1]
        return _page("The attacker's", "<p>You are elsewhere now.").encode()


def _page(title: str, markup: str) -> str:
    return f'<!doctype html><html lang="en"><title>{title}</title>{_COUNT}<body>{markup}'


@contextmanager
def serve_attackers_pages() -> Iterator[AttackersPages]:
    """Serves them on a free port of 127.0.0.1 while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.read(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A browser that went away in the middle is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        pages = AttackersPages(server.server_address[1])
        loop = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        loop.start()
        try:
            yield pages
        finally:
            server.shutdown()
            loop.join()
