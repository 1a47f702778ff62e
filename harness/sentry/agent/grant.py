"""The write grant: the stored record that a user approved scopes for one agent session.

One row per organization, user and session, by a unique constraint. An approval
merges under a row lock, so that approvals at the same moment lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from harness.sentry.schema import write_grant
from harness.sentry.store import Store


@dataclass(frozen=True, slots=True)
class GrantKey:
    """Whose grant: ids of the organization and the user, and the agent's session."""

    organization_id: int
    user_id: int
    session_id: str

    def values(self) -> dict[str, Any]:
        """The key as column values."""
        return {
            "organization_id": self.organization_id,
            "user_id": self.user_id,
            "agent_session_id": self.session_id,
        }


@dataclass(frozen=True, slots=True)
class Grant:
    """What is granted, and until when."""

    scopes: frozenset[str]
    expires_at: datetime


_matches = (
    (write_grant.c.organization_id == bindparam("organization_id"))
    & (write_grant.c.user_id == bindparam("user_id"))
    & (write_grant.c.agent_session_id == bindparam("agent_session_id"))
)
_find = select(write_grant).where(_matches)
_find_locked = _find.with_for_update()


def read_granted(store: Store, key: GrantKey, now: datetime) -> frozenset[str]:
    """The scopes granted for `key` that have not expired at `now`."""
    return _live_scopes(store.one(_find, **key.values()), now)


def merge_grant(
    store: Store, key: GrantKey, scopes: Iterable[str], now: datetime, expires_at: datetime
) -> Grant:
    """Adds `scopes` to the grant of `key` and renews its expiry; makes it where there is none.

    What an expired grant held is not revived. Returns the grant as it is now.
    """
    with store.transaction() as connection:
        # The row must exist to be locked; of two that insert at once, one finds the other's.
        connection.execute(
            store.insert(write_grant)
            .values(
                **key.values(),
                scope_list=[],
                date_added=now,
                date_updated=now,
                expires_at=expires_at,
            )
            .on_conflict_do_nothing()
        )
        row = connection.execute(_find_locked, key.values()).one()
        merged = _live_scopes(row, now) | frozenset(scopes)
        connection.execute(
            update(write_grant)
            .where(write_grant.c.id == row.id)
            .values(scope_list=sorted(merged), date_updated=now, expires_at=expires_at)
        )
    return Grant(merged, expires_at)


def replace_grant(
    store: Store, key: GrantKey, scopes: Iterable[str], now: datetime, expires_at: datetime
) -> Grant:
    """Sets the grant of `key` to exactly `scopes` until `expires_at`."""
    held = frozenset(scopes)
    with store.transaction() as connection:
        connection.execute(delete(write_grant).where(_matches), key.values())
        connection.execute(
            write_grant.insert().values(
                **key.values(),
                scope_list=sorted(held),
                date_added=now,
                date_updated=now,
                expires_at=expires_at,
            )
        )
    return Grant(held, expires_at)


def expire_grant(store: Store, key: GrantKey, now: datetime) -> bool:
    """Ends the grant of `key` at `now`; False where there is none."""
    with store.transaction() as connection:
        found = connection.execute(_find_locked, key.values()).first()
        if found is None:
            return False
        connection.execute(
            update(write_grant).where(write_grant.c.id == found.id).values(expires_at=now)
        )
    return True


def _live_scopes(row: Row[Any] | None, now: datetime) -> frozenset[str]:
    if row is None or row.expires_at <= now:
        return frozenset()
    return frozenset(row.scope_list)
