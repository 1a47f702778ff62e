"""Projects: list, create under a team, read, update, delete."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from harness.sentry.access import Access
from harness.sentry.api.conflicts import refuse_conflict
from harness.sentry.api.matching import Match, by, filter_by_query
from harness.sentry.api.organizations import show_organization
from harness.sentry.api.pagination import paginate
from harness.sentry.api.project_summaries import ProjectSummaries, show_settings
from harness.sentry.api.reach import reach_organizations, reach_projects
from harness.sentry.api.slugs import ProjectSlug, derive_slug
from harness.sentry.api.sudo import require_sudo
from harness.sentry.body import Body, Filled, Plain, read_body, read_object, validate
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Denied, Invalid, NotFound
from harness.sentry.schema import event, project, project_bookmark, project_key, project_team

_PATH = "/projects/{organization_id_or_slug}/{project_id_or_slug}/"
_TEAM = "/teams/{organization_id_or_slug}/{team_id_or_slug}/projects/"

#: Who holds neither may do no more than bookmark.
_ELEVATED = frozenset({"project:write", "project:admin"})
#: Who holds one of them may create projects where members in general may not.
_CREATORS = frozenset({"org:write", "team:admin"})

_slugs = select(project.c.slug).where(project.c.organization_id == bindparam("organization_id"))
_first_event = select(event.c.id).where(event.c.project_id == bindparam("project_id")).limit(1)
_of_team = select(project_team.c.project_id).where(project_team.c.team_id == bindparam("team_id"))

_FIELDS: dict[str, Match[Row[Any]]] = {
    "slug": by("slug"),
    "name": by("name"),
    "platform": by("platform"),
    "id": by("id"),
}


@operation("GET", "/projects/")
def list_all_projects(call: Call) -> Reply:
    """What the caller reaches, newest first, each with its organization.

    A credential that is bound to one organization sees that one alone.
    """
    found = [
        (row, access)
        for access in reach_organizations(call)
        for row in reach_projects(call, access)
    ]
    kept = {row.id for row in _filter(call, [row for row, _ in found])}
    items = [item for item in found if item[0].id in kept]
    items.sort(key=lambda item: (item[0].date_added, item[0].id), reverse=True)
    summaries = ProjectSummaries(call, [row for row, _ in items])

    def show(item: tuple[Row[Any], Access]) -> dict[str, Any]:
        row, access = item
        organization = show_organization(access.organization, call.base_url)
        return summaries.show(row, access) | {"organization": organization}

    return paginate(call, items, show)


@operation("GET", "/organizations/{organization_id_or_slug}/projects/")
def list_projects(call: Call) -> Reply:
    """The organization's projects that the caller reaches, by slug."""
    return _list(call, reach_projects(call, call.access))


@operation("GET", _TEAM)
def list_team_projects(call: Call) -> Reply:
    """The team's projects, by slug."""
    owned = {row.project_id for row in call.services.store.all(_of_team, team_id=call.team.id)}
    rows = [row for row in reach_projects(call, call.access) if row.id in owned]
    return _list(call, rows)


class CreateBody(Body):
    """A new project."""

    name: Annotated[Filled, StringConstraints(max_length=50)]
    slug: ProjectSlug | None = None
    platform: Annotated[Plain, StringConstraints(max_length=64)] | None = None
    default_rules: bool = True


@operation("POST", _TEAM)
def create_project(call: Call) -> Reply:
    """201 with the project, which belongs to the team and has a client key.

    Raises Invalid (409) where the slug is taken; Denied where the organization leaves
    creating to those who manage it.
    """
    body = read_body(call, CreateBody)
    _check_may_create(call)
    taken = Invalid("A project with this slug already exists.", status=409)
    with refuse_conflict(taken), call.services.store.transaction() as connection:
        used = {row.slug for row in connection.execute(_slugs, _in_organization(call))}
        if body.slug in used:
            raise taken
        slug = body.slug or derive_slug(body.name, "project", used.__contains__)
        row = _insert(call, connection, slug, body)
    call.access.forget()
    return Reply(ProjectSummaries(call, [row]).show(row, call.access), 201)


@operation("GET", _PATH)
def read_project(call: Call) -> dict[str, Any]:
    """The project with its settings; `?collapse=organization` leaves its organization out."""
    return show_project(call, call.project)


Words = Annotated[list[Plain], Field(max_length=100)]


class UpdateBody(Body):
    """What of a project can be changed; each key may be left out."""

    isBookmarked: bool = False
    name: Annotated[Filled, StringConstraints(max_length=200)] = ""
    slug: ProjectSlug = ""
    platform: Annotated[Plain, StringConstraints(max_length=64)] | None = None
    subjectPrefix: Annotated[Plain, StringConstraints(max_length=200)] = ""
    subjectTemplate: Annotated[Plain, StringConstraints(max_length=200)] = ""
    resolveAge: Annotated[int, Field(ge=0, le=24 * 366 * 10)] | None = None
    digestsMinDelay: Annotated[int, Field(ge=60, le=3600)] = 60
    digestsMaxDelay: Annotated[int, Field(ge=60, le=3600)] = 60
    allowedDomains: Words = Field(default_factory=list)
    dataScrubber: bool = True
    dataScrubberDefaults: bool = True
    sensitiveFields: Words = Field(default_factory=list)
    safeFields: Words = Field(default_factory=list)
    verifySSL: bool = False
    scrubIPAddresses: bool = False
    scrapeJavaScript: bool = True
    defaultEnvironment: Annotated[Plain, StringConstraints(max_length=64)] | None = None
    enableAutoReleaseCreation: bool = True
    highlightTags: Words = Field(default_factory=list)
    highlightContext: dict[Plain, Words] = Field(default_factory=dict)
    scmSourceContextEnabled: bool = False


_COLUMNS = ("name", "slug", "platform")


@operation("PUT", _PATH)
def update_project(call: Call) -> dict[str, Any]:
    """The project as it is now.

    `project:read` opens this, for bookmarks: raises Denied, plain, where the caller sends
    anything else and holds no more. Raises Invalid for a slug that is taken.
    """
    sent = read_object(call.request)
    _check_may_update(call, sent)
    body = validate(sent, UpdateBody)
    changes = body.model_dump(include=body.model_fields_set)
    bookmark = changes.pop("isBookmarked", None)
    taken = Invalid(fields={"slug": ["Another project is already using that slug"]})
    with refuse_conflict(taken), call.services.store.transaction() as connection:
        row = _apply(connection, call.project.id, changes)
        if bookmark is not None:
            _bookmark(call, connection, bookmark)
    return show_project(call, row)


@operation("DELETE", _PATH)
def delete_project(call: Call) -> Reply:
    """204. Everything in the project goes with it.

    A project that has events asks a signed-in user for sudo; one that never had any
    may be thrown away. A token needs the scope alone, an agent's too: of all that an
    approval opens, only deleting a team asks for the password again.
    """
    store = call.services.store
    has_events = store.one(_first_event, project_id=call.project.id) is not None
    if has_events and not call.caller.is_token:
        require_sudo(call)
    with store.transaction() as connection:
        connection.execute(delete(project).where(project.c.id == call.project.id))
    return Reply(status=204)


def show_project(call: Call, row: Row[Any]) -> dict[str, Any]:
    """A row of `sentry_project` as JSON, in full, for the caller."""
    shown = ProjectSummaries(call, [row]).show(row, call.access) | show_settings(row.options)
    if "organization" not in call.request.args.getlist("collapse"):
        shown["organization"] = show_organization(call.organization, call.base_url)
    return shown


def _list(call: Call, rows: list[Row[Any]]) -> Reply:
    kept = _filter(call, rows)
    summaries = ProjectSummaries(call, kept)
    return paginate(call, kept, lambda row: summaries.show(row, call.access))


def _filter(call: Call, rows: list[Row[Any]]) -> list[Row[Any]]:
    return filter_by_query(call, rows, _FIELDS, lambda row: (row.name, row.slug))


def _in_organization(call: Call) -> dict[str, int]:
    return {"organization_id": call.organization.id}


def _check_may_create(call: Call) -> None:
    allowed = call.organization.options.get("allowMemberProjectCreation", True)
    if not allowed and call.access.team_scopes(call.team.id).isdisjoint(_CREATORS):
        call.decision.wanted = _CREATORS
        raise Denied("Your organization has disabled this feature for members.", rule="role")


def _check_may_update(call: Call, sent: dict[str, Any]) -> None:
    if call.access.project_scopes(call.project.id).isdisjoint(_ELEVATED):
        others = UpdateBody.model_fields.keys() - {"isBookmarked"}
        if not others.isdisjoint(sent):
            call.decision.wanted = _ELEVATED
            raise Denied(rule="role")


def _insert(call: Call, connection: Connection, slug: str, body: CreateBody) -> Row[Any]:
    now, randomness = call.services.clock.now(), call.services.randomness
    row = connection.execute(
        insert(project)
        .values(
            organization_id=call.organization.id,
            slug=slug,
            name=body.name,
            platform=body.platform,
            options={},
            issue_counter=0,
            date_added=now,
        )
        .returning(project)
    ).one()
    connection.execute(insert(project_team).values(project_id=row.id, team_id=call.team.id))
    connection.execute(
        insert(project_key).values(
            project_id=row.id,
            label="Default",
            public_key=randomness.hex(16),
            secret_key=randomness.hex(16),
            is_active=True,
            date_added=now,
        )
    )
    return row


def _apply(connection: Connection, project_id: int, changes: dict[str, Any]) -> Row[Any]:
    this = project.c.id == project_id
    before = connection.execute(select(project).where(this).with_for_update()).first()
    if before is None:
        raise NotFound()
    columns = {name: changes.pop(name) for name in _COLUMNS if name in changes}
    options = before.options | changes
    changed = update(project).where(this).values(**columns, options=options).returning(project)
    return connection.execute(changed).one()


def _bookmark(call: Call, connection: Connection, wanted: bool) -> None:
    if call.caller.user_id is None:
        return
    mark = {"project_id": call.project.id, "user_id": call.caller.user_id}
    if wanted:
        store = call.services.store
        connection.execute(store.insert(project_bookmark).values(mark).on_conflict_do_nothing())
        return
    connection.execute(
        delete(project_bookmark)
        .where(project_bookmark.c.project_id == call.project.id)
        .where(project_bookmark.c.user_id == call.caller.user_id)
    )
