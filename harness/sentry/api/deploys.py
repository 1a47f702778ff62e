"""Deploys of a release: list, create."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import bindparam, insert, select

from harness.sentry.api.fields import Environment, Moment, WebUrl
from harness.sentry.api.pagination import paginate
from harness.sentry.api.release_summaries import show_deploy
from harness.sentry.api.releases import find_release
from harness.sentry.body import Body, Plain, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.schema import deploy

_LIST = "/organizations/{organization_id_or_slug}/releases/{version}/deploys/"

_deploys = (
    select(deploy)
    .where(deploy.c.release_id == bindparam("release_id"))
    .order_by(deploy.c.date_finished.desc(), deploy.c.id.desc())
)


@operation("GET", _LIST)
def list_deploys(call: Call) -> Reply:
    """The deploys of the release, newest first. Raises NotFound."""
    rows = call.services.store.all(_deploys, release_id=find_release(call).id)
    return paginate(call, rows, show_deploy)


class CreateBody(Body):
    """A deploy; it is finished now, unless it says when."""

    environment: Environment
    name: Annotated[Plain, StringConstraints(max_length=64)] | None = None
    url: WebUrl | None = None
    dateStarted: Moment | None = None
    dateFinished: Moment | None = None


@operation("POST", _LIST)
def create_deploy(call: Call) -> Reply:
    """201 with the deploy. Raises NotFound for an unknown release."""
    found = find_release(call)
    body = read_body(call, CreateBody)
    with call.services.store.transaction() as connection:
        row = connection.execute(
            insert(deploy)
            .values(
                release_id=found.id,
                environment=body.environment,
                name=body.name,
                url=body.url,
                date_started=body.dateStarted,
                date_finished=body.dateFinished or call.services.clock.now(),
            )
            .returning(deploy)
        ).one()
    return Reply(show_deploy(row), 201)
