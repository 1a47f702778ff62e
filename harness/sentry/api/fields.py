"""Kinds of values that bodies have in more than one place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from harness.sentry.body import Filled, Plain

# Dates before it are mistakes, and after it some databases have no room for a zone.
_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def _read_moment(value: Any) -> Any:
    """ISO 8601 text as a time in UTC, which is meant where no zone is written."""
    if value is None or isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("Enter a date and time in ISO 8601.") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"Enter a date between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _check_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", value):
        raise ValueError("Enter a URL that begins with http:// or https://.")
    return value


def _check_email(value: str) -> str:
    if not re.fullmatch(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>()]+", value):
        raise ValueError("Enter a valid email address.")
    return value.lower()


def _check_version(value: str) -> str:
    # A version is a segment of a path.
    if value in (".", "..", "latest") or not value.isprintable() or re.search(r"[/\\]", value):
        raise ValueError("This version cannot be used: no slash, tab or line break, and no `..`.")
    return value


def _check_environment(value: str) -> str:
    if not value.isprintable() or re.search(r"[/\\]", value) or value.lower() == "none":
        raise ValueError("This name of an environment cannot be used.")
    return value


#: A moment, in UTC.
Moment = Annotated[datetime, BeforeValidator(_read_moment)]
#: An address in the web; other schemes would run in somebody's browser.
WebUrl = Annotated[Plain, StringConstraints(max_length=500), AfterValidator(_check_url)]
#: An email address, in lower case.
Email = Annotated[Filled, StringConstraints(max_length=75), AfterValidator(_check_email)]
#: The version of a release.
Version = Annotated[Filled, StringConstraints(max_length=200), AfterValidator(_check_version)]
#: The name of an environment, such as `production`.
Environment = Annotated[
    Filled, StringConstraints(max_length=64), AfterValidator(_check_environment)
]
