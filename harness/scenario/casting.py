"""Finds somebody in a target for each name of a cast; the same each time.

The first fit in the order of the description wins. Whoever has to sign in must have
a password there, whoever calls with a token a token.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import TypeVar

from harness.scenario.cast import CastModel, TokenPart, UserPart, listed
from harness.scenario.description import (
    Description,
    HeldToken,
    Issue,
    Organization,
    Project,
    Team,
    User,
    UserToken,
)

T = TypeVar("T")
P = TypeVar("P")


class Uncastable(Exception):
    """The target has nobody for a name; the message says for whom, and what was asked."""


@dataclass(frozen=True)
class Company:
    """Who plays whom, by the names of the scenario."""

    organizations: dict[str, Organization] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    issues: dict[str, Issue] = field(default_factory=dict)
    organization_tokens: dict[str, HeldToken] = field(default_factory=dict)
    integration_tokens: dict[str, HeldToken] = field(default_factory=dict)
    user_tokens: dict[str, UserToken] = field(default_factory=dict)

    def show(self) -> dict[str, str]:
        """Each name with who or what plays it, for people."""
        shown = {name: organization.slug for name, organization in self.organizations.items()}
        shown |= {name: user.email for name, user in self.users.items()}
        shown |= {name: team.slug for name, team in self.teams.items()}
        shown |= {name: project.slug for name, project in self.projects.items()}
        shown |= {name: issue.short_id for name, issue in self.issues.items()}
        for held in (self.organization_tokens, self.integration_tokens):
            shown |= {name: f"a token of {token.organization}" for name, token in held.items()}
        return shown | {
            name: f"a token of {token.user}" for name, token in self.user_tokens.items()
        }


@dataclass(frozen=True)
class Wanted:
    """What a scenario needs of its people, beside what the cast says.

    `named`: names used that are names of the world, by kind as in `CastModel.kinds`.
    `passwords`, `tokens`, `either`: users who need a password, a token, one of the two.
    """

    named: Mapping[str, Collection[str]] = field(default_factory=dict)
    passwords: Collection[str] = ()
    tokens: Collection[str] = ()
    either: Collection[str] = ()

    def lacks(self, name: str, user: User) -> str:
        """What `user` would lack to play `name`, or nothing."""
        if name in self.passwords and user.password is None:
            return "a password"
        if name in self.tokens and user.token is None:
            return "a user token"
        if name in self.either and user.token is None and user.password is None:
            return "a user token or a password"
        return ""


def cast(model: CastModel, target: Description, wanted: Wanted) -> Company:
    """The company for a cast in a target.

    Raises Uncastable, with the first name that nobody can play.
    """
    named = _find_named(target, wanted)
    taken = {organization.slug for organization in named.organizations.values()}
    free = [organization for organization in target.organizations if organization.slug not in taken]
    best: Uncastable | None = None
    furthest = -1
    if len(model.organizations) > len(free):
        count = len(model.organizations)
        raise Uncastable(f"{count} organizations are needed; there are {len(free)}")
    for choice in permutations(free, len(model.organizations)):
        attempt = _Attempt(
            model, target, wanted, named, dict(zip(model.organizations, choice, strict=True))
        )
        try:
            return attempt.complete()
        except Uncastable as failure:
            if attempt.reached > furthest:
                furthest, best = attempt.reached, failure
    raise best or Uncastable("there is no organization")


class _Attempt:
    """One choice of organizations, and the rest of the company for it."""

    def __init__(
        self,
        model: CastModel,
        target: Description,
        wanted: Wanted,
        named: Company,
        organizations: dict[str, Organization],
    ) -> None:
        self.model, self.target, self.wanted, self.named = model, target, wanted, named
        self.organizations = named.organizations | organizations
        self.reached = 0

    def complete(self) -> Company:
        """Raises Uncastable; `reached` then tells how many names had a fit."""
        model, target, named = self.model, self.target, self.named
        users = self._choose(model.users, target.users, named.users, self._fits_user)
        teams = self._choose(
            model.teams,
            target.teams,
            named.teams,
            lambda _, part, team: team.organization == self._slug(part.of),
        )
        projects = self._choose(
            model.projects,
            target.projects,
            named.projects,
            lambda _, part, project: project.organization == self._slug(part.of),
        )
        issues = self._choose(
            model.issues,
            target.issues,
            named.issues,
            lambda _, part, issue: (
                (issue.organization, issue.project)
                == (projects[part.of].organization, projects[part.of].slug)
            ),
        )
        return Company(
            organizations=self.organizations,
            users=users,
            teams=teams,
            projects=projects,
            issues=issues,
            organization_tokens=self._choose(
                model.organization_tokens, target.organization_tokens, {}, self._fits_token
            ),
            integration_tokens=self._choose(
                model.integration_tokens, target.integration_tokens, {}, self._fits_token
            ),
            user_tokens=self._choose(
                model.user_tokens,
                target.user_tokens,
                {},
                lambda _, part, token: (
                    token.user in (users[part.of].email, users[part.of].id)
                    and part.scopes.admits(token.scopes)
                ),
            ),
        )

    def _choose(
        self,
        parts: Mapping[str, P],
        entities: Sequence[T],
        named: Mapping[str, T],
        fits: Callable[[str, P, T], bool],
    ) -> dict[str, T]:
        """An entity of its own for each part, and those that were named."""
        # Some have no identity but themselves: tokens of one organization may be alike.
        taken = {id(entity) for entity in named.values()}
        candidates = {
            name: [e for e in entities if id(e) not in taken and fits(name, part, e)]
            for name, part in parts.items()
        }
        for name, found in candidates.items():
            if not found:
                raise Uncastable(self._explain(name, parts[name]))
            self.reached += 1
        chosen = next(_pair_off(list(candidates.items()), frozenset()), None)
        if chosen is None:
            people = "; ".join(f"{name}: {part}" for name, part in parts.items())
            raise Uncastable(f"no two of these may be the same, and there are too few ({people})")
        return dict(named) | {name: chosen[name] for name in parts}

    def _explain(self, name: str, part: P) -> str:
        kind = "nobody" if isinstance(part, UserPart) else "nothing"
        lacking = ""
        if isinstance(part, UserPart):
            almost = [user for user in self.target.users if self._has_roles(part, user)]
            lacks = {self.wanted.lacks(name, user) for user in almost}
            lacking = f" who has {min(lacks)}" if lacks else ""
        return f"{kind} in this target can be {name} ({part}){lacking}"

    def _fits_user(self, name: str, part: UserPart, user: User) -> bool:
        return self._has_roles(part, user) and not self.wanted.lacks(name, user)

    def _has_roles(self, part: UserPart, user: User) -> bool:
        return all(
            user.role_in(self._slug(organization)) in roles
            for organization, roles in part.wanted.items()
        ) and not any(user.role_in(self._slug(name)) for name in listed(part.not_in))

    def _fits_token(self, _: str, part: TokenPart, token: HeldToken) -> bool:
        return token.organization == self._slug(part.of) and part.scopes.admits(token.scopes)

    def _slug(self, name: str) -> str:
        return self.organizations[name].slug


def _pair_off(
    candidates: list[tuple[str, list[T]]], taken: frozenset[int]
) -> Iterator[dict[str, T]]:
    """Each way to give every name an entity of its own, the first fits first."""
    if not candidates:
        yield {}
        return
    (name, found), *others = candidates
    for entity in found:
        if id(entity) not in taken:
            for rest in _pair_off(others, taken | {id(entity)}):
                yield {name: entity} | rest


def _find_named(target: Description, wanted: Wanted) -> Company:
    named = wanted.named
    users = _by_name(target.users, named.get("users", ()), "user", lambda user: user.name)
    for name, user in users.items():
        if lacking := wanted.lacks(name, user):
            raise Uncastable(f"{name} has not {lacking} in this target")
    return Company(
        organizations=_by_name(
            target.organizations, named.get("organizations", ()), "organization", lambda o: o.slug
        ),
        users=users,
        teams=_by_name(target.teams, named.get("teams", ()), "team", lambda team: team.slug),
        projects=_by_name(target.projects, named.get("projects", ()), "project", lambda p: p.slug),
        issues=_by_name(target.issues, named.get("issues", ()), "issue", lambda i: i.short_id),
    )


def _by_name(
    entities: Sequence[T], names: Collection[str], kind: str, call: Callable[[T], str]
) -> dict[str, T]:
    found: dict[str, T] = {}
    for entity in entities:
        found.setdefault(call(entity), entity)
    for name in names:
        if name not in found:
            raise Uncastable(f"this target has no {kind} {name!r}")
    return {name: found[name] for name in names}
