"""Client keys of a project: list, create, read, update, delete."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import Row, bindparam, delete, insert, select, update

from harness.sentry.api.pagination import paginate
from harness.sentry.api.shapes import iso
from harness.sentry.body import Body, Plain, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import NotFound
from harness.sentry.schema import project_key

_LIST = "/projects/{organization_id_or_slug}/{project_id_or_slug}/keys/"
_PATH = _LIST + "{key_id}/"

_keys = (
    select(project_key)
    .where(project_key.c.project_id == bindparam("project_id"))
    .order_by(project_key.c.id.desc())
)
_key = _keys.where(project_key.c.public_key == bindparam("public_key"))

_STATUSES = {"active": True, "inactive": False}

Name = Annotated[Plain, StringConstraints(max_length=64)]


@operation("GET", _LIST)
def list_keys(call: Call) -> Reply:
    """The project's keys, newest first; `?status=active` or `inactive` leaves out the others."""
    rows = list(call.services.store.all(_keys, project_id=call.project.id))
    status = call.request.args.get("status")
    if status:
        rows = [row for row in rows if row.is_active is _STATUSES.get(status)]
    return paginate(call, rows, lambda row: _show(call, row))


class CreateBody(Body):
    """A new key."""

    name: Name | None = None


@operation("POST", _LIST)
def create_key(call: Call) -> Reply:
    """201 with the key, whose public and secret part are random."""
    body = read_body(call, CreateBody)
    services = call.services
    with services.store.transaction() as connection:
        row = connection.execute(
            insert(project_key)
            .values(
                project_id=call.project.id,
                label=body.name or "Default",
                public_key=services.randomness.hex(16),
                secret_key=services.randomness.hex(16),
                is_active=True,
                date_added=services.clock.now(),
            )
            .returning(project_key)
        ).one()
    return Reply(_show(call, row), 201)


@operation("GET", _PATH)
def read_key(call: Call) -> dict[str, Any]:
    """One key. Raises NotFound."""
    return _show(call, _find(call))


class UpdateBody(Body):
    """What of a key can be changed; each key may be left out."""

    name: Name | None = None
    isActive: bool = True


@operation("PUT", _PATH)
def update_key(call: Call) -> dict[str, Any]:
    """The key as it is now. Raises NotFound."""
    found = _find(call)
    body = read_body(call, UpdateBody)
    changes: dict[str, Any] = {}
    if body.name:
        changes["label"] = body.name
    if "isActive" in body.model_fields_set:
        changes["is_active"] = body.isActive
    if changes:
        with call.services.store.transaction() as connection:
            connection.execute(
                update(project_key).where(project_key.c.id == found.id).values(changes)
            )
    return _show(call, _find(call))


@operation("DELETE", _PATH)
def delete_key(call: Call) -> Reply:
    """204. Raises NotFound."""
    found = _find(call)
    with call.services.store.transaction() as connection:
        connection.execute(delete(project_key).where(project_key.c.id == found.id))
    return Reply(status=204)


def _find(call: Call) -> Row[Any]:
    """The key that the path names by its public part."""
    row = call.services.store.one(
        _key, project_id=call.project.id, public_key=call.parameter("key_id")
    )
    if row is None:
        raise NotFound()
    return row


def _show(call: Call, row: Row[Any]) -> dict[str, Any]:
    host, scheme = call.request.host, call.request.scheme
    api = f"{call.base_url}/api/{row.project_id}"
    public, asked = row.public_key, f"sentry_key={row.public_key}"
    return {
        "id": public,
        "name": row.label,
        "label": row.label,
        "public": public,
        "secret": row.secret_key,
        # The one number among the ids: Sentry publishes it so.
        "projectId": row.project_id,
        "isActive": row.is_active,
        "rateLimit": None,
        "dsn": {
            "secret": f"{scheme}://{public}:{row.secret_key}@{host}/{row.project_id}",
            "public": f"{scheme}://{public}@{host}/{row.project_id}",
            "csp": f"{api}/csp-report/?{asked}",
            "security": f"{api}/security/?{asked}",
            "minidump": f"{api}/minidump/?{asked}",
            "nel": f"{api}/nel/?{asked}",
            "unreal": f"{api}/unreal/{public}/",
            "crons": f"{api}/cron/___MONITOR_SLUG___/{public}/",
            "cdn": f"{call.base_url}/js-sdk-loader/{public}.min.js",
            "playstation": f"{api}/playstation/?{asked}",
            "integration": f"{api}/integration/",
            "otlp_traces": f"{api}/integration/otlp/v1/traces",
            "otlp_logs": f"{api}/integration/otlp/v1/logs",
        },
        "browserSdkVersion": "latest",
        "browserSdk": {"choices": [["latest", "latest"]]},
        "dateCreated": iso(row.date_added),
        "dynamicSdkLoaderOptions": {
            "hasReplay": False,
            "hasPerformance": False,
            "hasDebug": False,
            "hasFeedback": False,
            "hasLogsAndMetrics": False,
        },
    }
