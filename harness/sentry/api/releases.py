"""Releases: list, create, read, update, archive, delete, and their commits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import StringConstraints
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from harness.sentry.api.conflicts import refuse_conflict
from harness.sentry.api.fields import Moment, Version, WebUrl
from harness.sentry.api.pagination import paginate
from harness.sentry.api.reach import reach_projects
from harness.sentry.api.release_summaries import ReleaseSummaries
from harness.sentry.body import Body, Plain, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Invalid, NotFound
from harness.sentry.schema import deploy, release, release_project

_LIST = "/organizations/{organization_id_or_slug}/releases/"
_PATH = _LIST + "{version}/"
_PROJECT_LIST = "/projects/{organization_id_or_slug}/{project_id_or_slug}/releases/"

_of_organization = (
    select(release)
    .where(release.c.organization_id == bindparam("organization_id"))
    .order_by(release.c.date_added.desc(), release.c.id.desc())
)
_of_version = _of_organization.where(release.c.version == bindparam("version"))
_links = (
    select(release_project.c.release_id, release_project.c.project_id)
    .select_from(release_project.join(release, release.c.id == release_project.c.release_id))
    .where(release.c.organization_id == bindparam("organization_id"))
)
_deployed = select(deploy.c.release_id).where(
    deploy.c.environment.in_(bindparam("environments", expanding=True))
)

Status = Literal["open", "archived"]
Ref = Annotated[Plain, StringConstraints(max_length=250)]


@operation("GET", _LIST)
def list_releases(call: Call) -> Reply:
    """The organization's releases in projects that the caller reaches, newest first.

    `project` (ids), `environment` (of a deploy), `query` (a part of the version) and
    `status` (`open` unless said) narrow the list.
    """
    return _list(call, _asked_projects(call), call.request.args.get("status") or "open")


@operation("GET", _PROJECT_LIST)
def list_project_releases(call: Call) -> Reply:
    """The releases of one project, newest first; `query` is a part of the version."""
    return _list(call, {call.project.id}, None)


class UpdateBody(Body):
    """What of a release can be changed; each key may be left out."""

    ref: Ref | None = None
    url: WebUrl | None = None
    dateReleased: Moment | None = None
    status: Status | None = None


class CreateBody(UpdateBody):
    """A release of some projects, named by slug or id."""

    version: Version
    projects: list[Plain | int]
    dateStarted: Moment | None = None


@operation("POST", _LIST)
def create_release(call: Call) -> Reply:
    """201 with the release, also where it gained a project; 208 where it stood already.

    Sent again with a status, that becomes the release's. Raises Invalid for a project
    that there is not, as far as the caller can see; NotFound for a release of projects
    out of reach.
    """
    body = read_body(call, CreateBody)
    wanted = _named_projects(call, body.projects)
    taken = Invalid("Could not create the release: it conflicts with another.", status=409)
    with refuse_conflict(taken), call.services.store.transaction() as connection:
        named = {"organization_id": call.organization.id, "version": body.version}
        row = connection.execute(_of_version, named).first()
        created = row is None
        if row is None:
            row = _insert(call, connection, body)
        elif not wanted:
            _check_reach(call, row)
        gained = _add_projects(call, connection, row.id, wanted)
        if not created and body.status is not None:
            changed = update(release).where(release.c.id == row.id).values(status=body.status)
            row = connection.execute(changed.returning(release)).one()
    return Reply(_show(call, row), 201 if created or gained else 208)


@operation("GET", _PATH)
def read_release(call: Call) -> dict[str, Any]:
    """One release. Raises NotFound."""
    return _show(call, find_release(call))


@operation("PUT", _PATH)
def update_release(call: Call) -> dict[str, Any]:
    """The release as it is now. Raises NotFound."""
    found = find_release(call)
    body = read_body(call, UpdateBody)
    columns = {"ref": "ref", "url": "url", "dateReleased": "date_released", "status": "status"}
    sent = body.model_dump(include=body.model_fields_set)
    changes = {columns[key]: value for key, value in sent.items()}
    if changes.get("status", "") is None:
        del changes["status"]
    if changes:
        with call.services.store.transaction() as connection:
            connection.execute(update(release).where(release.c.id == found.id).values(changes))
    return _show(call, find_release(call))


@operation("DELETE", _PATH)
def delete_release(call: Call) -> Reply:
    """204. Its deploys go with it. Raises NotFound."""
    found = find_release(call)
    with call.services.store.transaction() as connection:
        connection.execute(delete(release).where(release.c.id == found.id))
    return Reply(status=204)


@operation("GET", _PATH + "commits/")
def list_commits(call: Call) -> Reply:
    """No commits: no repository is connected. Raises NotFound for an unknown release."""
    find_release(call)
    return paginate(call, [], lambda row: row)


def find_release(call: Call) -> Row[Any]:
    """The release that the path names.

    Raises NotFound, also where each of its projects is out of the caller's reach.
    """
    row = call.services.store.one(
        _of_version, organization_id=call.organization.id, version=call.parameter("version")
    )
    if row is None:
        raise NotFound()
    _check_reach(call, row)
    return row


def _show(call: Call, row: Row[Any]) -> dict[str, Any]:
    return ReleaseSummaries(call, [row]).show(row)


def _projects_by_release(call: Call) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for row in call.services.store.recall(_links, organization_id=call.organization.id):
        found.setdefault(row.release_id, set()).add(row.project_id)
    return found


def _check_reach(call: Call, row: Row[Any]) -> None:
    projects = _projects_by_release(call).get(row.id, set())
    if projects and not any(call.access.reaches_project(one) for one in projects):
        raise NotFound()


def _list(call: Call, projects: set[int], status: str | None) -> Reply:
    if status not in (None, "open", "archived"):
        raise Invalid("invalid value for status")
    linked = _projects_by_release(call)
    words = call.request.args.get("query", "").lower()
    rows = call.services.store.recall(_of_organization, organization_id=call.organization.id)
    kept = [
        row
        for row in rows
        if not projects.isdisjoint(linked.get(row.id, ()))
        and status in (None, row.status)
        and words in row.version.lower()
    ]
    environments = tuple(filter(None, call.request.args.getlist("environment")))
    if environments:
        found = call.services.store.recall(_deployed, environments=environments)
        deployed = {row.release_id for row in found}
        kept = [row for row in kept if row.id in deployed]
    return paginate(call, kept, ReleaseSummaries(call, kept).show)


def _asked_projects(call: Call) -> set[int]:
    """The projects that `?project=` names by id, of those within reach; all for none or -1."""
    reached = {row.id for row in reach_projects(call, call.access)}
    asked = set(filter(None, call.request.args.getlist("project")))
    return reached if not asked or "-1" in asked else {id_ for id_ in reached if str(id_) in asked}


def _named_projects(call: Call, named: Iterable[str | int]) -> set[int]:
    known: dict[str, int] = {}
    for row in reach_projects(call, call.access):
        known |= {row.slug: row.id, str(row.id): row.id}
    wanted = {str(one) for one in named}
    if not wanted <= known.keys():
        # The same for what is not there and what is out of reach.
        raise Invalid(fields={"projects": ["Invalid project ids or slugs"]})
    return {known[one] for one in wanted}


def _insert(call: Call, connection: Connection, body: CreateBody) -> Row[Any]:
    return connection.execute(
        insert(release)
        .values(
            organization_id=call.organization.id,
            version=body.version,
            status=body.status or "open",
            ref=body.ref,
            url=body.url,
            date_added=call.services.clock.now(),
            date_released=body.dateReleased,
        )
        .returning(release)
    ).one()


def _add_projects(call: Call, connection: Connection, release_id: int, wanted: set[int]) -> bool:
    """Whether the release gained one of the projects."""
    gained = False
    for project_id in sorted(wanted):
        link = {"release_id": release_id, "project_id": project_id}
        added = call.services.store.insert(release_project).values(link).on_conflict_do_nothing()
        gained |= connection.execute(added).rowcount > 0
    return gained
