"""Where a mock Sentry keeps its rows: SQLite in memory or in a file, or PostgreSQL.

Statements are SQLAlchemy Core, prebuilt where they are hot. Reads run by
themselves; writes run in `transaction()`, which on SQLite takes the process's
lock and the database's write lock at its start (`BEGIN IMMEDIATE`), because a
deferred transaction that reads and then writes fails under threads.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Insert,
    Row,
    StaticPool,
    Table,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from harness.sentry.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]

#: Stands in every database that a mock Sentry wrote; its absence protects all others.
MARKER = "seer_harness_database"

# Names the lock, on PostgreSQL, that a reset takes alone and other writers share.
_LOCK = 0x5EE2

# Results remembered between two writes.
_RECALLED = 4096
# Characters of a text that is part of what they are remembered by.
_RECALLED_TEXT = 256

# Compiled statements, shared by all in-memory stores: they share a dialect too.
_compiled: dict[Any, Any] = {}


class StoreError(Exception):
    """The database cannot be used. The message never holds the URL's password."""


class Image:
    """The rows of a world's start, ready to be put back.

    `rows`: {table name: [row, …]}, in an order that satisfies the foreign keys.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._lock = threading.Lock()
        self._pages: bytes | None = None

    def pages(self) -> bytes:
        """The rows as a SQLite database file; built once."""
        with self._lock:
            if self._pages is None:
                engine = _memory_engine()
                with engine.begin() as connection:
                    metadata.create_all(connection)
                    _insert(connection, self.rows)
                self._pages = _raw(engine).serialize()
                engine.dispose()
            return self._pages


class Store:
    """The rows of one mock Sentry; safe to use from several threads.

    Raises StoreError when the database cannot be reached, or holds tables that
    no mock Sentry made.
    """

    def __init__(self, url: str, image: Image) -> None:
        self._image = image
        self._local = threading.local()
        self._lock = threading.RLock()
        self._recalled: dict[tuple[Any, ...], Sequence[Row[Any]]] = {}
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise StoreError("the database URL cannot be read") from None
        self._shown = parsed.render_as_string(hide_password=True)
        self._memory = parsed.get_backend_name() == "sqlite" and parsed.database in (
            None,
            "",
            ":memory:",
        )
        self._sqlite = parsed.get_backend_name() == "sqlite"
        try:
            if self._memory:
                self._engine = _memory_engine()
            else:
                self._engine = self._claim(_engine(url))
            self._readers = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            # One connection is the whole database in memory: keep a reader open on it.
            self._reader = self._readers.connect() if self._memory else None
            self.restore()
        except (SQLAlchemyError, NoSuchModuleError, ImportError) as error:
            raise StoreError(
                f"the database {self._shown} cannot be used: {_cause(error)}"
            ) from None

    def one(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """The first row, or None."""
        with self._reading() as connection:
            return connection.execute(statement, values).first()

    def all(self, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
        """Every row."""
        with self._reading() as connection:
            return connection.execute(statement, values).all()

    def recall(self, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
        """Every row, for a prebuilt `statement` that runs on every call.

        What is read from a database in memory is remembered until the next write:
        nobody else can write there, so the answer is the one that reading again would
        give. Other databases are read each time.
        """
        if self._reader is None or getattr(self._local, "connection", None) is not None:
            return self.all(statement, **values)
        if any(isinstance(value, str) and len(value) > _RECALLED_TEXT for value in values.values()):
            # Callers choose such texts: they must not choose how much memory is kept.
            return self.all(statement, **values)
        key = (statement, *values.values())
        rows = self._recalled.get(key)
        if rows is None:
            with self._lock:
                rows = self._reader.execute(statement, values).all()
                # Under the lock: no write can end between reading and remembering.
                if len(self._recalled) >= _RECALLED:
                    self._recalled.clear()
                self._recalled[key] = rows
        return rows

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing: committed at the end, rolled back when an exception passes.

        Reads by the same thread see what the transaction wrote. Transactions do not nest.
        """
        with self._write(alone=False) as connection:
            yield connection

    @contextmanager
    def _write(self, *, alone: bool) -> Iterator[Connection]:
        if getattr(self._local, "connection", None) is not None:
            raise RuntimeError("a transaction is already open in this thread")
        if not self._sqlite:
            with self._engine.begin() as connection, self._current(connection):
                # Alone or beside others: a reset among writers would end in a deadlock.
                lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
                connection.execute(select(lock(_LOCK)))
                yield connection
            return
        with self._lock, self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with self._current(connection):
                yield connection
            connection.commit()
            self._recalled.clear()

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert that can say what to do on a conflict, in the database's dialect."""
        if self._sqlite:
            return sqlite.insert(table)
        # Most stores never need it, and it costs a start 20 ms.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)

    def restore(self) -> None:
        """Puts the world's start back."""
        if self._memory:
            with self._lock:
                _raw(self._engine).deserialize(self._image.pages())
                self._recalled.clear()
            return
        with self._write(alone=True) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            _insert(connection, self._image.rows)
            if not self._sqlite:
                _restart_sequences(connection)

    def close(self) -> None:
        """Lets the database go."""
        if self._reader is not None:
            self._reader.close()
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        current: Connection | None = getattr(self._local, "connection", None)
        if current is not None:
            yield current
        elif self._reader is not None:
            with self._lock:
                yield self._reader
        else:
            with self._readers.connect() as connection:
                yield connection

    @contextmanager
    def _current(self, connection: Connection) -> Iterator[None]:
        self._local.connection = connection
        try:
            yield
        finally:
            self._local.connection = None

    def _claim(self, engine: Engine) -> Engine:
        """Makes the tables, unless somebody else's stand there: theirs are not overwritten."""
        try:
            self._make_tables(engine)
        except (SQLAlchemyError, StoreError):
            engine.dispose()
            raise
        return engine

    def _make_tables(self, engine: Engine) -> None:
        with engine.begin() as connection:
            if self._sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            standing = set(inspect(connection).get_table_names())
            if standing and MARKER not in standing:
                raise StoreError(
                    f"the database {self._shown} holds tables that a mock Sentry did not make"
                    f" ({', '.join(sorted(standing)[:3])}, …): give it an empty database"
                )
            connection.execute(text(f"CREATE TABLE IF NOT EXISTS {MARKER} (made INTEGER)"))
            metadata.create_all(connection)
        if self._sqlite:
            # Only now: it stays in the file, and somebody else's is not changed at all.
            with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as opened:
                opened.exec_driver_sql("PRAGMA journal_mode = WAL")


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_file)
    return engine


@cache
def _memory_template() -> Engine:
    engine = create_engine("sqlite://")
    # The dialect learns the driver's version at its first connection.
    engine.connect().close()
    return engine


def _memory_engine() -> Engine:
    """An engine for one database in memory; it shares the dialect, and so what was compiled."""
    template = _memory_template()
    pool = StaticPool(cast(Any, _open_memory), dialect=template.dialect)
    engine = Engine(pool, template.dialect, template.url)
    return engine.execution_options(compiled_cache=_compiled)


def _open_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    _prepare(connection)
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    # Python's own transaction handling would open deferred ones.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _prepare_file(connection: sqlite3.Connection, _record: object) -> None:
    _prepare(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA busy_timeout = 10000")


def _raw(engine: Engine) -> sqlite3.Connection:
    with engine.connect() as connection:
        raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        return raw


def _insert(connection: Connection, rows: Rows) -> None:
    for name, some in rows.items():
        if some:
            connection.execute(Insert(metadata.tables[name]), [dict(row) for row in some])


def _restart_sequences(connection: Connection) -> None:
    """Rows came with ids: PostgreSQL's counters must go on behind them."""
    for table in metadata.sorted_tables:
        highest = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, highest, False)))


def _cause(error: Exception) -> str:
    """One line of the driver's own words; SQLAlchemy's add the statement and its values."""
    original = error.orig if isinstance(error, DBAPIError) else error
    lines = str(original).strip().splitlines() or [type(error).__name__]
    return lines[0]
