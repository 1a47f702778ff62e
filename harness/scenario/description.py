"""What a target offers: the JSON object that `serve --ready-json` prints.

    {"sentry": {"url": "http://127.0.0.1:9000", "secret": "…"},
     "seer": {"url": "http://127.0.0.1:9001",
              "control": {"url": "http://127.0.0.1:9001/control", "token": "…"}},
     "control": {"url": "http://127.0.0.1:9000/control", "token": "…"},
     "organizations": [{"id": "1", "slug": "acme", "name": "Acme"}],
     "users": [{"id": "7", "email": "alice@example.com", "password": "…", "token": "…",
                "memberships": [{"organization": "acme", "role": "owner"}]}],
     "projects": [{"id": "4", "slug": "web", "organization": "acme"}],
     "teams": [{"id": "5", "slug": "web", "organization": "acme"}],
     "issues": [{"id": "9", "shortId": "WEB-1", "organization": "acme", "project": "web"}],
     "organization_tokens": [{"token": "…", "organization": "acme", "scopes": ["org:ci"]}],
     "integration_tokens": [{"token": "…", "organization": "acme", "scopes": ["org:read"]}],
     "user_tokens": [{"name": "narrow", "token": "…", "user": "alice@example.com",
                      "organization": null, "scopes": ["org:read"]}]}

Ids are texts; `organization` and `project` are slugs. `secret`, `seer`, `control`, a user's
`password` and `token` may be null or absent, and so may every list but the first
two: a scenario that needs what is not there is inconclusive. `user_tokens` are
further tokens of users, with fewer scopes. A target that is not on loopback must say
`"authorized": true`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from harness.document import Document, DocumentError, Mistake, read, suggest
from harness.redact import Redactor


def _root_url(value: str) -> str:
    # No user and password, query or fragment; and nothing that some read as another host.
    plain = value.isascii() and value.isprintable() and not set(value) & set("@?#\\ ")
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not plain or not sound:
        # What stands before an @ may be a password.
        shown = repr(value.rpartition("@")[2])
        raise ValueError(f"expected a URL such as http://127.0.0.1:9000, got {shown}")
    return value.rstrip("/")


def _bare_url(value: str) -> str:
    value = _root_url(value)
    if urlsplit(value).path:
        raise ValueError("the URL of a Sentry has no path")
    return value


Filled = Annotated[str, Field(min_length=1)]


class Part(BaseModel):
    """A part of the description: strict, closed, not to be changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Sentry(Part):
    """Where Sentry is, and the secret that it shares with Seer."""

    url: Annotated[str, AfterValidator(_bare_url)]
    secret: Filled | None = Field(None, repr=False)


class ControlAccess(Part):
    """Where the control API is, and its token."""

    url: Annotated[str, AfterValidator(_root_url)]
    token: Filled = Field(repr=False)


class Seer(Part):
    """Where the Seer service is, and its control API if it is a fake."""

    url: Annotated[str, AfterValidator(_bare_url)]
    control: ControlAccess | None = None


class Organization(Part):
    """An organization."""

    id: Filled
    slug: Filled
    name: str


class Membership(Part):
    """A user's role in an organization, which is named by its slug."""

    organization: Filled
    role: Filled


class User(Part):
    """Somebody who can act. `password` signs in with the email; `token` is a user token."""

    id: Filled
    email: Filled
    password: Filled | None = Field(None, repr=False)
    token: Filled | None = Field(None, repr=False)
    memberships: list[Membership] = []

    @property
    def name(self) -> str:
        """What a scenario calls this user: the local part of the email."""
        return self.email.partition("@")[0]

    def role_in(self, organization: str) -> str | None:
        """The role in the organization with this slug."""
        return next((m.role for m in self.memberships if m.organization == organization), None)


class Project(Part):
    """A project of an organization."""

    id: Filled
    slug: Filled
    organization: Filled


class Team(Part):
    """A team of an organization."""

    id: Filled
    slug: Filled
    organization: Filled


class Issue(Part):
    """An issue of a project."""

    id: Filled
    short_id: Filled = Field(alias="shortId")
    organization: Filled
    project: Filled


class HeldToken(Part):
    """A token of an organization or an integration, and the scopes it carries."""

    token: Filled = Field(repr=False)
    organization: Filled
    scopes: list[str] = []


class UserToken(Part):
    """A further token of a user, who is named by email or id.

    `organization`: the slug of the only organization that it opens, if it is bound to one.
    """

    name: str = ""
    token: Filled = Field(repr=False)
    user: Filled
    scopes: list[str] = []
    organization: Filled | None = None


class Description(Part):
    """All that is known of a target."""

    sentry: Sentry
    seer: Seer | None = None
    control: ControlAccess | None = None
    organizations: list[Organization]
    users: list[User]
    projects: list[Project] = []
    teams: list[Team] = []
    issues: list[Issue] = []
    organization_tokens: list[HeldToken] = []
    integration_tokens: list[HeldToken] = []
    user_tokens: list[UserToken] = []
    authorized: bool = False

    def register_secrets(self, redactor: Redactor) -> None:
        """Makes every secret in here one that `redactor` knows."""
        redactor.register(self.sentry.secret, "shared secret")
        if self.control:
            redactor.register(self.control.token, "control token")
        if self.seer and self.seer.control:
            redactor.register(self.seer.control.token, "control token")
        for user in self.users:
            redactor.register(user.password, "password")
            redactor.register(user.token, "user token")
        for own in self.user_tokens:
            redactor.register(own.token, "user token")
        for held in self.organization_tokens:
            redactor.register(held.token, "organization token")
        for held in self.integration_tokens:
            redactor.register(held.token, "integration token")


def read_target(path: str | Path) -> Description:
    """The description in a file, JSON or YAML.

    Raises DocumentError with every mistake: of form, of names that nothing bears, and
    a target beyond loopback that is not marked as authorized.
    """
    document = read(path, Description)
    mistakes = [*_find_strangers(document), *_find_unauthorized(document)]
    if mistakes:
        raise DocumentError(mistakes)
    return document.model


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine, by address or as `localhost`."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _find_unauthorized(document: Document[Description]) -> Iterator[Mistake]:
    target = document.model
    if target.authorized:
        return
    urls: dict[tuple[str, ...], str] = {("sentry",): target.sentry.url}
    if target.control:
        urls["control",] = target.control.url
    if target.seer:
        urls["seer",] = target.seer.url
        if target.seer.control:
            urls["seer", "control"] = target.seer.control.url
    for path, url in urls.items():
        if not is_loopback(url):
            yield document.mistake(
                (*path, "url"),
                "not on loopback; scenarios write and attack, so the file must say "
                '"authorized": true',
            )


def _find_strangers(document: Document[Description]) -> Iterator[Mistake]:
    target = document.model
    slugs = {organization.slug for organization in target.organizations}
    people = {name for user in target.users for name in (user.email, user.id)}
    for path, slug in _organization_names(target):
        if slug not in slugs:
            yield document.mistake(path, f"unknown organization {slug!r}{suggest(slug, slugs)}")
    for index, token in enumerate(target.user_tokens):
        if token.user not in people:
            yield document.mistake(("user_tokens", index, "user"), f"unknown user {token.user!r}")
    projects = {(project.organization, project.slug) for project in target.projects}
    for index, issue in enumerate(target.issues):
        if (issue.organization, issue.project) not in projects:
            message = f"{issue.organization} has no project {issue.project!r}"
            yield document.mistake(("issues", index, "project"), message)


def _organization_names(target: Description) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, user in enumerate(target.users):
        for position, membership in enumerate(user.memberships):
            path = ("users", index, "memberships", position, "organization")
            yield path, membership.organization
    lists: dict[str, Any] = {
        "projects": target.projects,
        "teams": target.teams,
        "issues": target.issues,
        "organization_tokens": target.organization_tokens,
        "integration_tokens": target.integration_tokens,
    }
    for name, entries in lists.items():
        for index, entry in enumerate(entries):
            yield (name, index, "organization"), entry.organization
