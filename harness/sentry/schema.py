"""The tables of the mock Sentry, as SQLAlchemy Core.

Names of tables and columns follow Sentry's where Sentry has them. Times are
stored in UTC and always come back with their zone, on SQLite too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData()

#: The highest id that a column holds. PostgreSQL takes no larger number even to compare with.
MAX_ID = 2**31 - 1


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime: `timestamptz` on PostgreSQL, naive UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, index: bool = True, nullable: bool = False) -> Column[int]:
    """What the row belongs to: it goes when that goes."""
    return _key(name, target, "CASCADE", index=index, nullable=nullable)


def _mention(name: str, target: str) -> Column[int]:
    """What the row names: it stays, and names nothing, when that goes."""
    return _key(name, target, "SET NULL", index=False, nullable=True)


def _key(name: str, target: str, ondelete: str, *, index: bool, nullable: bool) -> Column[int]:
    foreign = ForeignKey(f"{target}.id", ondelete=ondelete)
    return Column(name, Integer, foreign, nullable=nullable, index=index)


def _time(name: str = "date_added", *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


organization = Table(
    "sentry_organization",
    metadata,
    _id(),
    Column("slug", String(50), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("open_membership", Boolean, nullable=False),
    Column("default_role", String(32), nullable=False),
    # The free settings of an organization (isEarlyAdopter, require2FA, …), by Sentry's JSON names.
    Column("options", JSON, nullable=False),
    _time(),
)

# A feature that is on for an organization; absence is off.
feature = Table(
    "sentry_organizationfeature",
    metadata,
    _id(),
    _ref("organization_id", "sentry_organization"),
    Column("name", String(128), nullable=False),
    UniqueConstraint("organization_id", "name"),
)

user = Table(
    "auth_user",
    metadata,
    _id(),
    Column("username", String(128), nullable=False, unique=True),
    Column("email", String(128), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    # NULL: no password was set, so nobody signs in as this user.
    Column("password", String(256)),
    Column("is_active", Boolean, nullable=False),
    # The proxy user of an internal integration: never signs in.
    Column("is_sentry_app", Boolean, nullable=False),
    _time("date_joined"),
)

member = Table(
    "sentry_organizationmember",
    metadata,
    _id(),
    _ref("organization_id", "sentry_organization"),
    # NULL: invited, and not accepted yet; then `email` says who, in lower case.
    _ref("user_id", "auth_user", nullable=True),
    Column("email", String(128)),
    _mention("inviter_id", "auth_user"),
    Column("role", String(32), nullable=False),
    _time(),
    UniqueConstraint("organization_id", "user_id"),
    UniqueConstraint("organization_id", "email"),
)

team = Table(
    "sentry_team",
    metadata,
    _id(),
    _ref("organization_id", "sentry_organization"),
    Column("slug", String(50), nullable=False),
    Column("name", String(64), nullable=False),
    _time(),
    UniqueConstraint("organization_id", "slug"),
)

# `role` is the team role: `contributor` or `admin`.
team_member = Table(
    "sentry_organizationmember_teams",
    metadata,
    _id(),
    _ref("organizationmember_id", "sentry_organizationmember"),
    _ref("team_id", "sentry_team"),
    Column("role", String(32), nullable=False),
    UniqueConstraint("team_id", "organizationmember_id"),
)

project = Table(
    "sentry_project",
    metadata,
    _id(),
    _ref("organization_id", "sentry_organization"),
    Column("slug", String(100), nullable=False),
    Column("name", String(200), nullable=False),
    Column("platform", String(64)),
    Column("options", JSON, nullable=False),
    # The last short number given to an issue of this project (WEB-APP-<n>).
    Column("issue_counter", Integer, nullable=False, default=0),
    _time(),
    UniqueConstraint("organization_id", "slug"),
)

project_team = Table(
    "sentry_projectteam",
    metadata,
    _id(),
    _ref("project_id", "sentry_project"),
    _ref("team_id", "sentry_team"),
    UniqueConstraint("project_id", "team_id"),
)

# A user's mark on a project, for that user alone.
project_bookmark = Table(
    "sentry_projectbookmark",
    metadata,
    _id(),
    _ref("project_id", "sentry_project", index=False),
    _ref("user_id", "auth_user"),
    UniqueConstraint("project_id", "user_id"),
)

project_key = Table(
    "sentry_projectkey",
    metadata,
    _id(),
    _ref("project_id", "sentry_project"),
    Column("label", String(64), nullable=False),
    Column("public_key", String(32), nullable=False, unique=True),
    Column("secret_key", String(32), nullable=False),
    Column("is_active", Boolean, nullable=False),
    _time(),
)

issue = Table(
    "sentry_groupedmessage",
    metadata,
    _id(),
    _ref("project_id", "sentry_project"),
    Column("short_id", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("culprit", String(200), nullable=False),
    Column("level", String(16), nullable=False),
    # `unresolved`, `resolved` or `ignored`.
    Column("status", String(16), nullable=False),
    Column("substatus", String(32)),
    # How it was resolved or ignored ({"inRelease": …}, {"ignoreUntil": …}), if that was said.
    Column("status_details", JSON),
    # What events must share to belong here: 32 hexadecimal digits; NULL: the title says it.
    Column("hash", String(32)),
    Column("priority", String(16), nullable=False),
    Column("times_seen", Integer, nullable=False),
    Column("user_count", Integer, nullable=False),
    Column("metadata", JSON, nullable=False),
    _mention("assignee_user_id", "auth_user"),
    _mention("assignee_team_id", "sentry_team"),
    _time("first_seen"),
    _time("last_seen"),
    UniqueConstraint("project_id", "short_id"),
)

event = Table(
    "nodestore_event",
    metadata,
    _id(),
    _ref("issue_id", "sentry_groupedmessage"),
    _ref("project_id", "sentry_project"),
    # 32 hexadecimal digits.
    Column("event_id", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("platform", String(64), nullable=False),
    # [{"key": …, "value": …}] and [{"type": …, "data": …}], as Sentry's JSON has them.
    Column("tags", JSON, nullable=False),
    Column("entries", JSON, nullable=False),
    # What a client said beside them, by the names of Sentry's JSON: user, contexts, sdk, ….
    Column("data", JSON),
    _time("date_created"),
    UniqueConstraint("project_id", "event_id"),
)

comment = Table(
    "sentry_groupnote",
    metadata,
    _id(),
    _ref("issue_id", "sentry_groupedmessage"),
    _mention("user_id", "auth_user"),
    Column("text", Text, nullable=False),
    _time(),
)

alert_rule = Table(
    "sentry_rule",
    metadata,
    _id(),
    _ref("project_id", "sentry_project"),
    Column("label", String(256), nullable=False),
    Column("data", JSON, nullable=False),
    _mention("created_by", "auth_user"),
    _time(),
)

release = Table(
    "sentry_release",
    metadata,
    _id(),
    _ref("organization_id", "sentry_organization"),
    Column("version", String(200), nullable=False),
    Column("status", String(16), nullable=False),
    Column("ref", String(250)),
    Column("url", String(500)),
    _time(),
    _time("date_released", nullable=True),
    UniqueConstraint("organization_id", "version"),
)

release_project = Table(
    "sentry_release_project",
    metadata,
    _id(),
    _ref("release_id", "sentry_release"),
    _ref("project_id", "sentry_project"),
    UniqueConstraint("release_id", "project_id"),
)

deploy = Table(
    "sentry_deploy",
    metadata,
    _id(),
    _ref("release_id", "sentry_release"),
    Column("environment", String(64), nullable=False),
    Column("name", String(64)),
    Column("url", String(500)),
    _time("date_started", nullable=True),
    _time("date_finished"),
)

# A bearer of any stored kind, kept as the SHA-256 of its text. `kind` is `user`,
# `organization` or `integration`. `user_id` is the owner of a user token and the
# proxy user of an integration. `organization_id` binds a user token (NULL: unbound),
# owns an organization token, and is where an integration is installed.
api_token = Table(
    "sentry_apitoken",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("hashed_token", String(64), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    _ref("user_id", "auth_user", nullable=True),
    _ref("organization_id", "sentry_organization", nullable=True),
    Column("scope_list", JSON, nullable=False),
    _time(),
    _time("expires_at", nullable=True),
)

# A signed-in browser, kept as the SHA-256 of its cookie.
session = Table(
    "sentry_session",
    metadata,
    _id(),
    Column("hashed_key", String(64), nullable=False, unique=True),
    _ref("user_id", "auth_user"),
    _time(),
    _time("expires_at"),
    # Until then dangerous actions need no second password.
    _time("sudo_until"),
)

# The record that a user approved scopes for one agent session.
write_grant = Table(
    "seer_agentwritegrant",
    metadata,
    _id(),
    _time(),
    _time("date_updated"),
    _ref("organization_id", "sentry_organization"),
    Column("user_id", Integer, nullable=False),
    Column("agent_session_id", String(128), nullable=False),
    Column("scope_list", JSON, nullable=False),
    _time("expires_at"),
    UniqueConstraint("organization_id", "user_id", "agent_session_id"),
)

# A conversation with Seer. Its messages are Seer's; who may see them is decided here too.
explorer_run = Table(
    "seer_explorerrun",
    metadata,
    _id(),
    _ref("organization_id", "sentry_organization"),
    _ref("user_id", "auth_user"),
    # The beginning of the first question.
    Column("title", String(200), nullable=False),
    _time(),
    _time("last_triggered_at"),
)
