"""The objects that a path names: found, and within the caller's reach, or refused.

An organization that is not the caller's is 403 and one that does not exist 404,
as Sentry does. A project, team or issue of another organization does not exist
under one's own organization's path: 404. One of the own organization that is out
of reach is 403, plain.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from harness.defence import defence
from harness.sentry.access import suffices
from harness.sentry.call import Call
from harness.sentry.denial import plain_denial
from harness.sentry.errors import NotFound
from harness.sentry.principal import Caller
from harness.sentry.route import names_organization, parse_id
from harness.sentry.schema import issue, organization, project, team
from harness.sentry.store import Store

_organization_by_id = select(organization).where(organization.c.id == bindparam("id"))
_organization_by_slug = select(organization).where(organization.c.slug == bindparam("slug"))
_organization_ids = select(organization.c.id).order_by(organization.c.id)
_project = select(project).where(project.c.organization_id == bindparam("organization_id"))
_project_by_id = _project.where(project.c.id == bindparam("id"))
_project_by_slug = _project.where(project.c.slug == bindparam("slug"))
_team = select(team).where(team.c.organization_id == bindparam("organization_id"))
_team_by_id = _team.where(team.c.id == bindparam("id"))
_team_by_slug = _team.where(team.c.slug == bindparam("slug"))
_issue = (
    select(issue, project.c.slug.label("project_slug"))
    .select_from(issue.join(project, project.c.id == issue.c.project_id))
    .where(project.c.organization_id == bindparam("organization_id"))
)
_issue_by_id = _issue.where(issue.c.id == bindparam("id"))
_issue_by_short_id = _issue.where(func.upper(project.c.slug) == bindparam("slug")).where(
    issue.c.short_id == bindparam("number")
)


def find_organization(store: Store, caller: Caller, named: str) -> Row[Any]:
    """The row of the organization that `named` (slug or id) is.

    Raises NotFound.
    """
    known = caller.membership
    if known is not None and names_organization(
        named, known.organization.id, known.organization.slug
    ):
        return known.organization
    number = parse_id(named)
    if number is not None:
        rows = store.recall(_organization_by_id, id=number)
    else:
        rows = store.recall(_organization_by_slug, slug=named)
    if not rows:
        raise NotFound()
    return rows[0]


@defence(
    "access.object",
    title="What a path names below its organization is looked for in that organization alone",
    cwe=639,
    source="OWASP API1:2023",
)
def find_within(
    store: Store, statement: Select[Any], organization_id: int, values: dict[str, Any]
) -> Row[Any] | None:
    """What `statement` finds for `values` in the organization."""
    return store.one(statement, organization_id=organization_id, **values)


@find_within.weakened(
    "foreign-object-found", title="Another organization's objects open under one's own name"
)
def _(
    store: Store, statement: Select[Any], organization_id: int, values: dict[str, Any]
) -> Row[Any] | None:
    others = [row.id for row in store.all(_organization_ids)]
    found = (find_within.sound(store, statement, at, values) for at in [organization_id, *others])
    return next((row for row in found if row is not None), None)


def find_project(store: Store, organization_id: int, named: str) -> Row[Any] | None:
    """The project of the organization that `named` (slug or id) is."""
    number = parse_id(named)
    if number is not None:
        return find_within(store, _project_by_id, organization_id, {"id": number})
    return find_within(store, _project_by_slug, organization_id, {"slug": named})


def find_team(store: Store, organization_id: int, named: str) -> Row[Any] | None:
    """The team of the organization that `named` (slug or id) is."""
    number = parse_id(named)
    if number is not None:
        return find_within(store, _team_by_id, organization_id, {"id": number})
    return find_within(store, _team_by_slug, organization_id, {"slug": named})


def find_issue(store: Store, organization_id: int, named: str) -> Row[Any] | None:
    """The issue of the organization that `named` (id, or short id as WEB-APP-1) is.

    The row has `project_slug` beside the issue's columns.
    """
    number = parse_id(named)
    if number is not None:
        return find_within(store, _issue_by_id, organization_id, {"id": number})
    slug, _, count = named.upper().rpartition("-")
    short = parse_id(count)
    if not slug or short is None:
        return None
    return find_within(store, _issue_by_short_id, organization_id, {"slug": slug, "number": short})


def load(call: Call) -> None:
    """Loads what the path names below its organization and checks the caller's scopes on it.

    Raises NotFound or, plain, Denied: the gate has passed what the token carries,
    so what is missing here is the role's or the reach's, and approval cures neither.
    """
    parameters = call.route.parameters
    organization_id = call.organization.id
    store = call.services.store
    if "project_id_or_slug" in parameters:
        named = parameters["project_id_or_slug"]
        _hold_project(call, _found(find_project(store, organization_id, named)))
    elif "team_id_or_slug" in parameters:
        row = _found(find_team(store, organization_id, parameters["team_id_or_slug"]))
        _check_reach(call.access.reaches_team(row.id), "team")
        _check_scopes(call, call.access.team_scopes(row.id))
        call.keep("team", row)
    elif "issue_id" in parameters:
        row = _found(find_issue(store, organization_id, parameters["issue_id"]))
        owner = _found(find_project(store, organization_id, str(row.project_id)))
        _hold_project(call, owner)
        call.keep("issue", row)
    else:
        _check_scopes(call, call.access.scopes)


def check_project(call: Call, project_id: int) -> None:
    """A project that a body or a query names must be in reach, with the operation's scopes.

    Raises Denied, plain.
    """
    _check_reach(call.access.reaches_project(project_id), "project")
    _check_scopes(call, call.access.project_scopes(project_id))


def _hold_project(call: Call, row: Row[Any]) -> None:
    check_project(call, row.id)
    call.keep("project", row)


def _found(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise NotFound()
    return row


def _check_reach(within: bool, kind: str) -> None:
    if not within:
        raise plain_denial(f"{kind}-access")


def _check_scopes(call: Call, held: frozenset[str]) -> None:
    call.decision.held = held
    wanted = call.operation.scopes
    if wanted and not suffices(held, wanted):
        raise plain_denial("role")
