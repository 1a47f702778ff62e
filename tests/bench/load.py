"""A load client: 8 connections kept alive, one request in flight on each. Prints requests/s.

    python -m tests.bench.load HOST PORT PATH SECONDS [BEARER]

One thread and bare sockets, so that it takes little of the machine that it shares with
the server.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
from time import perf_counter

CONNECTIONS = 8
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")


class Connection:
    """One connection; `missing` is what has still to come of the answer, None if unknown."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._head = b""
        self._missing: int | None = None

    def ask(self) -> None:
        """Sends the request once more."""
        self._head, self._missing = b"", None
        self.socket.sendall(self._request)

    def is_answered(self) -> bool:
        """Takes in what came; whether that was the end of the answer."""
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit("the server closed a connection")
        if self._missing is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return False
            if not self._head.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"not 200: {self._head[:200]!r}")
            found = _LENGTH.search(self._head[: end + 2])
            if found is None:
                raise SystemExit("an answer without a length")
            self._missing = int(found[1]) - (len(self._head) - end - 4)
        else:
            self._missing -= len(data)
        return self._missing <= 0


def run(host: str, port: int, path: str, seconds: float, bearer: str) -> float:
    """Requests answered in a second."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Accept: */*"]
    if bearer:
        lines.append(f"Authorization: Bearer {bearer}")
    request = "\r\n".join([*lines, "", ""]).encode()
    answered = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = Connection(host, port, request)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        start = perf_counter()
        end = start + seconds
        while (now := perf_counter()) < end:
            for key, _ in selector.select(end - now):
                connection = key.data
                if connection.is_answered():
                    answered += 1
                    connection.ask()
        taken = perf_counter() - start
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return answered / taken


if __name__ == "__main__":
    _, to_host, to_port, to_path, for_seconds, *rest = sys.argv
    print(run(to_host, int(to_port), to_path, float(for_seconds), rest[0] if rest else ""))
