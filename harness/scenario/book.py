"""What is known about a scenario before it is played: names, tokens, needs, mistakes.

A `Book` is written while the steps are read in order. Each verb and expectation
looks its names up here, so that what is unknown is a mistake with a place, and what
has to be there (a password, the control API) is known before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from harness.document import suggest
from harness.scenario import credentials
from harness.scenario.cast import CastModel, IssuePart, ThingPart, TokenPart, UserPart, listed
from harness.scenario.casting import Wanted
from harness.scenario.credentials import Credential, parse_credential
from harness.scenario.names import ATTRIBUTES, BUILT_IN, HOLDERS, Actor, WorldNames
from harness.scenario.windows import ADDRESSES
from harness.template import find_names

Path = tuple[str | int, ...]

_BY_WORLD = ("users", "organizations", "projects", "teams")


class Book:
    """The names of one scenario; `mistakes` has what was found wrong, each with its path."""

    def __init__(self, cast: CastModel, world: WorldNames) -> None:
        self.cast = cast
        self.mistakes: list[tuple[Path, str]] = []
        self.control: list[str] = []
        self.secret: list[str] = []
        self.seer: list[str] = []
        self.browser: list[str] = []
        self.runs: set[str] = set()
        self.tokens: dict[str, str | None] = {}
        self.sessions: dict[str, str] = {}
        self.values: set[str] = set()
        self.passwords: set[str] = set()
        self.user_tokens: set[str] = set()
        self.either: set[str] = set()
        self.locals: Collection[str] = ()
        self._kinds = cast.kinds()
        self._world = world
        self._named: dict[str, dict[str, None]] = {kind: {} for kind in _BY_WORLD}
        self._base: Path = ()

    @property
    def wanted(self) -> Wanted:
        """What the scenario needs of its people."""
        return Wanted(
            named={kind: tuple(names) for kind, names in self._named.items()},
            passwords=frozenset(self.passwords),
            tokens=frozenset(self.user_tokens),
            either=frozenset(self.either),
        )

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Places of mistakes are below `path` while this lasts."""
        base, self._base = self._base, self._base + path
        try:
            yield
        finally:
            self._base = base

    def mistake(self, path: Sequence[str | int], message: str) -> None:
        """Something is wrong at `path`."""
        self.mistakes.append(((*self._base, *path), message))

    # -- names

    def actor(self, name: str) -> Actor | None:
        """The actor with this name, or None: that is left to the caller to report."""
        if name in BUILT_IN:
            return Actor(name, BUILT_IN[name])
        if any(name in self._kinds[kind] for kind in HOLDERS):
            return Actor(name, "holder")
        if self._is_known("users", name):
            return Actor(name, "user")
        return None

    def actor_names(self) -> list[str]:
        """Every name that can act."""
        holders = [name for kind in HOLDERS for name in self._kinds[kind]]
        return [*BUILT_IN, *holders, *self._kinds["users"], *sorted(self._world.users)]

    def user(self, path: Sequence[str | int], name: str) -> None:
        """`name` must be a user."""
        self._look_up("users", "user", path, name)

    def organization(self, path: Sequence[str | int], name: str) -> None:
        """`name` must be an organization."""
        self._look_up("organizations", "organization", path, name)

    def project(self, path: Sequence[str | int], name: str) -> None:
        """`name` must be a project."""
        self._look_up("projects", "project", path, name)

    def _look_up(self, kind: str, word: str, path: Sequence[str | int], name: str) -> None:
        if not self._is_known(kind, name):
            known = [*self._kinds[kind], *self._world.of(kind)]
            self.mistake(path, f"unknown {word} {name!r}{suggest(name, known)}")

    def _is_cast(self, kind: str, name: str) -> bool:
        return name in self._kinds[kind]

    def _is_known(self, kind: str, name: str) -> bool:
        if self._is_cast(kind, name):
            return True
        if name in self._world.of(kind):
            self._named[kind][name] = None
            return True
        return False

    def templates(self, value: Any, path: Sequence[str | int] = ()) -> None:
        """Every `{name}` in `value` must be known here."""
        for place, name in find_names(value):
            if name in ADDRESSES:
                if not name.startswith("sentry"):
                    self.needs_browser("a page of the attacker's")
            elif message := self._unknown_template(name):
                self.mistake((*path, *place), message)

    def _unknown_template(self, name: str) -> str:
        first, dot, rest = name.partition(".")
        if not {name, first}.isdisjoint({*self.values, *self.locals}):
            return ""
        if first == "session" and dot:
            return "" if rest in self.sessions else f"no agent session {rest!r} was used before"
        if first == "token" and dot:
            return "" if rest in self.tokens else self._no_token(rest)
        if first in ("cookie", "csrf") and dot:
            shown = rest in self.passwords
            return "" if shown else f"no earlier step shows a session of {rest!r}"
        # Names of the cast come before names of the world, whatever their kind.
        for knows in (self._is_cast, self._is_known):
            for kind, attributes in ATTRIBUTES.items():
                for whole, attribute in ((name, attributes[0]), name.rpartition(".")[::2]):
                    if whole and knows(kind, whole):
                        if attribute in attributes:
                            return ""
                        return f"{whole!r} has no {attribute!r}{suggest(attribute, attributes)}"
        known = [*self.values, *self.locals]
        known += [known for kind in ATTRIBUTES for known in self._kinds[kind]]
        return f"unknown name {{{name}}}{suggest(name, known)}"

    # -- tokens and sessions

    def mints(self, path: Sequence[str | int], name: str, user: str | None) -> None:
        """A token gets a name; `user` is whom it stands for, if that is known."""
        taken = any(name in self._kinds[kind] for kind in HOLDERS)
        if taken or name in ("none", "session", "token", "own"):
            self.mistake(path, f"{name!r} already names something else")
        self.tokens[name] = user

    def uses_token(self, path: Sequence[str | int], name: str) -> None:
        """A token that was minted, or one of the cast; `{name}` is known when it is played."""
        if (
            "{" not in name
            and name not in self.tokens
            and not any(name in self._kinds[kind] for kind in HOLDERS)
        ):
            self.mistake(path, self._no_token(name))

    def holder_of(self, name: str) -> str | None:
        """The user whom a token stands for, if that is known."""
        if name in self.cast.user_tokens:
            return self.cast.user_tokens[name].of
        return self.tokens.get(name)

    def _no_token(self, name: str) -> str:
        known = [*self.tokens, *(held for kind in HOLDERS for held in self._kinds[kind])]
        return f"no token {name!r} was minted before{suggest(name, known)}"

    def session(self, path: Sequence[str | int], name: str, organization: str | None) -> str | None:
        """An agent session; gives its organization, which an earlier step may have named."""
        if organization is not None:
            self.sessions.setdefault(name, organization)
            return organization
        if name not in self.sessions:
            message = f"say in which organization: no earlier step uses the session {name!r}"
            self.mistake(path, f"missing key 'in'; {message}")
        return self.sessions.get(name)

    # -- credentials and needs

    def credentials(self, path: Sequence[str | int], text: str, actor: Actor) -> Credential | None:
        """The credential that `text` names, checked, its needs written down."""
        try:
            found = parse_credential(text, actor)
        except ValueError as error:
            self.mistake(path, str(error))
            return None
        self.needs_credential(path, found)
        return found

    def needs_credential(self, path: Sequence[str | int], credential: Credential | None) -> None:
        """Writes down what showing `credential` takes."""
        match credential:
            case credentials.NamedToken(name):
                self.uses_token(path, name)
            case credentials.Session(user):
                self.user(path, user)
                self.passwords.add(user)
            case credentials.UserToken(user):
                self.user(path, user)
                self.user_tokens.add(user)
            case credentials.Own(user):
                self.user(path, user)
                self.either.add(user)
            case credentials.ViewerContext(user, organization):
                self.user(path, user)
                if organization is not None:
                    self.organization(path, organization)
                self.needs_secret("a signed viewer context")

    def needs_control(self, what: str) -> None:
        """The scenario needs the control API, for `what`."""
        if what not in self.control:
            self.control.append(what)

    def needs_seer(self, what: str) -> None:
        """The scenario needs a Seer whose agent is scripted, for `what`."""
        if what not in self.seer:
            self.seer.append(what)

    def needs_browser(self, what: str) -> None:
        """The scenario needs users with a browser, for `what`."""
        if what not in self.browser:
            self.browser.append(what)

    def run(self, path: Sequence[str | int], name: str) -> None:
        """`name` must be a run that an earlier step began."""
        if name not in self.runs:
            message = f"no run {name!r} began before{suggest(name, self.runs)}"
            self.mistake(path, message)

    def needs_secret(self, what: str) -> None:
        """The scenario needs the secret shared with Seer, for `what`."""
        if what not in self.secret:
            self.secret.append(what)

    def reader(
        self, path: Sequence[str | int], name: str | None, actor: Actor, used: str | None
    ) -> str | None:
        """The user who looks at a resource: `name`, the actor, or whom the token stands for."""
        if name is None:
            name = actor.name if actor.kind == "user" else used
        if name is None:
            self.mistake(path, "say who looks: {path: /api/0/…, as: alice}")
            return None
        self.user(path, name)
        self.either.add(name)
        return name


def review_cast(book: Book) -> None:
    """The names in the cast must be different, and those they refer to known."""
    seen: dict[str, str] = {}
    for kind, names in book.cast.kinds().items():
        for name in names:
            if name in seen:
                book.mistake((kind, name), f"{name!r} is also one of the {seen[name]}")
            seen.setdefault(name, kind)
    for name, user in book.cast.users.items():
        with book.at("users", name):
            for place, organization in _organizations(user):
                book.organization(place, organization)
    for kind, parts, look_up in (
        ("teams", book.cast.teams, book.organization),
        ("projects", book.cast.projects, book.organization),
        ("issues", book.cast.issues, book.project),
        ("organization tokens", book.cast.organization_tokens, book.organization),
        ("integration tokens", book.cast.integration_tokens, book.organization),
        ("user tokens", book.cast.user_tokens, book.user),
    ):
        _review_owners(kind, parts, look_up)


def _review_owners(
    kind: str,
    parts: Mapping[str, ThingPart | IssuePart | TokenPart],
    look_up: Callable[[Path, str], None],
) -> None:
    for name, part in parts.items():
        # An empty name stands for what could not be read, and was reported there.
        if part.of:
            look_up((kind, name, "of"), part.of)


def _organizations(user: UserPart) -> Iterator[tuple[Path, str]]:
    for place, names in (("of", user.of), ("not in", user.not_in)):
        for name in listed(names):
            yield (place,), name
    for name in user.roles:
        yield ("roles", name), name
