"""Approve: a user lets one session of their agent write, from their own session alone."""

from __future__ import annotations

from typing import Any

from harness.sentry.agent.grant import GrantKey, merge_grant
from harness.sentry.agent.mint import require_feature
from harness.sentry.agent.session_id import SessionId
from harness.sentry.body import Body, read_body
from harness.sentry.call import Call, operation
from harness.sentry.errors import Invalid


class ApproveBody(Body):
    """The approver is whoever is signed in; a body cannot name one."""

    sessionId: SessionId
    scopes: list[str]


@operation("POST", "/organizations/{organization_id_or_slug}/agent/approve/")
def approve(call: Call) -> dict[str, Any]:
    """{"status": "approved", "scopes": [the grant's now, sorted], "expiresAt": ISO 8601}.

    Granted is what was asked for and the approver holds by their role. Raises
    NotFound without the feature, Invalid for the body or where nothing is grantable.
    """
    require_feature(call)
    body = read_body(call, ApproveBody, nested=True)
    grantable = call.access.scopes & frozenset(body.scopes)
    if not grantable:
        raise Invalid("No grantable scopes for this user.", rule="grantable")
    user_id = call.caller.user_id
    assert user_id is not None  # noqa: S101 - a first-party session always has a user
    now = call.services.clock.now()
    grant = merge_grant(
        call.services.store,
        GrantKey(call.organization.id, user_id, body.sessionId),
        grantable,
        now,
        now + call.services.settings.grant_lifetime,
    )
    call.decision.rule = "approve"
    return {
        "status": "approved",
        "scopes": sorted(grant.scopes),
        "expiresAt": grant.expires_at.isoformat(),
    }
