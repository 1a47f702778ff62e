"""A safe call for each operation of the catalogue, with what the oracle needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final

from harness.oracle import Kind, Target, operations
from tests.oracle.people import Cast, Facts, Shown, bearer
from tests.oracle.server import Server

Judged = Callable[[Shown, Facts], Target]

_ORGANIZATION: Final = "/organizations/{organization_id_or_slug}/"
_PROJECT: Final = "/projects/{organization_id_or_slug}/{project_id_or_slug}/"
_TEAM: Final = "/teams/{organization_id_or_slug}/{team_id_or_slug}/"
_ISSUE: Final = _ORGANIZATION + "issues/{issue_id}/"
_SEER: Final = _ORGANIZATION + "seer/"

#: Bodies that are right for an operation that is allowed.
_BODIES: Final[dict[tuple[str, str], Any]] = {
    ("POST", "/organizations/"): {"name": "New", "slug": "new-organization"},
    ("PUT", _ORGANIZATION): {"name": "Renamed"},
    ("POST", _ORGANIZATION + "agent/token/"): {"sessionId": "s9"},
    ("POST", _ORGANIZATION + "agent/approve/"): {"sessionId": "s9", "scopes": ["org:read"]},
    ("POST", _ORGANIZATION + "agent/revoke/"): {"sessionId": "s1"},
    ("PUT", "/users/{user_id}/"): {"name": "Renamed"},
    ("PUT", _PROJECT): {"name": "Renamed"},
    ("POST", _PROJECT + "keys/"): {"name": "New"},
    ("PUT", _PROJECT + "keys/{key_id}/"): {"name": "Renamed"},
    ("POST", _ORGANIZATION + "teams/"): {"slug": "new-team"},
    ("PUT", _TEAM): {"name": "Renamed"},
    ("POST", _TEAM + "projects/"): {"name": "New"},
    ("POST", _ORGANIZATION + "members/"): {"email": "new@example.org", "role": "member"},
    ("PUT", _ORGANIZATION + "members/{member_id}/"): {},
    ("POST", _ORGANIZATION + "releases/"): {"version": "new@1", "projects": []},
    ("PUT", _ORGANIZATION + "releases/{version}/"): {"ref": "changed"},
    ("POST", _ORGANIZATION + "releases/{version}/deploys/"): {"environment": "qa"},
    ("PUT", _ORGANIZATION + "issues/"): {"status": "ignored"},
    ("PUT", _ISSUE): {"status": "ignored"},
    ("POST", _ISSUE + "autofix/"): {},
    ("POST", _SEER + "explorer-chat/"): {"query": "Hello"},
    ("POST", _SEER + "explorer-chat/{run_id}/"): {"query": "Hello"},
    ("POST", _SEER + "explorer-update/{run_id}/"): {"payload": {"type": "interrupt"}},
    ("PUT", _PROJECT + "issues/"): {"status": "ignored"},
    ("PUT", _PROJECT + "rules/{rule_id}/"): {"name": "Renamed"},
    ("POST", _PROJECT + "rules/"): {
        "name": "New",
        "actionMatch": "any",
        "conditions": [],
        "actions": [{"id": "sentry.mail.actions.NotifyEmailAction"}],
        "frequency": 30,
    },
    **{("POST", _ISSUE + name): {"text": "New"} for name in ("comments/", "notes/")},
    **{
        ("PUT", _ISSUE + name + "{note_id}/"): {"text": "Changed"}
        for name in ("comments/", "notes/")
    },
}
_QUERIES: Final[dict[tuple[str, str], str]] = {
    ("GET", _ORGANIZATION + "events/"): "field=title",
    ("GET", _ORGANIZATION + "events/validate/"): "field=title",
    ("GET", _PROJECT + "stacktrace-link/"): "file=app.py",
}
_BULK: Final = frozenset({_ORGANIZATION + "issues/", _PROJECT + "issues/"})


@dataclass(frozen=True)
class Corner:
    """A corner of the world: what the paths of one round of calls name.

    `teams`: those of the project. `commenter`: who wrote the comment. `foreign`: the
    things are another organization's.
    """

    name: str
    organization: str
    project: str
    team: str
    issue: str
    commenter: str
    release: str
    release_teams: frozenset[str]
    foreign: bool = False


WEB: Final = Corner(
    "web of acme", "acme", "web-app", "web", "WEB-APP-1", "mia", "web-app@1.0.0", frozenset({"web"})
)
API: Final = Corner(
    *("api of acme", "acme", "api", "backend", "API-1", "ada", "api@2026.1"),
    frozenset({"backend", "payments"}),
)
PORTAL: Final = Corner(
    *("portal of globex", "globex", "portal", "platform", "PORTAL-1", "gil", "portal@7"),
    frozenset({"platform"}),
)
FOREIGN: Final = replace(PORTAL, name="portal under acme", organization="acme", foreign=True)
NOWHERE: Final = replace(WEB, name="nowhere", organization="nowhere")
CORNERS: Final = (WEB, API, PORTAL, FOREIGN, NOWHERE)


@dataclass(frozen=True)
class Call:
    """One call. `organization`: the one that the path names. `judged`: its target.

    `run`: whose conversation with Seer the path names, as the caller and a corner's things
    have it; None where it names none.
    """

    name: str
    method: str
    template: str
    path: str
    organization: str | None
    judged: Judged = field(repr=False)
    body: Any = None
    query: str = ""
    run: Callable[[Shown, Cast], int] | None = None

    @property
    def writes(self) -> bool:
        """Whether the world is another one after the call."""
        return self.method != "GET" and not self.template.endswith("agent/token/")


def calls(server: Server, corner: Corner) -> Iterator[Call]:
    """Every operation, on the things of one corner; in one of them an unmapped method too."""
    names = _names(server, corner)
    for method, template in [*operations(), *(_unmapped() if corner is WEB else ())]:
        organization = corner.organization if "{organization" in template else None
        judged = _target(method, template, corner)
        key = (method, template)
        query = _QUERIES.get(key, "")
        if template in _BULK and method != "GET":
            query = f"id={names['issue_number']}"
        body = _BODIES.get(key, None if method in ("GET", "DELETE") else {})
        path = template.format(**names)
        call = Call(f"{method} {path}", method, template, path, organization, judged, body, query)
        yield from _variants(call, corner, server)


def _variants(call: Call, corner: Corner, server: Server) -> Iterator[Call]:
    if "{member_id}" in call.template:
        people = {one["email"].partition("@")[0]: one for one in _members(server, corner)}
        for name in ("me", *sorted(people.keys() & {"nora", "olivia", "bo", "gil"})):
            member_id = "me" if name == "me" else people[name]["id"]
            judged = _member(name, corner)
            path = call.path.replace("MEMBER", member_id)
            yield replace(call, name=f"{call.name} ({name})", path=path, judged=judged)
        return
    if "{run_id}" in call.template:
        for others in (False, True):
            run, judged = _conversation(others, corner)
            name = f"{call.name} ({'another' if others else 'own'})"
            yield replace(call, name=name, run=run, judged=judged)
        return
    yield call
    if (call.method, call.template) == ("PUT", _PROJECT):
        target = replace(_thing("project", corner.team, corner), harmless=True)
        judged = _fixed(target)
        yield replace(
            call, name=f"{call.name} (bookmark)", judged=judged, body={"isBookmarked": True}
        )
    if "{user_id}" in call.template:
        other = call.path.replace("/me/", f"/{Cast(server).users['nora']['id']}/")
        yield replace(
            call, name=f"{call.name} (other)", path=other, judged=_fixed(Target(own=False))
        )


def _unmapped() -> Iterator[tuple[str, str]]:
    """PATCH, which no path of the catalogue maps."""
    for template in dict.fromkeys(template for _, template in operations()):
        yield "PATCH", template


def _target(method: str, template: str, corner: Corner) -> Judged:
    if "{project_id_or_slug}" in template:
        target = _thing("project", corner.team, corner)
        if "{team_id_or_slug}" in template:
            target = replace(target, other_team=corner.team)
        return _fixed(target)
    if "{team_id_or_slug}" in template:
        return _fixed(_thing("team", corner.team, corner))
    if "{note_id}" in template:
        target = _thing("project", corner.team, corner)
        return lambda shown, _: replace(target, own=shown.user == corner.commenter)
    if "{issue_id}" in template:
        return _fixed(_thing("project", corner.team, corner))
    if "{version}" in template:
        return _fixed(replace(_thing("release", "", corner), teams=corner.release_teams))
    if template.endswith("agent/revoke/"):
        # The world begins with nothing that was approved.
        return _fixed(Target(exists=False))
    if "{event_id}" in template:
        return _fixed(_thing("event", corner.team, corner))
    return _fixed(Target())


def _thing(kind: str, team: str, corner: Corner) -> Target:
    return Target(kind=kind, teams=frozenset({team}), exists=not corner.foreign)


def _fixed(target: Target) -> Judged:
    return lambda *_: target


def _member(named: str, corner: Corner) -> Judged:
    """The member that a path names: the caller's own, or somebody."""

    def judged(shown: Shown, facts: Facts) -> Target:
        if corner.foreign and named != "me":
            return Target(kind="member", exists=False)
        user = shown.user if named == "me" else named
        role = facts.role(user, corner.organization) if user else None
        owners = [
            who
            for (who, where), (held, _) in facts.members.items()
            if (where, held) == (corner.organization, "owner")
        ]
        return Target(
            kind="member",
            exists=role is not None,
            own=user == shown.user,
            member_role=role or "member",
            last_owner=owners == [user],
        )

    return judged


def _conversation(others: bool, corner: Corner) -> tuple[Callable[[Shown, Cast], int], Judged]:
    """The caller's own conversation, or another's; strangers have none, and name another's."""
    home = _home(corner)

    def of(user: str | None, members: Set[str]) -> str:
        if user is not None and user in members and not others:
            return user
        return next(
            name for name in ("olivia", "martin", "gil") if name in members and name != user
        )

    def run(shown: Shown, cast: Cast) -> int:
        return cast.run(of(shown.user, cast.members(home)), home)

    def judged(shown: Shown, facts: Facts) -> Target:
        members = {user for user, where in facts.members if where == home}
        own = of(shown.user, members) == shown.user
        return Target(kind="conversation", exists=not corner.foreign, own=own)

    return run, judged


def _members(server: Server, corner: Corner) -> list[dict[str, Any]]:
    """The members whom paths of the corner name: of another organization in a foreign one."""
    slug = "globex" if corner is FOREIGN else corner.organization
    if corner is NOWHERE:
        return []
    members: list[dict[str, Any]] = _ask(server, f"/organizations/{slug}/members/")
    return members


def _home(corner: Corner) -> str:
    """The organization that the corner's things are in."""
    return "globex" if corner is FOREIGN else "acme" if corner is NOWHERE else corner.organization


def _names(server: Server, corner: Corner) -> Mapping[str, str]:
    """What stands for the parameters of the paths."""
    home = _home(corner)
    project = f"/projects/{home}/{corner.project}/"
    issue = f"/organizations/{home}/issues/{corner.issue}/"
    comments = _ask(server, f"{issue}comments/")
    by = f"{corner.commenter}@example.com"
    return {
        "organization_id_or_slug": corner.organization,
        "project_id_or_slug": corner.project,
        "team_id_or_slug": corner.team,
        "issue_id": corner.issue,
        "issue_number": _ask(server, issue)["id"],
        "version": corner.release,
        "event_id": _ask(server, f"{issue}events/")[0]["eventID"],
        "environment": _ask(server, f"{project}environments/")[0]["name"],
        "key_id": _ask(server, f"{project}keys/")[0]["id"],
        "rule_id": _ask(server, f"{project}rules/")[0]["id"],
        "note_id": next(one["id"] for one in comments if one["user"]["email"] == by),
        "key": "level",
        "member_id": "MEMBER",
        "user_id": "me",
        "run_id": "RUN",
    }


def _ask(server: Server, path: str) -> Any:
    """What olivia sees, who owns both organizations."""
    answer = server.api("GET", path, bearer(Cast(server).users["olivia"]["token"]))
    assert answer.status == 200, (path, answer)
    return answer.json


def path_for(call: Call, shown: Shown, cast: Cast) -> str:
    """The path as this caller names it: a conversation is somebody's."""
    return call.path if call.run is None else call.path.replace("RUN", str(call.run(shown, cast)))


def body_for(call: Call, shown: Shown, cast: Cast) -> Any:
    """The body as this caller sends it: a password is their own."""
    if (call.method, call.template) == ("PUT", "/auth/") and shown.user is not None:
        return {"password": cast.users[shown.user]["password"]}
    return None if shown.kind is Kind.PASSWORD and call.template == "/auth/" else call.body
