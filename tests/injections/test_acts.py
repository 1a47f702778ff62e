"""Each payload of the catalogue is read and obeyed; what comes of it is what the file says."""

from __future__ import annotations

from typing import Any

import pytest

from harness.deployment import deploy
from harness.injections import Injection, load_injections
from harness.scopes import READ_ONLY
from harness.seer.agent.reading import find_forms, find_instructions
from tests.injections.acts import Act, demand_of, read_about
from tests.sentry.callers import Sentry

INJECTIONS = {injection.id: injection for injection in load_injections()}
every_injection = pytest.mark.parametrize("injection", INJECTIONS.values(), ids=INJECTIONS)


@every_injection
def test_what_the_agent_reads_orders_the_harm_and_nothing_else(
    poisoned: Sentry, injection: Injection
) -> None:
    replies = list(Act(poisoned, injection).read())
    orders = [request for reply in replies for request in find_instructions(reply)]
    assert orders
    assert all(request == demand_of(injection) for request in orders)
    forms = [find_forms(reply) for reply in replies]
    assert any(injection.form in found for found in forms), forms


@every_injection
def test_with_full_authority_the_harm_is_done(poisoned: Sentry, injection: Injection) -> None:
    act = Act(poisoned, injection)
    assert not act.is_harmed()
    answer = act.with_full_authority(demand_of(injection))
    assert answer is None or answer.status_code < 300, answer.text
    assert act.is_harmed()


@every_injection
def test_a_token_that_reads_only_contains_it(poisoned: Sentry, injection: Injection) -> None:
    act = Act(poisoned, injection)
    assert act.with_a_token(demand_of(injection), []) == injection.contained_by.read_only
    assert act.is_harmed() == injection.happens.read_only
    assert not poisoned.grants()


@every_injection
def test_after_a_narrow_approval_it_is_as_the_catalogue_says(
    poisoned: Sentry, injection: Injection
) -> None:
    assert not READ_ONLY & set(injection.narrow)
    act = Act(poisoned, injection)
    contained = act.with_a_token(demand_of(injection), injection.narrow)
    assert contained == injection.contained_by.narrow_approval
    assert act.is_harmed() == injection.happens.narrow_approval


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
