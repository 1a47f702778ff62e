"""Approve: a user lets one session of their agent write, from their own session alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

from harness.defence import defence
from harness.scopes import ALL_SCOPES
from harness.sentry.access import Access
from harness.sentry.agent.grant import Grant, GrantKey, merge_grant
from harness.sentry.agent.mint import require_feature
from harness.sentry.agent.session_id import SessionId
from harness.sentry.body import Body, read_body, read_object
from harness.sentry.call import Call, operation
from harness.sentry.errors import Invalid
from harness.sentry.settings import Settings


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
    check_approval_feature(call)
    body = read_body(call, ApproveBody, nested=True)
    key = identify(call, body.sessionId)
    requested = frozenset(body.scopes)
    grantable = cut_to_approver(call.access, requested)
    if not grantable:
        refuse(call, key, requested)
    grant = record(call, key, grantable, requested)
    call.decision.rule = "approve"
    call.decision.touch_flow().given = ALL_SCOPES & grantable
    return {
        "status": "approved",
        "scopes": sorted(grant.scopes),
        "expiresAt": grant.expires_at.isoformat(),
    }


def merge(call: Call, key: GrantKey, scopes: Iterable[str]) -> Grant:
    """Adds `scopes` to the grant, from now for its whole lifetime."""
    now = call.services.clock.now()
    services = call.services
    expires_at = now + find_lifetime(services.settings)
    return merge_grant(services.store, services.rendezvous, key, scopes, now, expires_at)


@defence(
    "approval.lifetime",
    title="An approval is for the hours of the work at hand",
    cwe=613,
    source="getsentry/sentry#118539",
)
def find_lifetime(settings: Settings) -> timedelta:
    """How long an approval counts."""
    return settings.grant_lifetime


@find_lifetime.weakened("approval-for-a-month", title="An approval counts for a month")
def _(settings: Settings) -> timedelta:
    return timedelta(days=30)


@defence(
    "approval.feature",
    title="Nothing is approved where the flow is switched off",
    cwe=863,
    source="getsentry/sentry#118539",
)
def check_approval_feature(call: Call) -> None:
    """Raises NotFound where the organization has the agent flow switched off."""
    require_feature(call)


@check_approval_feature.weakened(
    "approve-without-feature", title="Approvals count with the flow off"
)
def _(call: Call) -> None:
    return None


@defence(
    "approval.owner",
    title="A grant is for whoever is signed in, where the path says, whatever the body says",
    cwe=639,
    source="getsentry/sentry#118539",
)
def identify(call: Call, session_id: str) -> GrantKey:
    """Organization, user and session of the grant to be."""
    user_id = call.caller.user_id
    assert user_id is not None  # noqa: S101 - a first-party session always has a user
    return GrantKey(call.organization.id, user_id, session_id)


@identify.weakened("grant-for-named-user", title="The body says whose grant it is")
def _(call: Call, session_id: str) -> GrantKey:
    body = read_object(call.request)
    named = body.get("userId", body.get("user_id", call.request.args.get("userId")))
    key = identify.sound(call, session_id)
    return key if named is None else replace(key, user_id=int(named))


@identify.weakened("grant-in-named-organization", title="The body says where a grant counts")
def _(call: Call, session_id: str) -> GrantKey:
    body = read_object(call.request)
    named = body.get("organizationId", body.get("organization_id"))
    key = identify.sound(call, session_id)
    return key if named is None else replace(key, organization_id=int(named))


@defence(
    "approval.cap",
    title="Nobody grants what their own role does not hold",
    cwe=269,
    source="getsentry/sentry#118539",
)
def cut_to_approver(access: Access, requested: frozenset[str]) -> frozenset[str]:
    """What of `requested` the approver holds by their role in the organization."""
    return requested & access.scopes


@cut_to_approver.weakened("approval-uncapped", title="A member grants what only owners hold")
def _(access: Access, requested: frozenset[str]) -> frozenset[str]:
    return requested


@defence(
    "approval.refusal",
    title="An approval that is refused stores nothing",
    cwe=636,
    source="getsentry/sentry#118539",
)
def refuse(call: Call, key: GrantKey, requested: frozenset[str]) -> NoReturn:
    """Raises Invalid: nothing of what was asked for is the approver's to grant."""
    raise Invalid("No grantable scopes for this user.", rule="grantable")


@refuse.weakened("refusal-stored", title="A refused approval leaves a grant behind")
def _(call: Call, key: GrantKey, requested: frozenset[str]) -> NoReturn:
    merge(call, key, requested)
    refuse.sound(call, key, requested)


@defence(
    "approval.report",
    title="What is kept of an approval is what was answered",
    cwe=393,
    source="getsentry/sentry#121459",
)
def record(
    call: Call, key: GrantKey, grantable: frozenset[str], requested: frozenset[str]
) -> Grant:
    """Stores what is grantable, all or part of what was asked for; the grant as it is now."""
    return merge(call, key, grantable)


@record.weakened("partial-approval-kept", title="A partial approval is called rejected, and kept")
def _(call: Call, key: GrantKey, grantable: frozenset[str], requested: frozenset[str]) -> Grant:
    grant = merge(call, key, grantable)
    if grantable != requested:
        raise Invalid("Not all scopes are grantable: rejected.", rule="grantable")
    return grant
