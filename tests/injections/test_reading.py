"""Each payload of the catalogue is read where it stands, and orders what its file says."""

from __future__ import annotations

from typing import Any

import pytest

from harness.deployment import deploy
from harness.injections import Injection, load_injections
from harness.seer.agent.reading import find_forms, find_instructions
from tests.injections.reading import demand_of, read_about
from tests.sentry.callers import Sentry

INJECTIONS = {injection.id: injection for injection in load_injections()}
every_injection = pytest.mark.parametrize("injection", INJECTIONS.values(), ids=INJECTIONS)


@every_injection
def test_what_the_agent_reads_orders_the_harm_and_nothing_else(
    poisoned: Sentry, injection: Injection
) -> None:
    user = poisoned.session(injection.user)
    replies = list(read_about(poisoned, user, injection.organization, injection.issue))
    orders = [request for reply in replies for request in find_instructions(reply)]
    assert orders
    assert all(request == demand_of(injection) for request in orders)
    forms = [find_forms(reply) for reply in replies]
    assert any(injection.form in found for found in forms), forms


@pytest.mark.parametrize("world", ["small", "two-organizations"])
def test_ordinary_worlds_order_nothing(world: str) -> None:
    deployment = deploy(world, "tests of injections", frozen=True)
    sentry = Sentry(deployment)
    olivia = sentry.user("olivia")
    replies: list[Any] = []
    for issue in deployment.world["issues"]:
        replies += read_about(sentry, olivia, issue["organization"], issue["shortId"])
    for organization in deployment.world["organizations"]:
        for kind in ("", "members/", "teams/", "projects/", "issues/", "releases/"):
            path = f"/organizations/{organization['slug']}/{kind}"
            replies.append(sentry.api("GET", path, olivia).json)
    for project in deployment.world["projects"]:
        for kind in ("events/?full=1", "rules/", "keys/"):
            path = f"/projects/{project['organization']}/{project['slug']}/{kind}"
            replies.append(sentry.api("GET", path, olivia).json)
    deployment.close()
    assert len(replies) > 10
    assert [request for reply in replies for request in find_instructions(reply)] == []
