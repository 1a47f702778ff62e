"""Who plays whom: the names of a scenario, found by what they are in a target.

    cast:
      organizations: [first, second]
      users:
        olivia: {role: owner, of: [first, second]}
        mel: {role: member, of: first, not in: second}
        kim: {roles: {first: [manager, owner], second: member}}
      teams: {crew: {of: first}}
      projects: {web: {of: first}}
      issues: {crash: {of: web}}
      organization tokens: {ci: {of: first}}
      integration tokens: {robot: {of: first, scopes: {includes: [org:read]}}}
      user tokens: {narrow: {of: olivia, scopes: {lacks: [org:write]}}}

Different names of one kind are different people, organizations or things. A name
that is not in the cast is a name of the world: of a user the local part of the
email, of an organization, project or team the slug, of an issue the short id.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from harness import scopes
from harness.document import suggest

RESERVED = frozenset(
    {"agent", "service", "anonymous", "attacker", "operator", "none", "session", "token", "viewer"}
)
"""Words that no name of a cast may be."""


def _free_name(value: str) -> str:
    if value in RESERVED:
        raise ValueError(f"{value!r} is a word of the language; choose another name")
    return value


def _role(value: str) -> str:
    if value not in scopes.ROLES:
        raise ValueError(f"unknown role {value!r}{suggest(value, scopes.ROLES)}")
    return value


def _show_roles(schema: dict[str, Any]) -> None:
    schema["enum"] = list(scopes.ROLES)


Name = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_-]*$", json_schema_extra={"not": {"enum": sorted(RESERVED)}}),
    AfterValidator(_free_name),
]
Role = Annotated[str, AfterValidator(_role), Field(json_schema_extra=_show_roles)]
Filled = Annotated[str, Field(min_length=1)]
OneOrMore = str | list[str]


def listed(value: OneOrMore | None) -> list[str]:
    """A text or a list of texts as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


class Part(BaseModel):
    """A part of a cast: strict, closed, not to be changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class ScopeCondition(Part):
    """What a token's scopes must have and must not have."""

    includes: list[str] = []
    lacks: list[str] = []

    def admits(self, held: list[str]) -> bool:
        """Whether a token with these scopes will do."""
        return set(self.includes) <= set(held) and not set(self.lacks) & set(held)

    def __str__(self) -> str:
        with_ = f"with {' and '.join(self.includes)}" if self.includes else ""
        without = f"without {' or '.join(self.lacks)}" if self.lacks else ""
        return " ".join(filter(None, (with_, without)))


class UserPart(Part):
    """A user, by role: one role in one or more organizations, or a role for each."""

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"role": ["of"], "of": ["role"]}}
    )

    role: Role | list[Role] | None = None
    of: OneOrMore | None = None
    roles: dict[str, Role | list[Role]] = {}
    not_in: OneOrMore | None = Field(None, alias="not in")

    @model_validator(mode="after")
    def _whole(self) -> UserPart:
        if (self.role is None) != (self.of is None):
            raise ValueError("role and of stand together: {role: owner, of: first}")
        return self

    @property
    def wanted(self) -> dict[str, list[str]]:
        """The organizations to be in, each with the roles that will do."""
        same = {organization: listed(self.role) for organization in listed(self.of)}
        return same | {name: listed(role) for name, role in self.roles.items()}

    def __str__(self) -> str:
        by_role: dict[str, list[str]] = {}
        for organization, roles in self.wanted.items():
            by_role.setdefault(" or ".join(roles), []).append(organization)
        parts = [f"{roles} of {' and '.join(names)}" for roles, names in by_role.items()]
        parts += [f"not in {name}" for name in listed(self.not_in)]
        return ", ".join(parts) or "any user"


class ThingPart(Part):
    """A team or a project of an organization."""

    of: Filled

    def __str__(self) -> str:
        return f"of {self.of}"


class IssuePart(Part):
    """An issue of a project."""

    of: Filled

    def __str__(self) -> str:
        return f"of {self.of}"


class TokenPart(Part):
    """A token of an organization, an integration or a user."""

    of: Filled
    scopes: ScopeCondition = ScopeCondition()

    def __str__(self) -> str:
        return f"of {self.of} {self.scopes}".strip()


class CastModel(Part):
    """The `cast` section of a scenario."""

    organizations: list[Name] = []
    users: dict[Name, UserPart] = {}
    teams: dict[Name, ThingPart] = {}
    projects: dict[Name, ThingPart] = {}
    issues: dict[Name, IssuePart] = {}
    organization_tokens: dict[Name, TokenPart] = Field({}, alias="organization tokens")
    integration_tokens: dict[Name, TokenPart] = Field({}, alias="integration tokens")
    user_tokens: dict[Name, TokenPart] = Field({}, alias="user tokens")

    def kinds(self) -> dict[str, list[str]]:
        """The names by kind of what they name, with the key of the file for each kind."""
        return {
            "organizations": list(self.organizations),
            "users": list(self.users),
            "teams": list(self.teams),
            "projects": list(self.projects),
            "issues": list(self.issues),
            "organization tokens": list(self.organization_tokens),
            "integration tokens": list(self.integration_tokens),
            "user tokens": list(self.user_tokens),
        }
