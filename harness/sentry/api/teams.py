"""Teams: list, create, read, update, delete, and who is in one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import Row, bindparam, delete, insert, select, update

from harness.sentry.api.conflicts import refuse_conflict
from harness.sentry.api.matching import Match, by, filter_by_query
from harness.sentry.api.member_summaries import (
    Member,
    entry_role,
    find_members,
    show_member,
)
from harness.sentry.api.organizations import show_organization
from harness.sentry.api.pagination import paginate
from harness.sentry.api.slugs import Slug, derive_slug
from harness.sentry.api.sudo import require_sudo
from harness.sentry.api.team_summaries import TeamSummaries
from harness.sentry.body import Body, Plain, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Invalid, NotFound
from harness.sentry.schema import team, team_member

_ORGANIZATION = "/organizations/{organization_id_or_slug}/"
_PATH = "/teams/{organization_id_or_slug}/{team_id_or_slug}/"

_teams = (
    select(team).where(team.c.organization_id == bindparam("organization_id")).order_by(team.c.slug)
)
_members = select(team_member.c.organizationmember_id, team_member.c.role).where(
    team_member.c.team_id == bindparam("team_id")
)
_FIELDS: dict[str, Match[Row[Any]]] = {"slug": by("slug"), "id": by("id")}

Name = Annotated[Plain, StringConstraints(max_length=64)]


@operation("GET", _ORGANIZATION + "teams/")
def list_teams(call: Call) -> Reply:
    """Every team of the organization, by slug, with the caller's place in it.

    Each with those of its projects that the caller reaches, unless `?detailed=0`.
    """
    rows = filter_by_query(call, _read_teams(call), _FIELDS, lambda row: (row.name, row.slug))
    return _list(call, rows, detailed=call.request.args.get("detailed", "1") != "0")


@operation("GET", _ORGANIZATION + "user-teams/")
def list_user_teams(call: Call) -> Reply:
    """The teams that the caller is in, by slug, with their projects."""
    rows = [row for row in _read_teams(call) if row.id in call.access.team_roles]
    return _list(call, rows, detailed=True)


class CreateBody(Body):
    """A new team: a name or a slug, or both."""

    name: Name | None = None
    slug: Slug | None = None


@operation("POST", _ORGANIZATION + "teams/")
def create_team(call: Call) -> Reply:
    """201 with the team; a caller who is a member of the organization is in it.

    Raises Invalid, with 409 where the slug is taken.
    """
    body = read_body(call, CreateBody)
    if not body.name and not body.slug:
        raise Invalid(fields={"non_field_errors": ["Name or slug is required"]})
    said = "A team with this slug already exists."
    taken = Invalid(fields={"non_field_errors": [said]}, status=409)
    taken.body["detail"] = said
    with refuse_conflict(taken), call.services.store.transaction() as connection:
        used = {row.slug for row in connection.execute(_teams, _in_organization(call))}
        if body.slug in used:
            raise taken
        slug = body.slug or derive_slug(body.name or "", "team", used.__contains__)
        values = {"organization_id": call.organization.id, "slug": slug, "name": body.name or slug}
        row = connection.execute(
            insert(team).values(**values, date_added=call.services.clock.now()).returning(team)
        ).one()
        if call.access.member_id is not None and call.access.role is not None:
            connection.execute(
                insert(team_member).values(
                    team_id=row.id,
                    organizationmember_id=call.access.member_id,
                    role=entry_role(call.access.role),
                )
            )
    call.access.forget()
    return Reply(TeamSummaries(call, [row]).show(row), 201)


@operation("GET", _PATH)
def read_team(call: Call) -> dict[str, Any]:
    """The team; `?collapse=organization` leaves its organization out, `?expand=projects` adds."""
    summaries = TeamSummaries(call, [call.team])
    shown = summaries.show(call.team)
    if "organization" not in call.request.args.getlist("collapse"):
        shown["organization"] = show_organization(call.organization, call.base_url)
    if "projects" in call.request.args.getlist("expand"):
        shown["projects"] = summaries.show_projects()[call.team.id]
    return shown


class UpdateBody(Body):
    """What of a team can be changed; each key may be left out."""

    name: Annotated[Name, StringConstraints(min_length=1)] = ""
    slug: Slug = ""


@operation("PUT", _PATH)
def update_team(call: Call) -> dict[str, Any]:
    """The team as it is now. Raises Invalid for a slug that is taken."""
    changes = read_body(call, UpdateBody).model_dump(exclude_unset=True)
    row: Row[Any] | None = call.team
    if changes:
        taken = Invalid(fields={"slug": [f'The slug "{changes.get("slug")}" is already in use.']})
        changed = update(team).where(team.c.id == call.team.id).values(changes).returning(team)
        with refuse_conflict(taken), call.services.store.transaction() as connection:
            row = connection.execute(changed).first()
    if row is None:
        raise NotFound()
    return TeamSummaries(call, [row]).show(row)


@operation("DELETE", _PATH)
def delete_team(call: Call) -> Reply:
    """204. Its projects stay, and its members. Asks for sudo."""
    require_sudo(call)
    with call.services.store.transaction() as connection:
        connection.execute(delete(team).where(team.c.id == call.team.id))
    return Reply(status=204)


@operation("GET", _PATH + "members/")
def list_team_members(call: Call) -> Reply:
    """Those in the team, each with `teamRole` and `teamSlug`."""
    store = call.services.store
    roles = {
        row.organizationmember_id: row.role for row in store.all(_members, team_id=call.team.id)
    }
    rows = [row for row in find_members(store, call.organization.id) if row.id in roles]

    def show(row: Member) -> dict[str, Any]:
        return show_member(row) | {"teamRole": roles[row.id], "teamSlug": call.team.slug}

    return paginate(call, rows, show)


def _read_teams(call: Call) -> list[Row[Any]]:
    return list(call.services.store.recall(_teams, **_in_organization(call)))


def _in_organization(call: Call) -> dict[str, int]:
    return {"organization_id": call.organization.id}


def _list(call: Call, rows: list[Row[Any]], *, detailed: bool) -> Reply:
    summaries = TeamSummaries(call, rows)
    projects = summaries.show_projects() if detailed else None

    def show(row: Row[Any]) -> dict[str, Any]:
        shown = summaries.show(row)
        return shown if projects is None else shown | {"projects": projects[row.id]}

    return paginate(call, rows, show)
