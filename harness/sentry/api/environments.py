"""Environments: wherever a release was deployed, or an event happened."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from harness.sentry.api.reach import reach_projects
from harness.sentry.call import Call, operation
from harness.sentry.errors import Invalid, NotFound
from harness.sentry.schema import deploy, event, release_project
from harness.sentry.store import Store

_projects: BindParameter[Any] = bindparam("project_ids", expanding=True)
_of_deploys = (
    select(release_project.c.project_id, deploy.c.environment)
    .select_from(release_project.join(deploy, deploy.c.release_id == release_project.c.release_id))
    .where(release_project.c.project_id.in_(_projects))
    .distinct()
)
_tags = select(event.c.project_id, event.c.tags).where(event.c.project_id.in_(_projects))

_PROJECT = "/projects/{organization_id_or_slug}/{project_id_or_slug}/environments/"


def find_environments(store: Store, project_ids: Iterable[int]) -> dict[int, list[str]]:
    """{project id: names of its environments, sorted}."""
    ids = tuple(sorted(project_ids))
    found: dict[int, set[str]] = {project_id: set() for project_id in ids}
    for row in store.recall(_of_deploys, project_ids=ids):
        found[row.project_id].add(row.environment)
    for row in store.recall(_tags, project_ids=ids):
        found[row.project_id].update(
            tag["value"] for tag in row.tags if tag["key"] == "environment"
        )
    return {project_id: sorted(names) for project_id, names in found.items()}


@operation("GET", "/organizations/{organization_id_or_slug}/environments/")
def list_organization_environments(call: Call) -> list[Any]:
    """Those of the projects within reach: [{"id", "name"}]."""
    ids = [row.id for row in reach_projects(call, call.access)]
    names: set[str] = set()
    for some in find_environments(call.services.store, ids).values():
        names.update(some)
    return [_show(name) for name in _visible(call, sorted(names))]


@operation("GET", _PROJECT)
def list_project_environments(call: Call) -> list[Any]:
    """Those of one project: [{"id", "name", "isHidden"}]."""
    return [_show(name) | {"isHidden": False} for name in _visible(call, _of_project(call))]


@operation("GET", _PROJECT + "{environment}/")
def read_project_environment(call: Call) -> dict[str, Any]:
    """One environment of a project. Raises NotFound."""
    name = call.parameter("environment")
    if name not in _of_project(call):
        raise NotFound()
    return _show(name) | {"isHidden": False}


def _of_project(call: Call) -> list[str]:
    return find_environments(call.services.store, [call.project.id])[call.project.id]


def _visible(call: Call, names: list[str]) -> list[str]:
    """The `names` with the visibility that the call asks for; none was ever hidden."""
    wanted = call.request.args.get("visibility", "visible")
    if wanted not in ("all", "hidden", "visible"):
        raise Invalid(f"Invalid value for 'visibility', valid values are: {_VISIBILITIES}")
    return [] if wanted == "hidden" else names


_VISIBILITIES = "['all', 'hidden', 'visible']"


def _show(name: str) -> dict[str, Any]:
    # There is no table of them: a number that stays the same for a name is made of it.
    return {"id": str(zlib.crc32(name.encode())), "name": name}
