"""What two callers want at once, and only one can have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from harness.sentry.errors import ApiError


@contextmanager
def refuse_conflict(error: ApiError) -> Iterator[None]:
    """Raises `error` where the database says that a row of this kind stands already.

    Wraps a transaction: what is looked up first can be taken by somebody else in between.
    """
    try:
        yield
    except IntegrityError:
        raise error from None
