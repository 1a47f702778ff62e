"""The `--db` option: a path, a SQLite URL or a PostgreSQL URL."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from harness.commands.failure import Misuse

# Seconds; the driver's own patience is more than two minutes.
_CONNECT_TIMEOUT = "5"


def database_url(text: str) -> str:
    """The URL for SQLAlchemy that `text` means; text without `://` is the path of a SQLite file.

    Raises Misuse for what is neither SQLite nor PostgreSQL, never showing a password.
    """
    if "://" not in text:
        return _shown_whole(URL.create("sqlite", database=str(Path(text).absolute())), text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise Misuse("--db: no database URL such as sqlite:///… or postgresql://…") from None
    if url.drivername == "sqlite":
        return text
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return _postgresql(url)
    raise Misuse(f"--db: {url.drivername} is neither sqlite nor postgresql")


def _postgresql(url: URL) -> str:
    if find_spec("psycopg") is None:
        raise Misuse("--db: PostgreSQL needs a driver: pip install 'seer-harness[postgres]'")
    url = url.set(drivername="postgresql+psycopg")
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_TIMEOUT})
    return url.render_as_string(hide_password=False)


def _shown_whole(url: URL, text: str) -> str:
    """`url` as text, if that means the same: a path may hold signs that a URL cannot."""
    shown = url.render_as_string(hide_password=False)
    if make_url(shown) != url:
        raise Misuse(f"--db: the path {text!r} holds a sign that a database URL cannot")
    return shown
