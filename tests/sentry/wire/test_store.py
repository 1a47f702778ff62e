"""The store: one world's rows on SQLite, put back as they were, all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from harness.deployment import START, deploy
from harness.sentry import Image, StoreError
from harness.sentry.agent.grant import GrantKey, merge_grant, replace_grant
from harness.sentry.rendezvous import Rendezvous
from harness.sentry.schema import (
    feature,
    issue,
    member,
    metadata,
    organization,
    session,
    team,
    user,
    write_grant,
)
from harness.sentry.store import MARKER, Store
from tests.sentry.callers import Sentry
from tests.sentry.conftest import SEED, Make

KEY = GrantKey(4001, 101, "s1")


class Interrupted(Exception):
    """Something went wrong in the middle."""


@pytest.fixture(scope="module")
def image() -> Image:
    """The rows of the world, as a deployment has them."""
    deployment = deploy(seed=SEED, frozen=True)
    store: Store = deployment.app.extensions["sentry"].store
    rows = {
        table.name: [dict(row._mapping) for row in store.all(table.select().order_by(table.c.id))]
        for table in metadata.sorted_tables
    }
    deployment.close()
    return Image(rows)


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, image: Image, tmp_path: Path) -> Iterator[Store]:
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/sentry.db"
    made = Store(url, image)
    yield made
    made.close()


def dump(store: Store) -> dict[str, list[Any]]:
    return {
        table.name: [tuple(row) for row in store.all(table.select().order_by(table.c.id))]
        for table in metadata.sorted_tables
    }


# Snapshot and restore


def test_the_image_is_what_is_there(store: Store, image: Image) -> None:
    expected = {name: [tuple(row.values()) for row in rows] for name, rows in image.rows.items()}
    assert dump(store) == expected
    assert len(expected["auth_user"]) > 9


def test_restore_puts_everything_back(store: Store) -> None:
    before = dump(store)
    with store.transaction() as connection:
        connection.execute(organization.delete().where(organization.c.slug == "globex"))
        connection.execute(update(user).values(name="Somebody else"))
        connection.execute(insert(feature).values(organization_id=4001, name="x"))
    merge_grant(store, Rendezvous(), KEY, ["org:write"], START, START)
    assert dump(store) != before
    for _ in range(2):
        store.restore()
        assert dump(store) == before


def test_what_is_remembered_is_forgotten_at_every_write(store: Store) -> None:
    names = select(organization.c.name).order_by(organization.c.id)

    def recalled() -> list[str]:
        return [row.name for row in store.recall(names)]

    assert recalled() == recalled() == ["Acme", "Globex"]
    with store.transaction() as connection:
        connection.execute(update(organization).values(name="One"))
        # The writer sees it at once.
        assert recalled() == ["One", "One"]
    assert recalled() == ["One", "One"]

    def fail() -> None:
        with store.transaction() as connection:
            connection.execute(update(organization).values(name="Two"))
            assert recalled() == ["Two", "Two"]
            raise Interrupted

    with pytest.raises(Interrupted):
        fail()
    assert recalled() == ["One", "One"]
    store.restore()
    assert recalled() == ["Acme", "Globex"]


def test_what_is_remembered_is_remembered_by_its_values(store: Store) -> None:
    by_id = select(organization.c.slug).where(organization.c.id == bindparam("id"))
    for _ in range(2):
        assert [row.slug for row in store.recall(by_id, id=4001)] == ["acme"]
        assert [row.slug for row in store.recall(by_id, id=4002)] == ["globex"]
        assert not store.recall(by_id, id=1)


def test_two_stores_of_one_image_share_nothing(image: Image) -> None:
    first, second = Store("sqlite://", image), Store("sqlite://", image)
    before = dump(second)
    with first.transaction() as connection:
        connection.execute(member.delete())
    assert dump(second) == before
    assert first.all(select(member.c.id)) == []
    first.restore()
    assert dump(first) == before
    first.close()
    second.close()


# Transactions


def test_all_or_nothing(store: Store) -> None:
    before = dump(store)

    def fail() -> None:
        with store.transaction() as connection:
            connection.execute(update(user).values(name="Somebody else"))
            connection.execute(team.delete())
            assert store.all(select(team.c.id)) == []
            raise Interrupted

    with pytest.raises(Interrupted):
        fail()
    assert dump(store) == before
    # And the next one works.
    with store.transaction() as connection:
        connection.execute(update(user).values(name="Somebody else"))
    assert {row.name for row in store.all(select(user.c.name))} == {"Somebody else"}


def test_a_statement_that_fails_takes_the_others_along(store: Store) -> None:
    before = dump(store)
    same = insert(feature).values(organization_id=4001, name="x")

    def fail() -> None:
        with store.transaction() as connection:
            connection.execute(update(user).values(name="Somebody else"))
            connection.execute(same)
            connection.execute(same)

    with pytest.raises(IntegrityError):
        fail()
    assert dump(store) == before


def test_transactions_do_not_nest(store: Store) -> None:
    with (
        store.transaction(),
        pytest.raises(RuntimeError, match="already open"),
        store.transaction(),
    ):
        pass
    with store.transaction():
        pass


# Constraints

GRANT = {
    "organization_id": 4001,
    "user_id": 101,
    "agent_session_id": "s1",
    "scope_list": ["org:write"],
    "date_added": START,
    "date_updated": START,
    "expires_at": START,
}


def test_one_grant_for_each_organization_user_and_session(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(insert(write_grant).values(GRANT))
    with pytest.raises(IntegrityError), store.transaction() as connection:
        connection.execute(insert(write_grant).values(GRANT | {"scope_list": []}))
    for other in ({"organization_id": 4002}, {"user_id": 102}, {"agent_session_id": "s2"}):
        with store.transaction() as connection:
            connection.execute(insert(write_grant).values(GRANT | other))
    assert len(store.all(select(write_grant.c.id))) == 4


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (write_grant, GRANT | {"organization_id": 999}),
        (member, {"organization_id": 4001, "user_id": 999, "role": "member", "date_added": START}),
        (
            session,
            {
                "hashed_key": "x",
                "user_id": 999,
                "date_added": START,
                "expires_at": START,
                "sudo_until": START,
            },
        ),
        (feature, {"organization_id": 999, "name": "x"}),
    ],
    ids=["grant", "member", "session", "feature"],
)
def test_foreign_keys_are_held(store: Store, table: Any, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), store.transaction() as connection:
        connection.execute(insert(table).values(values))


def test_what_belongs_to_an_organization_goes_with_it(store: Store) -> None:
    merge_grant(store, Rendezvous(), KEY, ["org:write"], START, START)
    with store.transaction() as connection:
        connection.execute(organization.delete().where(organization.c.slug == "acme"))
    assert store.all(select(write_grant.c.id)) == []
    assert {row.organization_id for row in store.all(select(member.c.organization_id))} == {4002}
    assert all(row.project_id > 6003 for row in store.all(select(issue.c.project_id)))


def test_every_table_declares_its_foreign_keys(store: Store) -> None:
    for table in metadata.sorted_tables:
        found = store.all(text(f"PRAGMA foreign_key_list({table.name})"))
        targets = {row._mapping["table"] for row in found}
        assert targets == {key.column.table.name for key in table.foreign_keys}


def test_a_time_needs_a_zone(store: Store) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(Exception, match="without a zone"), store.transaction() as connection:
        connection.execute(insert(write_grant).values(GRANT | {"expires_at": naive}))


def test_times_come_back_in_utc(store: Store) -> None:
    from datetime import timedelta, timezone

    east = START.astimezone(timezone(timedelta(hours=9)))
    replace_grant(store, KEY, [], east, east)
    row = store.one(select(write_grant))
    assert row is not None
    assert row.expires_at == START
    assert row.expires_at.utcoffset() == timedelta(0)


# Files


def test_a_file_is_used_again(make_sentry: Make, tmp_path: Path) -> None:
    """By the next run, from the world's start."""
    url = f"sqlite:///{tmp_path}/sentry.db"
    first = make_sentry(database=url)
    before = first.stored()
    first.plant("olivia", ["org:write"])
    first.deployment.close()
    assert make_sentry(database=url).stored() == before


FOREIGN = {
    "one table": "CREATE TABLE invoices (id INTEGER); INSERT INTO invoices VALUES (1)",
    "a table of ours": "CREATE TABLE auth_user (id INTEGER, password TEXT)",
    "many": "CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x); CREATE TABLE d (x)",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_strangers_database_is_refused(image: Image, tmp_path: Path, name: str) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(FOREIGN[name])
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="did not make"):
        Store(f"sqlite:///{path}", image)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["theirs.db"]


def test_the_marker_is_what_makes_it_ours(image: Image, tmp_path: Path) -> None:
    path = tmp_path / "ours.db"
    Store(f"sqlite:///{path}", image).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"DROP TABLE {MARKER}")
    connection.close()
    with pytest.raises(StoreError, match="did not make"):
        Store(f"sqlite:///{path}", image)


@pytest.mark.parametrize(
    "url",
    [
        *("", "nonsense", "sqlite", "nosuch://host/db", "sqlite:////no/such/folder/x.db"),
        "postgresql+psycopg://someone:s3cr3t-canary@127.0.0.1:1/none?connect_timeout=2",
        "postgresql+nosuch://someone:s3cr3t-canary@127.0.0.1:1/none",
    ],
)
def test_a_database_that_cannot_be_used(image: Image, url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url, image)
    assert "s3cr3t-canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_is_no_database(image: Image, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all\n" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError):
        Store(f"sqlite:///{path}", image)
    assert path.read_bytes() == before


def test_applications_in_memory_are_apart(make_sentry: Make) -> None:
    first, second = make_sentry(), make_sentry()
    assert isinstance(first, Sentry)
    before = second.stored()
    first.plant("olivia", ["org:write"])
    first.set_flow(False)
    first.advance(1000)
    assert second.stored() == before
    assert second.audit() == []
    assert second.control("GET", "/clock/")["now"] == START.isoformat()


def test_what_a_caller_writes_at_length_is_not_remembered(sentry: Sentry) -> None:
    store = sentry.services.store
    by_slug = select(organization.c.slug).where(organization.c.slug == bindparam("slug"))
    before = len(store._recalled)

    store.recall(by_slug, slug="acme")
    store.recall(by_slug, slug="a" * 1000)

    assert len(store._recalled) == before + 1
