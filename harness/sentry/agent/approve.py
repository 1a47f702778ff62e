"""Approve: a user lets one session of their agent write, from their own session alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from harness.defence import defence
from harness.sentry.access import Access
from harness.sentry.agent.grant import Grant, GrantKey, merge_grant
from harness.sentry.agent.mint import require_feature
from harness.sentry.agent.session_id import SessionId
from harness.sentry.body import Body, read_body, read_object
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
    check_approval_feature(call)
    body = read_body(call, ApproveBody, nested=True)
    key = GrantKey(call.organization.id, find_approver(call), body.sessionId)
    requested = frozenset(body.scopes)
    grantable = cut_to_approver(call.access, requested)
    if not grantable:
        refuse(call, key, requested)
    grant = record(call, key, grantable, requested)
    call.decision.rule = "approve"
    return {
        "status": "approved",
        "scopes": sorted(grant.scopes),
        "expiresAt": grant.expires_at.isoformat(),
    }


def merge(call: Call, key: GrantKey, scopes: Iterable[str]) -> Grant:
    """Adds `scopes` to the grant, from now for its whole lifetime."""
    now = call.services.clock.now()
    expires_at = now + call.services.settings.grant_lifetime
    services = call.services
    return merge_grant(services.store, services.rendezvous, key, scopes, now, expires_at)


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
    title="A grant belongs to whoever is signed in, whatever the request says",
    cwe=639,
    source="getsentry/sentry#118539",
)
def find_approver(call: Call) -> int:
    """The id of the user who approves."""
    user_id = call.caller.user_id
    assert user_id is not None  # noqa: S101 - a first-party session always has a user
    return user_id


@find_approver.weakened("grant-for-named-user", title="The body says whose grant it is")
def _(call: Call) -> int:
    body = read_object(call.request)
    named = body.get("userId", body.get("user_id", call.request.args.get("userId")))
    return find_approver.sound(call) if named is None else int(named)


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
