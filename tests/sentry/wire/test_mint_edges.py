"""Mint where a mistake of one sign or one name would otherwise go unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from harness.sentry.schema import feature
from tests.sentry.callers import Sentry, assert_missing
from tests.sentry.conftest import Make

BODY = {"sessionId": "s1"}
PATH = "/organizations/{}/agent/token/"


@pytest.mark.parametrize("off", ["acme", "globex"])
def test_the_flow_is_looked_up_for_this_organization(sentry: Sentry, off: str) -> None:
    sentry.set_flow(False, off)
    for slug in ("acme", "globex"):
        answer = sentry.api("POST", PATH.format(slug), sentry.user("olivia"), BODY)
        if slug == off:
            assert_missing(answer)
        else:
            assert answer.status_code == 200


@pytest.mark.parametrize("name", ["organizations:a-feature", "organizations:z-feature"])
def test_another_feature_does_not_stand_for_the_flow(sentry: Sentry, name: str) -> None:
    sentry.set_flow(False)
    row = {"organization_id": sentry.organization_id("acme"), "name": name}
    with sentry.services.store.transaction() as connection:
        connection.execute(feature.insert().values(row))
    assert_missing(sentry.api("POST", PATH.format("acme"), sentry.user("olivia"), BODY))


def test_a_grant_of_what_is_read_anyway_takes_nothing_away(sentry: Sentry) -> None:
    before = sentry.mint(sentry.user("olivia"))["scopes"]
    sentry.plant("olivia", ["org:read", "event:write"])
    after = sentry.mint(sentry.user("olivia"))["scopes"]
    assert after == sorted([*before, "event:write"])


@pytest.mark.parametrize("moment", [0, 1, 299, 300, 4095])
def test_a_token_lives_for_five_minutes_from_any_second_on(sentry: Sentry, moment: int) -> None:
    sentry.advance(moment)
    told = sentry.mint(sentry.user("olivia"))["expiresAt"]
    now = sentry.services.clock.now()
    assert (datetime.fromisoformat(told) - now).total_seconds() == 300


def test_without_a_secret_the_service_is_unavailable(make_sentry: Make) -> None:
    sentry = make_sentry(secret="")
    answer = sentry.api("POST", PATH.format("acme"), sentry.user("olivia"), BODY)
    assert answer.status_code == 503


@pytest.mark.parametrize(
    "spoil", [lambda body: body.clear(), lambda body: body.update(sessionId=1)]
)
def test_what_is_wrong_with_a_body_stands_under_detail(
    sentry: Sentry, spoil: Callable[[dict[str, object]], None]
) -> None:
    body: dict[str, object] = dict(BODY)
    spoil(body)
    answer = sentry.api("POST", PATH.format("acme"), sentry.user("olivia"), body)
    assert answer.status_code == 400
    assert list(answer.json) == ["detail"]
    assert list(answer.json["detail"]) == ["sessionId"]
