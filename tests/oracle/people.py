"""Who there is in a world, what they are in it, and everything that they can show."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from harness.oracle import Caller, Kind, Place, read_only, role_scopes
from harness.resources import locate
from tests.oracle.server import Server
from tests.sentry import forge

WORLD: Final = locate("fixtures") / "worlds" / "two-organizations.yaml"
#: Every organization role, in Acme and out of it.
USERS: Final = ("olivia", "martin", "ada", "mia", "tess", "bo", "gil")
HOME: Final = "acme"


@dataclass
class Facts:
    """What is so in a world; the oracle's cases are made of it.

    `members`: {(user, organization): (role, {team: role})}. `flows`: organizations with
    the agent flow on. `open`: those with open membership. `inactive`: users. `explorers`:
    organizations with Explorer on.
    """

    members: dict[tuple[str, str], tuple[str, dict[str, str]]]
    flows: set[str]
    open: frozenset[str]
    inactive: set[str] = field(default_factory=set)
    explorers: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, world: Mapping[str, Any]) -> Facts:
        """Those of a world file's data."""
        organizations = world["organizations"]
        return cls(
            members={
                (user, slug): (place["role"], dict(place.get("teams", {})))
                for user, one in world["users"].items()
                for slug, place in one["memberships"].items()
            },
            flows=_with_feature(world, "organizations:seer-agent-token-flow"),
            open=frozenset(s for s, one in organizations.items() if one.get("open_membership")),
            explorers=_with_feature(world, "organizations:seer-explorer"),
        )

    def place(self, organization: str, user: str | None) -> Place:
        """The organization, and the place of a user in it."""
        role, teams = self.members.get((user or "", organization), (None, {}))
        known = any(organization == slug for _, slug in self.members)
        return Place(
            organization,
            exists=known,
            role=role,
            team_roles=teams,
            open_membership=organization in self.open,
            flow=organization in self.flows,
            explorer=organization in self.explorers,
        )

    def role(self, user: str, organization: str) -> str | None:
        return self.place(organization, user).role


def _with_feature(world: Mapping[str, Any], feature: str) -> set[str]:
    return {
        slug for slug, one in world["organizations"].items() if feature in one.get("features", ())
    }


@dataclass(frozen=True)
class Shown:
    """A credential: the headers that show it, and what it is to the oracle.

    `token`: what an agent is compared with, for the tokens that come in pairs.
    """

    name: str
    kind: Kind
    user: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    scopes: frozenset[str] | None = None
    bound: str | None = None
    good: bool = True
    csrf: bool = True
    pair: str | None = None

    def caller(self, facts: Facts) -> Caller:
        """As the oracle is told of it."""
        home = None
        if self.kind is Kind.AGENT_TOKEN and self.bound is not None:
            home = facts.place(self.bound, self.user)
        return Caller(
            self.kind,
            scopes=self.scopes,
            bound=self.bound,
            home=home,
            good=self.good,
            active=self.user not in facts.inactive,
            csrf=self.csrf,
        )


def read_world() -> dict[str, Any]:
    """The world file's data."""
    world: dict[str, Any] = yaml.safe_load(WORLD.read_text("utf-8"))
    return world


def crowded(singles: Iterable[str]) -> dict[str, Any]:
    """The world, with more tokens: each user's `all` and `reading`, and one for each scope
    for those in `singles`. And Tess is admin of a team in Globex, where all is in reach.
    """
    world = read_world()
    world["users"]["tess"]["memberships"]["globex"] = {
        "role": "member",
        "teams": {"research": "admin"},
    }
    every = sorted(frozenset().union(*map(role_scopes, ("owner",))) | {"org:ci"})
    for name in USERS:
        tokens = world["users"][name].setdefault("tokens", {})
        tokens[f"{name} all"] = {"scopes": every}
        tokens[f"{name} reading"] = {"scopes": sorted(read_only())}
        if name in singles:
            for scope in every:
                tokens[f"{name} only {scope}"] = {"scopes": [scope]}
    return world


def crowded_file(folder: Path, singles: Iterable[str]) -> Path:
    """A world file of that."""
    file = folder / "crowded.yaml"
    file.write_text(yaml.safe_dump(crowded(singles), sort_keys=False), "utf-8")
    return file


class Cast:
    """The credentials of a world's people on one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        said = server.description
        self.users = {one["email"].partition("@")[0]: one for one in said["users"]}
        self.organizations = {one["slug"]: one["id"] for one in said["organizations"]}
        self._sessions: dict[str, tuple[int, Mapping[str, str]]] = {}
        self._runs: dict[tuple[int, str, str], int] = {}

    def headers(self, shown: Shown) -> Mapping[str, str]:
        """The headers; a session that a reset ended is started again."""
        if shown.kind is not Kind.SESSION or shown.user is None:
            return shown.headers
        resets, held = self._sessions.get(shown.user, (-1, {}))
        if resets != self._server.resets:
            held = self.sign_in(shown.user)
            self._sessions[shown.user] = (self._server.resets, held)
        return held if shown.csrf else {"Cookie": held["Cookie"]}

    def run(self, user: str, organization: str) -> int:
        """The id of a conversation of the user's, over by now; one for all calls until a reset."""
        key = (self._server.resets, user, organization)
        if key not in self._runs:
            path = f"/organizations/{organization}/seer/explorer-chat/"
            answer = self._server.api("POST", path, self.sign_in(user), {"query": "Hello"})
            assert answer.status == 200, answer
            self._server.settle()
            self._runs[key] = answer.json["run_id"]
        return self._runs[key]

    def members(self, organization: str) -> set[str]:
        """The members of an organization, by the names before their emails' @."""
        return {
            name
            for name, one in self.users.items()
            if any(place["organization"] == organization for place in one["memberships"])
        }

    def forget(self, user: str) -> None:
        """The user's session has ended."""
        self._sessions.pop(user, None)

    def sign_in(self, user: str) -> Mapping[str, str]:
        """A new session's headers."""
        answer = self._server.api("POST", "/auth/", self.basic(user))
        assert answer.status == 200, answer
        set_cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
        cookies = dict(line.partition(";")[0].split("=", 1) for line in set_cookies)
        cookie = f"sentrysid={cookies['sentrysid']}; sc={cookies['sc']}"
        return {"Cookie": cookie, "X-CSRFToken": cookies["sc"]}

    def basic(self, user: str) -> Mapping[str, str]:
        """A user's name and password."""
        one = self.users[user]
        pair = base64.b64encode(f"{one['email']}:{one['password']}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def viewer(self, user: str, organization: str | None) -> Mapping[str, str]:
        """A signed viewer context."""
        claims = {"user_id": int(self.users[user]["id"])}
        if organization is not None:
            claims["organization_id"] = int(self.organizations[organization])
        text = json.dumps(claims)
        signature = forge.sign(text.encode(), self._server.secret)
        return {"X-Viewer-Context": text, "X-Viewer-Context-Signature": signature}

    def agent(self, user: str, scopes: Iterable[str], secret: str = "") -> Mapping[str, str]:
        """A token in Acme with any scopes, rightly signed unless with another `secret`."""
        now = 1768478400
        claims = {
            "aud": "sentry-agent-api",
            "sub": self.users[user]["id"],
            "org": int(self.organizations[HOME]),
            "scopes": sorted(scopes),
            "sid": "s1",
            "iat": now,
            "exp": now + 300,
        }
        return bearer("sntryag_" + forge.encode(claims, secret or self._server.secret))

    def everybody(self, users: Iterable[str] = USERS, *, singles: bool = True) -> list[Shown]:
        """Every kind of credential, of each user; without `singles` no tokens of one scope."""
        shown = [
            Shown("nobody", Kind.NONE),
            Shown(
                "an agent token of somebody's making",
                Kind.AGENT_TOKEN,
                "olivia",
                self.agent("olivia", ["org:read"], secret="x" * 64),
                frozenset({"org:read"}),
                HOME,
                good=False,
            ),
            Shown(
                "a token that is none",
                Kind.USER_TOKEN,
                None,
                bearer("sntryu_" + "0" * 64),
                frozenset(),
                good=False,
            ),
            *self._machines(),
        ]
        for user in users:
            shown += self._of(user)
        return [one for one in shown if singles or " only " not in one.name]

    def _machines(self) -> Iterable[Shown]:
        kinds = (
            ("organization_tokens", Kind.ORGANIZATION_TOKEN),
            ("integration_tokens", Kind.INTEGRATION_TOKEN),
        )
        for key, kind in kinds:
            for one in self._server.description[key]:
                slug, scopes = one["organization"], frozenset(one["scopes"])
                name = f"{kind} of {slug} with {len(scopes)} scopes"
                yield Shown(name, kind, None, bearer(one["token"]), scopes, slug)

    def _of(self, user: str) -> Iterable[Shown]:
        token = bearer(self.users[user]["token"])
        places = self.users[user]["memberships"]
        held = frozenset().union(*(role_scopes(place["role"]) for place in places))
        name = f"{user}'s %s".__mod__
        unsigned = {"X-Viewer-Context": '{"user_id":101}', "X-Viewer-Context-Signature": "0" * 64}
        yield Shown(name("session"), Kind.SESSION, user)
        yield Shown(name("session without CSRF"), Kind.SESSION, user, csrf=False)
        yield Shown(name("password"), Kind.PASSWORD, user, self.basic(user))
        yield Shown(name("token"), Kind.USER_TOKEN, user, token, held)
        yield Shown(name("viewer context"), Kind.VIEWER_CONTEXT, user, self.viewer(user, None))
        yield Shown(
            name("viewer context in Acme"),
            Kind.VIEWER_CONTEXT,
            user,
            self.viewer(user, HOME),
            bound=HOME,
        )
        yield Shown(
            name("viewer context, unsigned"), Kind.VIEWER_CONTEXT, user, unsigned, good=False
        )
        yield from self.pairs(user)

    def pairs(self, user: str) -> Iterable[Shown]:
        """User tokens, each with an agent token in Acme that carries the same scopes."""
        for one in self._server.description["user_tokens"]:
            if one["user"] != self.users[user]["email"]:
                continue
            scopes = frozenset(one["scopes"])
            name = f"token {one['name']}"
            yield Shown(
                name, Kind.USER_TOKEN, user, bearer(one["token"]), scopes, one["organization"]
            )
            yield Shown(
                f"agent of {user} as {one['name']}",
                Kind.AGENT_TOKEN,
                user,
                self.agent(user, scopes),
                scopes,
                HOME,
                pair=None if one["organization"] else name,
            )


def bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}
