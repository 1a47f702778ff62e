"""The gate's rules for operations that the catalogue does not have yet."""

from __future__ import annotations

import pytest

from harness.sentry.catalogue import Endpoint, Operation
from harness.sentry.errors import Denied
from harness.sentry.gate import pass_gate
from harness.sentry.principal import Caller, Credential

READS = frozenset({"org:read"})
#: Scoped, and outside of any organization.
NEW = Operation("GET", "/new/", "scopes", READS)
ENDPOINT = Endpoint("/new/", {"GET": NEW})


def test_an_agent_stays_in_its_organization() -> None:
    agent = Caller(Credential.AGENT_TOKEN, user_id=1, scopes=READS, organization_id=1)
    with pytest.raises(Denied) as denied:
        pass_gate(ENDPOINT, "GET", agent)
    assert denied.value.headers == {}


@pytest.mark.parametrize(
    "kind",
    [Credential.USER_TOKEN, Credential.INTEGRATION_TOKEN, Credential.ORGANIZATION_TOKEN],
)
def test_other_tokens_are_held_back_by_scopes_alone(kind: Credential) -> None:
    assert pass_gate(ENDPOINT, "GET", Caller(kind, scopes=READS)) is NEW
    with pytest.raises(Denied) as denied:
        pass_gate(ENDPOINT, "GET", Caller(kind, scopes=frozenset({"team:read"})))
    assert "org:read" in denied.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize("kind", [Credential.SESSION, Credential.VIEWER_CONTEXT])
def test_who_carries_no_scopes_is_judged_by_role_later(kind: Credential) -> None:
    assert pass_gate(ENDPOINT, "GET", Caller(kind, user_id=1)) is NEW
