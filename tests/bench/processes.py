"""Whole processes: how long a start takes, and what a server carries."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from tests.bench.load import CONNECTIONS
from tests.bench.measure import Row

_STARTS = 15
_SERVER_STARTS = 5
_ROUNDS = 5
_SECONDS = 1.5
_ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("SEER_")}


def measure_help() -> Iterator[Row]:
    """`--help`, beside a Python that does nothing."""
    bare: list[float] = []
    helped: list[float] = []
    for _ in range(_STARTS):
        bare.append(_time("-c", ""))
        helped.append(_time("-m", "harness", "--help"))
    yield Row("--help", 1e3 * median(helped), "ms", "bare Python", 1e3 * median(bare), goal=6)


def measure_start() -> Iterator[Row]:
    """`serve`, from nothing to the first answer over the socket."""
    times = []
    for _ in range(_SERVER_STARTS):
        start = perf_counter()
        with _serve() as ready:
            _ask(ready["sentry"]["url"])
            times.append(perf_counter() - start)
    yield Row("serve, to its first answer", median(times), "s", goal=0.6)


def measure_load() -> Iterator[Row]:
    """Reads over sockets, 8 connections, the client in a process of its own."""
    carried: list[float] = []
    bare: list[float] = []
    with _serve() as ready, _serve_bare() as bare_port:
        url = urlsplit(ready["sentry"]["url"])
        user = next(user for user in ready["users"] if user["token"] and user["memberships"])
        path = f"/api/0/organizations/{user['memberships'][0]['organization']}/"
        for _ in range(_ROUNDS):
            bare.append(_load(bare_port, "/bare/", user["token"]))
            carried.append(_load(str(url.port), path, user["token"]))
    name = f"authorized read, {CONNECTIONS} connections"
    against = "a bare Flask route on the same server"
    yield Row(name, median(carried), "/s", against, median(bare), goal=1.7)
    yield Row("authorized reads carried", median(carried), "/s", goal=2000, sense="at least")


def _time(*arguments: str) -> float:
    start = perf_counter()
    subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=_ENVIRON
    )
    return perf_counter() - start


def _load(port: str, path: str, bearer: str) -> float:
    command = [sys.executable, "-m", "tests.bench.load", "127.0.0.1", port, path, str(_SECONDS)]
    done = subprocess.run([*command, bearer], check=True, capture_output=True, text=True)
    return float(done.stdout)


@contextmanager
def _serve() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "harness", "serve", "--ready-json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_ENVIRON) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _serve_bare() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def _ask(url: str) -> None:
    """The first answer, whatever it is, by a bare socket."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 80)) as connection:
        connection.sendall(b"GET /api/0/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 ")
