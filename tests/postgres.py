"""A PostgreSQL server of our own for the tests that need a real one.

It lives in a folder of its own, listens on a Unix socket alone and is thrown away.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Debian keeps the server's programs off the PATH.
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
# Nothing outlives the tests, so nothing has to reach a disk.
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=")


class NoPostgresError(Exception):
    """The programs of a PostgreSQL server are not on this machine."""


class Server:
    """A running server; `database` makes an empty one and gives its URL."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://tester@/{name}?host={quote(str(self._folder), safe='')}"

    def database(self) -> str:
        import psycopg

        name = f"t_{secrets.token_hex(8)}"
        with psycopg.connect(
            host=str(self._folder), user="tester", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def running() -> Iterator[Server]:
    """A server, for as long as the context lasts. Raises NoPostgresError."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    # The path of a socket has a hundred bytes at most: a short folder, not pytest's.
    folder = Path(tempfile.mkdtemp(prefix="seer-pg-"))
    account = _account(folder)
    data = folder / "data"
    options = " ".join(
        f"-c {setting}" for setting in (*_SETTINGS, f"unix_socket_directories={folder}")
    )
    try:
        # Not the machine's locale: with some of them the driver gets bytes for text.
        locale = ["-E", "UTF8", "--locale=C"]
        _run([initdb, "-D", data, "-U", "tester", "-A", "trust", "--no-sync", *locale], account)
        _run([pg_ctl, "-D", data, "-l", folder / "log", "-o", options, "-w", "start"], account)
        try:
            yield Server(folder)
        finally:
            _run([pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"], account)
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> Path:
    found = shutil.which(name, path=os.pathsep.join([*map(str, _FOLDERS), os.environ["PATH"]]))
    if found is None:
        raise NoPostgresError(f"PostgreSQL's {name} is not installed")
    return Path(found)


def _account(folder: Path) -> dict[str, Any]:
    """Whom to run the server as: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list[str | Path], account: dict[str, Any]) -> None:
    # Not a pipe: the server would keep it open and be waited for.
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **account,
    )
