"""What one part of a world says about another, checked on the file's plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from harness import scopes
from harness.document import Finding, each, suggest

Steps = tuple[str | int, ...]

# A misspelt feature is off in silence; other features may have any name.
KNOWN_FEATURES = (
    "organizations:seer-agent-token-flow",
    "organizations:seer-explorer-code-mode-tools",
)
_SUBSTATUSES = {
    "unresolved": {"new", "ongoing", "escalating", "regressed"},
    "ignored": {
        "archived_until_escalating",
        "archived_until_condition_met",
        "archived_forever",
    },
    "resolved": set[str](),
}


def check_references(data: Any) -> Iterator[Finding]:
    """Everything in the world that names something which is not there, or not allowed there."""
    yield from _check_words(data)
    yield from _check_features(data)
    yield from _check_memberships(data)
    yield from _check_tokens(data)
    yield from _check_projects(data)
    yield from _check_people(data)
    yield from _check_assignees(data)
    yield from _check_issues(data)


def _check_words(data: Any) -> Iterator[Finding]:
    """Roles, team roles and scopes."""
    roles = [
        *each(data, "users", "*", "memberships", "*", "role"),
        *each(data, "organizations", "*", "default_role"),
    ]
    yield from _unknown(roles, scopes.ROLES, "role")
    team_roles = each(data, "users", "*", "memberships", "*", "teams", "*")
    yield from _unknown(team_roles, scopes.TEAM_ROLES, "team role")
    words = [
        *each(data, "users", "*", "tokens", "*", "scopes", "*"),
        *each(data, "organizations", "*", "tokens", "*", "scopes", "*"),
        *each(data, "organizations", "*", "integrations", "*", "scopes", "*"),
    ]
    yield from _unknown(words, scopes.ALL_SCOPES, "scope")


def _check_features(data: Any) -> Iterator[Finding]:
    for path, name in each(data, "organizations", "*", "features", "*"):
        if isinstance(name, str) and name not in KNOWN_FEATURES:
            near = get_close_matches(name, KNOWN_FEATURES, n=1, cutoff=0.8)
            if near:
                yield Finding(path, f"unknown feature {name!r}; did you mean {near[0]!r}?")
    yield from _repeated(data, "organizations", "*", "features")
    yield from _repeated(data, "organizations", "*", "projects", "*", "teams")
    yield from _repeated(data, "organizations", "*", "releases", "*", "projects")


def _check_memberships(data: Any) -> Iterator[Finding]:
    known = _keys(data, "organizations")
    for path, _ in each(data, "users", "*", "memberships", "*"):
        named = path[-1]
        if named not in known:
            yield _missing(path, "organization", named, known, at_key=True)
    for path, _ in each(data, "users", "*", "memberships", "*", "teams", "*"):
        organization, team = path[3], path[-1]
        teams = _keys(data, "organizations", str(organization), "teams")
        if organization in known and team not in teams:
            yield _missing(path, f"team of {organization}", team, teams, at_key=True)


def _check_tokens(data: Any) -> Iterator[Finding]:
    known = _keys(data, "organizations")
    for path, named in each(data, "users", "*", "tokens", "*", "organization"):
        if not isinstance(named, str):
            continue
        user = str(path[1])
        if named not in known:
            yield _missing(path, "organization", named, known)
        elif named not in _keys(data, "users", user, "memberships"):
            yield Finding(path, f"{user} does not belong to {named}")
    first: dict[str | int, Steps] = {}
    for path, _ in each(data, "users", "*", "tokens", "*"):
        other = first.setdefault(path[-1], path)
        if other != path:
            message = f"a token of {other[1]} has the name {path[-1]!r} already"
            yield Finding(path, message, at_key=True)


def _check_projects(data: Any) -> Iterator[Finding]:
    for kind, owner in (("teams", "projects"), ("projects", "releases")):
        for path, named in each(data, "organizations", "*", owner, "*", kind, "*"):
            organization = str(path[1])
            known = _keys(data, "organizations", organization, kind)
            if isinstance(named, str) and named not in known:
                yield _missing(path, f"{kind[:-1]} of {organization}", named, known)


def _check_people(data: Any) -> Iterator[Finding]:
    """Users who did something in an organization belong to it."""
    project = ("organizations", "*", "projects", "*")
    places = [
        *each(data, *project, "issues", "*", "comments", "*", "by"),
        *each(data, *project, "issues", "*", "assignee", "user"),
        *each(data, *project, "alert_rules", "*", "by"),
    ]
    known = _keys(data, "users")
    for path, named in places:
        if not isinstance(named, str):
            continue
        organization = str(path[1])
        if named not in known:
            yield _missing(path, "user", named, known)
        elif organization not in _keys(data, "users", named, "memberships"):
            yield Finding(path, f"{named} does not belong to {organization}")


def _check_assignees(data: Any) -> Iterator[Finding]:
    for path, assignee in each(
        data, "organizations", "*", "projects", "*", "issues", "*", "assignee"
    ):
        if isinstance(assignee, dict) and ("user" in assignee) == ("team" in assignee):
            yield Finding(path, "expected either a user or a team")
        organization = str(path[1])
        teams = _keys(data, "organizations", organization, "teams")
        team = assignee.get("team") if isinstance(assignee, dict) else None
        if isinstance(team, str) and team not in teams:
            yield _missing((*path, "team"), f"team of {organization}", team, teams)


def _check_issues(data: Any) -> Iterator[Finding]:
    for path, issue in each(data, "organizations", "*", "projects", "*", "issues", "*"):
        if not isinstance(issue, dict):
            continue
        status, substatus = issue.get("status", "unresolved"), issue.get("substatus")
        allowed = _SUBSTATUSES.get(status) if isinstance(status, str) else None
        known = set[str]().union(*_SUBSTATUSES.values())
        if allowed is not None and substatus in known - allowed:
            message = f"an issue that is {status} cannot be {substatus}{suggest('', allowed)}"
            yield Finding((*path, "substatus"), message)
        events, seen = issue.get("events", 1), issue.get("times_seen")
        kept = len(events) if isinstance(events, list) else events
        if isinstance(kept, int) and isinstance(seen, int) and seen < kept:
            yield Finding((*path, "times_seen"), f"fewer than its {kept} events")


def _unknown(
    places: Iterable[tuple[Steps, Any]], known: Iterable[str], what: str
) -> Iterator[Finding]:
    words = set(known)
    for path, word in places:
        if isinstance(word, str) and word not in words:
            yield _missing(path, what, word, words)


def _missing(
    path: Steps, what: str, word: object, known: Iterable[str], *, at_key: bool = False
) -> Finding:
    return Finding(path, f"unknown {what} {word!r}{suggest(str(word), known)}", at_key)


def _repeated(data: Any, *pattern: str) -> Iterator[Finding]:
    """Lists that name something twice."""
    for path, words in each(data, *pattern):
        if isinstance(words, list):
            for position, word in enumerate(words):
                if word in words[:position]:
                    yield Finding((*path, position), f"{word!r} is named twice")


def _keys(data: Any, *path: str) -> list[str]:
    """The keys of the mapping at `path`; none where there is none."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return list(data) if isinstance(data, dict) else []
