"""What a world file may say. What it leaves out is filled from the seed."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from harness import scopes


class _OneOf:
    """Lists the words of a constant of `harness.scopes` in the JSON Schema.

    They are checked with the other references, and read only when a schema is asked for.
    """

    def __init__(self, constant: str) -> None:
        self.constant = constant

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        words = getattr(scopes, self.constant)
        return handler(core) | {"enum": sorted(words) if isinstance(words, frozenset) else [*words]}


def _check_slug(value: str) -> str:
    # A number in a URL is read as an id, so Sentry has no slugs that are numbers.
    if value.isdigit():
        raise ValueError(f"expected a slug, got the number {value!r}: a slug is not all digits")
    return value


def _check_version(value: str) -> str:
    # Sentry's rule: a version is a segment of a path.
    if value != value.strip() or value in ("", ".", "..", "latest") or _BAD_VERSION.search(value):
        raise ValueError(
            f"expected a version, got {value!r}: no space around it, no slash, tab or line break"
        )
    return value


_BAD_VERSION = re.compile(r"[\n\r\f\t/\\]")
_SLUG = r"^[a-z0-9_-]+$"

Slug = Annotated[str, StringConstraints(pattern=_SLUG, max_length=50), AfterValidator(_check_slug)]
ProjectSlug = Annotated[
    str, StringConstraints(pattern=_SLUG, max_length=100), AfterValidator(_check_slug)
]
UserName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]*$", max_length=64)]
Feature = Annotated[
    str, StringConstraints(pattern=r"^(organizations|projects):[a-z0-9-]+$", max_length=128)
]
Version = Annotated[str, StringConstraints(max_length=200), AfterValidator(_check_version)]
Text = Annotated[str, StringConstraints(min_length=1)]
Role = Annotated[str, _OneOf("ROLES")]
TeamRole = Annotated[str, _OneOf("TEAM_ROLES")]
Scope = Annotated[str, _OneOf("ALL_SCOPES")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Team(_Part):
    """A team of an organization; its members are named where the users are."""

    name: Annotated[Text, StringConstraints(max_length=64)] | None = Field(
        None, description="For people; made from the slug if not given."
    )


class Event(_Part):
    """One occurrence of an issue."""

    message: Text | None = Field(None, description="The issue's own if not given.")
    tags: dict[str, str] = Field({}, description="Beside the issue's tags, or instead of one.")


class Comment(_Part):
    """What somebody wrote under an issue."""

    by: UserName = Field(description="A user who belongs to the organization.")
    text: Text


class Assignee(_Part):
    """Who works on an issue: a user or a team."""

    user: UserName | None = None
    team: Slug | None = None


class Issue(_Part):
    """An issue of a project. The first of a project `web-app` has the short id WEB-APP-1."""

    title: Text | None = Field(None, description="An error and its message, if not given.")
    culprit: Annotated[str, StringConstraints(max_length=200)] | None = None
    level: Literal["fatal", "error", "warning", "info", "debug"] = "error"
    status: Literal["unresolved", "resolved", "ignored"] = "unresolved"
    substatus: (
        Literal[
            "new",
            "ongoing",
            "escalating",
            "regressed",
            "archived_until_escalating",
            "archived_until_condition_met",
            "archived_forever",
        ]
        | None
    ) = Field(None, description="Follows from the status if not given.")
    priority: Literal["high", "medium", "low"] | None = Field(
        None, description="Follows from the level if not given."
    )
    metadata: dict[str, JsonValue] | None = Field(
        None, description="The error's `type` and `value`, if not given."
    )
    assignee: Assignee | None = None
    tags: dict[str, str] = Field({}, description="Tags of each of its events.")
    events: Annotated[int, Field(ge=0, le=100)] | list[Event] = Field(
        1, description="The events that are kept, oldest first, or how many to make."
    )
    times_seen: int | None = Field(
        None, ge=0, description="How often it happened; the number of its events if not given."
    )
    users_affected: int | None = Field(None, ge=0)
    comments: list[Comment] = []


class AlertRule(_Part):
    """An issue alert of a project."""

    name: Annotated[Text, StringConstraints(max_length=256)]
    by: UserName | None = Field(None, description="Who made it: a user of the organization.")
    conditions: list[dict[str, JsonValue]] = [
        {"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"}
    ]
    filters: list[dict[str, JsonValue]] = []
    actions: list[dict[str, JsonValue]] = [
        {
            "id": "sentry.mail.actions.NotifyEmailAction",
            "targetType": "IssueOwners",
            "fallthroughType": "ActiveMembers",
        }
    ]
    frequency: int = Field(30, ge=5, le=43200, description="Minutes between two alerts.")


class Project(_Part):
    """A project of an organization."""

    name: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        None, description="For people; the slug if not given."
    )
    platform: Annotated[Text, StringConstraints(max_length=64)] = "python"
    teams: list[Slug] = Field([], description="Teams of the organization that see it.")
    keys: list[Annotated[Text, StringConstraints(max_length=64)]] = Field(
        ["Default"], description="Labels of its client keys."
    )
    options: dict[str, JsonValue] = {}
    issues: list[Issue] = []
    alert_rules: list[AlertRule] = []


class Deploy(_Part):
    """A deploy of a release."""

    environment: Annotated[Text, StringConstraints(max_length=64)]
    name: Annotated[Text, StringConstraints(max_length=64)] | None = None


class Release(_Part):
    """A release of an organization."""

    projects: list[ProjectSlug] = Field(min_length=1)
    released: bool = Field(True, description="Whether it was finalized.")
    deploys: list[Deploy] = []


class OrganizationToken(_Part):
    """A token of the organization itself, with no user behind it."""

    scopes: list[Scope] = ["org:ci"]


class Integration(_Part):
    """An internal integration: a proxy user and its token."""

    scopes: list[Scope]


class Organization(_Part):
    """An organization and what belongs to it."""

    name: Annotated[Text, StringConstraints(max_length=64)] | None = Field(
        None, description="For people; made from the slug if not given."
    )
    open_membership: bool = Field(True, description="Whether members see every project.")
    default_role: Role = "member"
    features: list[Feature] = Field([], description="Features that are on; all others are off.")
    flags: dict[str, bool] = Field(
        {}, description="Settings by Sentry's JSON names, such as isEarlyAdopter or require2FA."
    )
    teams: dict[Slug, Team] = {}
    projects: dict[ProjectSlug, Project] = {}
    releases: dict[Version, Release] = {}
    tokens: dict[str, OrganizationToken] = {}
    integrations: dict[Slug, Integration] = {}


class Membership(_Part):
    """What a user is in one organization."""

    role: Role
    teams: dict[Slug, TeamRole] = {}


class UserToken(_Part):
    """A user token beside the one that every user has.

    It holds its scopes and what they imply, as if it had been created by hand.
    """

    scopes: list[Scope]
    organization: Slug | None = Field(
        None, description="The only organization that it opens; any of the user's if not given."
    )
    prefix: bool = Field(True, description="false: the old form, without sntryu_ before it.")


class User(_Part):
    """Somebody. The email is `<key>@example.com`, and also the login name."""

    name: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        None, description="Made up if not given."
    )
    password: bool = Field(True, description="false: none was set, so nobody signs in.")
    active: bool = True
    memberships: dict[Slug, Membership] = {}
    tokens: dict[str, UserToken] = {}


class World(_Part):
    """Organizations, their users, and what they hold. Passwords and tokens are never in it."""

    title: str = ""
    organizations: dict[Slug, Organization] = Field(min_length=1)
    users: dict[UserName, User] = Field(min_length=1)


def world_schema() -> dict[str, Any]:
    """The JSON Schema of a world file."""
    return World.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "World of a mock Sentry",
    }
