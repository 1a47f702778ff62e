"""What is judged on every use of an agent token, after its signature."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sentry.callers import Sentry, assert_challenge, assert_plain_denial
from tests.sentry.conftest import Make
from tests.sentry.wire.test_token import READS, assert_refused, read

CHANGES = {
    "member removed": lambda sentry: sentry.remove("olivia"),
    "user inactive": lambda sentry: sentry.set_active("olivia", False),
    "feature off": lambda sentry: sentry.set_flow(False),
}


@pytest.mark.parametrize("database", ["sqlite://", "file"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_judged_on_every_use(
    make_sentry: Make, tmp_path: Any, change: str, database: str
) -> None:
    url = f"sqlite:///{tmp_path}/sentry.db" if database == "file" else database
    sentry = make_sentry(database=url)
    token = sentry.agent()
    assert read(sentry, token).status_code == 200
    CHANGES[change](sentry)
    assert_refused(read(sentry, token))


def test_what_was_switched_off_elsewhere_does_not_matter(sentry: Sentry) -> None:
    token = sentry.agent()
    sentry.set_flow(False, "globex")
    sentry.remove("olivia", "globex")
    assert read(sentry, token).status_code == 200


def test_a_token_comes_back_with_the_member(sentry: Sentry) -> None:
    """Nothing is remembered of a refusal."""
    token = sentry.agent()
    sentry.set_active("olivia", False)
    assert_refused(read(sentry, token))
    sentry.set_active("olivia", True)
    assert read(sentry, token).status_code == 200


def test_access_is_the_role_of_now(sentry: Sentry) -> None:
    token = sentry.forged(scopes=["org:admin", "org:read", "org:write", "team:admin"])
    expected = {
        "owner": ["org:admin", "org:read", "org:write", "team:admin"],
        "manager": ["org:read", "org:write", "team:admin"],
        "admin": ["org:read", "team:admin"],
        "member": ["org:read"],
    }
    for role, held in [*expected.items(), ("owner", expected["owner"])]:
        sentry.set_role("olivia", role)
        assert read(sentry, token).json["access"] == held


def test_a_role_that_lost_the_scope_fails_at_the_object(sentry: Sentry) -> None:
    token = sentry.forged(scopes=["org:write"])
    assert sentry.api("PUT", READS, token, {"name": "One"}).status_code == 200
    sentry.set_role("olivia", "member")
    assert_plain_denial(sentry.api("PUT", READS, token, {"name": "Two"}))


def test_a_role_that_grew_widens_no_token(sentry: Sentry) -> None:
    token = sentry.agent("mia")
    before = read(sentry, token).json["access"]
    sentry.set_role("mia", "owner")
    assert read(sentry, token).json["access"] == before
    assert_challenge(sentry.api("PUT", READS, token, {"name": "Two"}), "org:admin org:write")


def test_an_issued_token_never_grows(sentry: Sentry) -> None:
    old = sentry.agent()
    assert sentry.approve(sentry.session("olivia"), ["org:write"]).status_code == 200
    assert_challenge(sentry.api("PUT", READS, old, {"name": "One"}), "org:admin org:write")
    assert "org:write" not in read(sentry, old).json["access"]
    assert sentry.api("PUT", READS, sentry.agent(), {"name": "Two"}).status_code == 200
    assert_challenge(sentry.api("PUT", READS, old, {"name": "One"}), "org:admin org:write")
