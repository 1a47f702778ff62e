"""The same rules on a real PostgreSQL: grants, constraints, merging, and what no database takes.

The tests of other modules run here once more, with a `sentry` and a `store` on
PostgreSQL. The server is the tests' own.
"""

# What is imported here is run here.
# ruff: noqa: F401, F811

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, insert, select, text

from harness.deployment import deploy
from harness.sentry import Image, StoreError
from harness.sentry.schema import metadata, organization
from harness.sentry.store import Store
from tests.postgres import Server
from tests.sentry.callers import Sentry
from tests.sentry.conftest import SEED
from tests.sentry.wire.test_approve import (
    test_a_refused_approval_leaves_the_grant,
    test_an_expired_grant_is_not_revived,
    test_approvals_merge_and_renew,
    test_bad_fields,
    test_grants_are_kept_apart,
    test_the_answer,
    test_the_approver_is_capped,
    test_the_table,
)
from tests.sentry.wire.test_concurrency import (
    at_once,
    test_a_removed_member_is_refused_from_then_on,
    test_approvals_of_many_users_and_sessions,
    test_minting_while_approving,
    test_nobody_reads_what_is_not_committed,
    test_one_slug_is_given_once,
    test_reset_among_readers_and_writers,
    test_signing_in_at_once,
    test_simultaneous_approvals_lose_nothing,
    test_writes_of_an_organization_at_once,
)
from tests.sentry.wire.test_control import (
    test_a_mistake_changes_nothing,
    test_expiring,
    test_planting_replaces,
    test_reset,
)
from tests.sentry.wire.test_credentials import test_a_stored_token_expires, test_each_resolves
from tests.sentry.wire.test_csrf_and_sudo import test_sudo_lasts_for_two_hours
from tests.sentry.wire.test_gate import (
    test_a_denial_stores_nothing,
    test_no_operation_discloses_what_exists,
    test_of_organizations_that_are_not_the_callers,
)
from tests.sentry.wire.test_mint import test_a_grant_counts_until_it_expires
from tests.sentry.wire.test_mint_requests import test_bad_session_id
from tests.sentry.wire.test_sessions import test_what_was_wrong_is_not_told
from tests.sentry.wire.test_store import (
    GRANT,
    image,
    test_a_statement_that_fails_takes_the_others_along,
    test_all_or_nothing,
    test_foreign_keys_are_held,
    test_one_grant_for_each_organization_user_and_session,
    test_restore_puts_everything_back,
    test_the_image_is_what_is_there,
    test_times_come_back_in_utc,
    test_transactions_do_not_nest,
    test_what_belongs_to_an_organization_goes_with_it,
    test_what_is_remembered_is_forgotten_at_every_write,
)
from tests.sentry.wire.test_token import test_a_mistyped_claim
from tests.sentry.wire.test_token_use import (
    test_access_is_the_role_of_now,
    test_an_issued_token_never_grows,
)
from tests.sentry.wire.test_viewer_context import test_a_context_that_names_no_user_is_as_if_absent


@pytest.fixture(scope="module")
def deployed(postgres_server: Server) -> Iterator[Sentry]:
    deployment = deploy(seed=SEED, frozen=True, database=postgres_server.database())
    yield Sentry(deployment)
    deployment.close()


@pytest.fixture
def sentry(deployed: Sentry) -> Sentry:
    deployed.deployment.reset()
    return deployed


@pytest.fixture
def store(sentry: Sentry) -> Store:
    return sentry.services.store


def test_it_is_postgresql(store: Store) -> None:
    row = store.one(text("SELECT version()"))
    assert row is not None
    assert row[0].startswith("PostgreSQL")


def test_the_columns_of_the_grant(store: Store) -> None:
    rows = store.all(
        text(
            "SELECT column_name, data_type, character_maximum_length, is_nullable"
            " FROM information_schema.columns WHERE table_name = 'seer_agentwritegrant'"
        )
    )
    columns = [tuple(row) for row in rows]
    found = {name: (kind, length) for name, kind, length, _ in columns}
    assert set(found) == {
        *("id", "date_added", "date_updated", "organization_id", "user_id"),
        *("agent_session_id", "scope_list", "expires_at"),
    }
    assert found["agent_session_id"] == ("character varying", 128)
    assert found["expires_at"] == ("timestamp with time zone", None)
    assert {nullable for *_, nullable in columns} == {"NO"}


def test_the_constraints_of_the_grant(store: Store) -> None:
    rows = store.all(
        text(
            "SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'seer_agentwritegrant'::regclass AND contype IN ('u', 'f')"
        )
    )
    assert sorted(tuple(row) for row in rows) == [
        ("f", "FOREIGN KEY (organization_id) REFERENCES sentry_organization(id) ON DELETE CASCADE"),
        ("u", "UNIQUE (organization_id, user_id, agent_session_id)"),
    ]


def test_ids_go_on_behind_the_worlds(store: Store) -> None:
    """In every table, after every restore."""
    for _ in range(2):
        for table in metadata.sorted_tables:
            highest = max((row.id for row in store.all(select(table.c.id))), default=0)
            sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
            row = store.one(text(f"SELECT nextval({sequence})"))
            assert row is not None
            assert row[0] == highest + 1
        store.restore()
        with store.transaction() as connection:
            made = insert(organization).values(
                slug="third",
                name="Third",
                open_membership=True,
                default_role="member",
                options={},
                date_added=GRANT["date_added"],
            )
            assert connection.execute(made).inserted_primary_key == (4003,)
        store.restore()


def test_approvals_through_two_applications(postgres_url: str) -> None:
    """As two processes would: what they share is the row's own lock."""
    both = [Sentry(deploy(seed=SEED, frozen=True, database=postgres_url)) for _ in range(2)]
    session = both[0].session("olivia")
    wanted = ["org:write", "org:admin", "team:write", "team:admin", "event:write", "event:admin"]
    work = [(both[number % 2], scope) for number, scope in enumerate(wanted * 2)]
    answers = at_once(lambda each: each[0].approve(session, [each[1]]), work)
    assert {answer.status_code for answer in answers} == {200}
    assert [grant["scopes"] for grant in both[1].grants()] == [sorted(wanted)]
    for each in both:
        each.deployment.close()


def test_a_strangers_database_is_refused(postgres_url: str, image: Image) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE invoices (id integer)"))
    with pytest.raises(StoreError, match="did not make"):
        Store(postgres_url, image)
    with engine.connect() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        assert [row.tablename for row in names] == ["invoices"]
    engine.dispose()
