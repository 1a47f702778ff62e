"""What can be set on a mock Sentry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application. Secrets have no default value: empty means none."""

    #: The secret shared with the Seer service: it signs agent tokens and viewer contexts.
    #: Empty: nothing is minted and nothing verifies.
    secret: str = field(default="", repr=False)
    #: Opens the control API; None closes it.
    control_token: str | None = field(default=None, repr=False)
    #: A SQLAlchemy URL. SQLite (in memory or a file) or PostgreSQL.
    database: str = field(default="sqlite://", repr=False)

    token_lifetime: timedelta = timedelta(minutes=5)
    grant_lifetime: timedelta = timedelta(hours=4)
    session_lifetime: timedelta = timedelta(days=14)
    #: How long after a password was typed dangerous actions ask for none.
    sudo_lifetime: timedelta = timedelta(hours=2)

    #: How long Seer may take to answer.
    seer_timeout: timedelta = timedelta(seconds=10)

    #: Bytes of a request body.
    max_body: int = 1024 * 1024
    #: Items of a page of a list, at most and unless `per_page` asks for fewer.
    page_size: int = 100
    #: Decision records kept; older ones are dropped.
    audit_size: int = 10_000
    #: Verified agent tokens remembered.
    verified_tokens: int = 1024
