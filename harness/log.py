"""The application's own log, kept per application, so that it can be read over HTTP.

Loggers are shared by all applications of a process; which of them a line belongs to is
known from the request that is being answered. What other handlers do stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from harness.numbered import Numbered

#: Lines kept; older ones give way.
SIZE: Final = 2000

_MOST_CHARACTERS = 20_000
# The message, and the traceback below it where there is one.
_FORMAT: Final = logging.Formatter("%(message)s")


class LogLines:
    """The lines of one application, numbered from 1; the oldest give way."""

    def __init__(self, size: int = SIZE) -> None:
        self._lines: Numbered[logging.LogRecord] = Numbered(size)

    def add(self, record: logging.LogRecord) -> None:
        """Keeps a line; it is formatted when it is read."""
        self._lines.add(record)

    def since(self, number: int) -> list[dict[str, Any]]:
        """The lines after `number`, in order: `id`, `level`, `logger`, `text`."""
        return [
            {
                "id": at,
                "level": record.levelname,
                "logger": record.name,
                "text": _FORMAT.format(record)[:_MOST_CHARACTERS],
            }
            for at, record in self._lines.since(number)
        ]

    def clear(self) -> None:
        """Forgets every line and counts from 1 again."""
        self._lines.clear()


_current: ContextVar[LogLines | None] = ContextVar("log", default=None)


@contextmanager
def written_to(lines: LogLines) -> Iterator[None]:
    """What is logged within the context is kept in `lines`."""
    token = _current.set(lines)
    try:
        yield
    finally:
        _current.reset(token)


class _Capture(logging.Handler):
    """Keeps each record with the application whose request is being answered."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = _current.get()
        if lines is not None:
            lines.add(_without_frames(record))
        # With a handler on the way logging's last resort is not asked any more: errors
        # have to reach somebody still.
        last = logging.lastResort
        if last and record.levelno >= last.level and not _has_others(record.name, self):
            last.handle(record)


def _without_frames(record: logging.LogRecord) -> logging.LogRecord:
    """The record with its traceback as text: frames would keep what was in them alive."""
    if not record.exc_info:
        return record
    kept = logging.makeLogRecord(vars(record))
    kept.exc_text = _FORMAT.formatException(record.exc_info)
    kept.exc_info = None
    return kept


def _has_others(name: str, own: logging.Handler) -> bool:
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None:
        if any(handler is not own for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


_capture = _Capture()


def start_capture(service: str) -> None:
    """Lets lines from INFO on of `harness.<service>` be kept; once for all its applications."""
    logger = logging.getLogger(f"harness.{service}")
    if _capture not in logger.handlers:
        logger.addHandler(_capture)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
