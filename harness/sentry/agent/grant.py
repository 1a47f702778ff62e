"""The write grant: the stored record that a user approved scopes for one agent session.

One row per organization, user and session, by a unique constraint. An approval
merges under a row lock, so that approvals at the same moment lose nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from harness.defence import defence
from harness.sentry.rendezvous import Rendezvous
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
# For a weakened form: as a database compares texts whose collation knows no case.
_find_in_any_case = select(write_grant).where(
    (write_grant.c.organization_id == bindparam("organization_id"))
    & (write_grant.c.user_id == bindparam("user_id"))
    & (func.lower(write_grant.c.agent_session_id) == func.lower(bindparam("agent_session_id")))
)


def read_granted(store: Store, key: GrantKey, now: datetime) -> frozenset[str]:
    """The scopes granted for `key` that have not expired at `now`."""
    rows = find_grants(store, key)
    return frozenset().union(*(live_scopes(row, now) for row in rows))


@defence(
    "grant.binding",
    title="A grant is for one organization, one user and one session of their agent",
    cwe=639,
    source="getsentry/sentry#118539",
)
def find_grants(store: Store, key: GrantKey) -> Sequence[Row[Any]]:
    """The row of `key`, if there is one."""
    return store.recall(_find, **key.values())


def _find_by(*names: str) -> Callable[..., Sequence[Row[Any]]]:
    columns = (write_grant.c[name] == bindparam(name) for name in names)
    statement = select(write_grant).where(*columns)

    def find(store: Store, key: GrantKey) -> Sequence[Row[Any]]:
        values = key.values()
        return store.all(statement, **{name: values[name] for name in names})

    return find


find_grants.weakened("grant-for-any-session", title="One approval is good for every session")(
    _find_by("organization_id", "user_id")
)
find_grants.weakened("grant-for-any-organization", title="One approval is good everywhere")(
    _find_by("user_id", "agent_session_id")
)
find_grants.weakened("grant-for-any-user", title="One user's approval is good for all users")(
    _find_by("organization_id", "agent_session_id")
)


@find_grants.weakened(
    "session-in-any-case", title="An approval counts for the same name in other case"
)
def _(store: Store, key: GrantKey) -> Sequence[Row[Any]]:
    return store.all(_find_in_any_case, **key.values())


@defence(
    "grant.merge",
    title="Approvals at the same moment lose nothing",
    cwe=362,
    source="getsentry/sentry#118539",
)
def merge_grant(
    store: Store,
    rendezvous: Rendezvous,
    key: GrantKey,
    scopes: Iterable[str],
    now: datetime,
    expires_at: datetime,
) -> Grant:
    """Adds `scopes` to the grant of `key` and renews its expiry; makes it where there is none.

    What an expired grant held is not revived. Returns the grant as it is now.
    """
    rendezvous.reach("grant.merge")
    with store.transaction() as connection:
        make_row(store, connection, key, now, expires_at)
        row = connection.execute(_find_locked, key.values()).one()
        merged = kept_scopes(row, now) | frozenset(scopes)
        _write(connection, row.id, merged, now, expires_at)
    return Grant(merged, expires_at)


@merge_grant.weakened("grant-merged-unlocked", title="Of two approvals at once, one is lost")
def _(
    store: Store,
    rendezvous: Rendezvous,
    key: GrantKey,
    scopes: Iterable[str],
    now: datetime,
    expires_at: datetime,
) -> Grant:
    with store.transaction() as connection:
        make_row(store, connection, key, now, expires_at)
    row = store.all(_find, **key.values())[0]
    merged = kept_scopes(row, now) | frozenset(scopes)
    rendezvous.reach("grant.merge")
    with store.transaction() as connection:
        _write(connection, row.id, merged, now, expires_at)
    return Grant(merged, expires_at)


@merge_grant.weakened("grant-made-unguarded", title="Two first approvals at once are an error")
def _(
    store: Store,
    rendezvous: Rendezvous,
    key: GrantKey,
    scopes: Iterable[str],
    now: datetime,
    expires_at: datetime,
) -> Grant:
    found = store.one(_find, **key.values())
    rendezvous.reach("grant.merge")
    if found is not None:
        return merge_grant.sound(store, rendezvous, key, scopes, now, expires_at)
    return replace_grant(store, key, scopes, now, expires_at, replacing=False)


def make_row(
    store: Store, connection: Connection, key: GrantKey, now: datetime, expires_at: datetime
) -> None:
    """The row must exist to be locked; of two that insert at once, one finds the other's."""
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


def _write(
    connection: Connection, row_id: int, held: frozenset[str], now: datetime, expires_at: datetime
) -> None:
    connection.execute(
        update(write_grant)
        .where(write_grant.c.id == row_id)
        .values(scope_list=sorted(held), date_updated=now, expires_at=expires_at)
    )


def replace_grant(
    store: Store,
    key: GrantKey,
    scopes: Iterable[str],
    now: datetime,
    expires_at: datetime,
    *,
    replacing: bool = True,
) -> Grant:
    """Sets the grant of `key` to exactly `scopes` until `expires_at`.

    Where one stands already and is not to be replaced, the database refuses.
    """
    held = frozenset(scopes)
    with store.transaction() as connection:
        if replacing:
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


def withdraw_scopes(
    store: Store, key: GrantKey, scopes: Iterable[str] | None, now: datetime
) -> frozenset[str]:
    """Takes `scopes` out of the grant of `key`, None: all of them; gives what is left at `now`.

    A grant of nothing is no grant: its row goes.
    """
    with store.transaction() as connection:
        row = connection.execute(_find_locked, key.values()).first()
        if row is None:
            return frozenset()
        left = frozenset() if scopes is None else frozenset(row.scope_list) - frozenset(scopes)
        if left:
            _write(connection, row.id, left, now, row.expires_at)
        else:
            connection.execute(delete(write_grant).where(write_grant.c.id == row.id))
        return left if row.expires_at > now else frozenset()


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


@defence(
    "grant.expiry",
    title="A grant ends by itself",
    cwe=613,
    source="getsentry/sentry#118539",
)
def live_scopes(row: Row[Any], now: datetime) -> frozenset[str]:
    """The scopes of a grant that counts at `now`; none of one that has expired."""
    return frozenset() if row.expires_at <= now else frozenset(row.scope_list)


@live_scopes.weakened("grant-never-expires", title="An approval is for ever")
def _(row: Row[Any], now: datetime) -> frozenset[str]:
    return frozenset(row.scope_list)


@defence(
    "grant.revival",
    title="A new approval does not revive what has expired",
    cwe=613,
    source="getsentry/sentry#118539",
)
def kept_scopes(row: Row[Any], now: datetime) -> frozenset[str]:
    """The scopes of a grant that stay when others are added at `now`."""
    return frozenset() if row.expires_at <= now else frozenset(row.scope_list)


@kept_scopes.weakened("expired-grant-revived", title="Approving one scope revives all old ones")
def _(row: Row[Any], now: datetime) -> frozenset[str]:
    return frozenset(row.scope_list)
