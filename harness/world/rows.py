"""The rows of a population as they grow, and what all that adds to them shares."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from harness.randomness import Randomness
from harness.world.fill import Filler

# The tables in an order that satisfies their foreign keys, each with its first id. They start
# apart, so that an id taken for one of another kind finds nothing instead of something.
_FIRST_IDS = {
    "sentry_organization": 4001,
    "sentry_organizationfeature": 1,
    "auth_user": 101,
    "sentry_organizationmember": 1001,
    "sentry_team": 2001,
    "sentry_organizationmember_teams": 1,
    "sentry_project": 6001,
    "sentry_projectteam": 1,
    "sentry_projectkey": 1,
    "sentry_groupedmessage": 90001,
    "nodestore_event": 1,
    "sentry_groupnote": 70001,
    "sentry_rule": 80001,
    "sentry_release": 50001,
    "sentry_release_project": 1,
    "sentry_deploy": 60001,
    "sentry_apitoken": 301,
}
_DESCRIBED = (
    "organizations",
    "users",
    "projects",
    "teams",
    "issues",
    "organization_tokens",
    "integration_tokens",
    "user_tokens",
)


class Rows:
    """Rows by table, their ids by name, and the description of them.

    What is random is taken by label, so that a part of the world that is added leaves
    the values of the others as they were.
    """

    def __init__(self, randomness: Randomness, now: datetime) -> None:
        self.randomness = randomness
        self.now = now.replace(microsecond=0)
        self.fill = Filler()
        self.tables: dict[str, list[dict[str, Any]]] = {table: [] for table in _FIRST_IDS}
        self.description: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _DESCRIBED}
        # By slug, or by the slugs of the organization and the part; users by their name.
        self.organizations: dict[str, int] = {}
        self.users: dict[str, int] = {}
        self.teams: dict[tuple[str, str], int] = {}
        self.projects: dict[tuple[str, str], int] = {}

    def add(self, table: str, **values: Any) -> int:
        """One more row; returns its id."""
        rows = self.tables[table]
        number = _FIRST_IDS[table] + len(rows)
        rows.append({"id": number, **values})
        return number

    def describe(self, kind: str, **values: Any) -> None:
        """One more entry of the description: JSON values only."""
        self.description[kind].append(values)

    def ago(self, **span: float) -> datetime:
        """The time before now by `span`: days, hours, minutes, seconds."""
        return self.now - timedelta(**span)

    def seed(self, *labels: str) -> int:
        """What to seed Faker with for the part that `labels` name."""
        return self.randomness.derive("fill", *labels).seed

    def secret(self, *labels: str) -> str:
        """The secret of the part that `labels` name: 64 hexadecimal digits."""
        return self.randomness.derive("secret", *labels).hex(32)


def title(slug: str) -> str:
    """A name for people, made from a slug."""
    return slug.replace("-", " ").replace("_", " ").title()
