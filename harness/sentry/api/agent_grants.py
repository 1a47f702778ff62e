"""What a user has allowed their agents: the live grants, and an end for any of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from harness.scopes import ALL_SCOPES
from harness.sentry.agent.grant import GrantKey, live_scopes, withdraw_scopes
from harness.sentry.agent.mint import require_feature
from harness.sentry.agent.session_id import SessionId
from harness.sentry.api.shapes import iso
from harness.sentry.body import Body, read_body
from harness.sentry.call import Call, operation
from harness.sentry.errors import NotFound
from harness.sentry.schema import write_grant

_ORGANIZATION = "/organizations/{organization_id_or_slug}/agent"

_own = (
    select(write_grant)
    .where(write_grant.c.organization_id == bindparam("organization_id"))
    .where(write_grant.c.user_id == bindparam("user_id"))
    .order_by(write_grant.c.date_updated.desc(), write_grant.c.id.desc())
)


class RevokeBody(Body):
    """The session whose grant ends; with `scopes`, which its agent asked for, only those."""

    sessionId: SessionId
    scopes: list[str] | None = None


@operation("GET", f"{_ORGANIZATION}/grants/")
def list_grants(call: Call) -> list[dict[str, Any]]:
    """The caller's own live grants in the organization, the last first."""
    require_feature(call)
    now = call.services.clock.now()
    rows = call.services.store.all(
        _own, organization_id=call.organization.id, user_id=call.caller.user_id
    )
    return [
        {
            "sessionId": row.agent_session_id,
            "scopes": sorted(scopes),
            "expiresAt": iso(row.expires_at),
            "dateUpdated": iso(row.date_updated),
        }
        for row in rows
        if (scopes := live_scopes(row, now))
    ]


@operation("POST", f"{_ORGANIZATION}/revoke/")
def revoke_grant(call: Call) -> dict[str, Any]:
    """{"status": "revoked", "scopes": [what was granted of it]}.

    Raises NotFound for no live grant. Named scopes are a no to what an agent asked for, which
    can be said before anything is granted.
    """
    require_feature(call)
    body = read_body(call, RevokeBody, nested=True)
    live = {grant["sessionId"]: grant["scopes"] for grant in list_grants(call)}
    if body.scopes is None and body.sessionId not in live:
        raise NotFound()
    user_id = call.caller.user_id
    assert user_id is not None  # noqa: S101 - the gate lets sessions pass alone
    key = GrantKey(call.organization.id, user_id, body.sessionId)
    withdraw_scopes(call.services.store, key, body.scopes, call.services.clock.now())
    call.decision.rule = "revoke"
    granted = live.get(body.sessionId, [])
    if body.scopes is None:
        return {"status": "revoked", "scopes": granted}
    call.decision.reason = "reject"
    flow = call.decision.touch_flow()
    flow.session, flow.asked = body.sessionId, ALL_SCOPES.intersection(body.scopes)
    return {"status": "revoked", "scopes": [scope for scope in granted if scope in body.scopes]}
