"""Where a caller's membership comes from: what authentication read, or the database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Row

from harness.sentry.access import find_place
from harness.sentry.errors import Denied
from harness.sentry.principal import Caller, Credential
from harness.sentry.schema import organization
from tests.sentry.callers import Sentry


def row_of(sentry: Sentry, slug: str) -> Row[Any]:
    row = sentry.services.store.one(organization.select().where(organization.c.slug == slug))
    assert row is not None
    return row


def caller(sentry: Sentry, name: str) -> Caller:
    return Caller(Credential.AGENT_TOKEN, user_id=sentry.user_id(name))


def test_a_membership_that_is_known_is_not_read_again(sentry: Sentry) -> None:
    acme, mia = row_of(sentry, "acme"), caller(sentry, "mia")
    known = find_place(sentry.services, mia, acme)
    assert find_place(sentry.services, replace(mia, membership=known), acme) is known


@pytest.mark.parametrize(
    ("name", "home", "elsewhere"), [("mia", "acme", "globex"), ("gil", "globex", "acme")]
)
def test_a_membership_that_is_known_counts_in_no_other_organization(
    sentry: Sentry, name: str, home: str, elsewhere: str
) -> None:
    somebody = caller(sentry, name)
    known = find_place(sentry.services, somebody, row_of(sentry, home))
    with pytest.raises(Denied):
        find_place(sentry.services, replace(somebody, membership=known), row_of(sentry, elsewhere))
