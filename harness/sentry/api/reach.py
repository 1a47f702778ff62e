"""What of an organization a caller reaches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, select

from harness.defence import defence
from harness.sentry.access import Access, join
from harness.sentry.call import Call
from harness.sentry.errors import Denied, NotFound
from harness.sentry.objects import find_organization
from harness.sentry.schema import member, organization, project

_projects = (
    select(project)
    .where(project.c.organization_id == bindparam("organization_id"))
    .order_by(project.c.slug)
)
_organizations = (
    select(organization)
    .select_from(organization.join(member, member.c.organization_id == organization.c.id))
    .where(member.c.user_id == bindparam("user_id"))
    .order_by(organization.c.id)
)


def reach_projects(call: Call, access: Access) -> list[Row[Any]]:
    """The projects of one organization that `access` reaches, by slug."""
    rows = call.services.store.recall(_projects, organization_id=access.organization.id)
    return [row for row in rows if access.reaches_project(row.id)]


def reach_organizations(call: Call) -> list[Access]:
    """The caller's access in each organization that its credential opens."""
    caller = call.caller
    bound = caller.organization_id
    if bound is not None:
        try:
            rows = list_bound(call, bound)
        except NotFound:
            # A viewer context may name an organization that does not exist.
            rows = []
    elif caller.user_id is not None:
        rows = _list_own(call, caller.user_id)
    else:
        rows = []
    return [access for row in rows if (access := _open(call, row)) is not None]


@defence(
    "lists.projects",
    title="The list of projects shows those of the credential's own organization",
    cwe=200,
    source="getsentry/sentry#118539",
)
def list_bound(call: Call, bound: int) -> list[Row[Any]]:
    """The organizations whose projects a credential that is bound to one lists."""
    return [find_organization(call.services.store, call.caller, str(bound))]


@list_bound.weakened("project-list-leaks", title="An agent's list shows its user's other projects")
def _(call: Call, bound: int) -> list[Row[Any]]:
    user_id = call.caller.user_id
    return list_bound.sound(call, bound) if user_id is None else _list_own(call, user_id)


def _list_own(call: Call, user_id: int) -> list[Row[Any]]:
    return list(call.services.store.recall(_organizations, user_id=user_id))


def _open(call: Call, row: Row[Any]) -> Access | None:
    try:
        return join(call.services, call.caller, row)
    except Denied:
        # A viewer context may name an organization that its user does not belong to.
        return None
