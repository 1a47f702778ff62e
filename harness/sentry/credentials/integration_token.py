"""Integration tokens: `sntryi_…`, the proxy user of an internal integration."""

from __future__ import annotations

from harness.sentry.credentials.stored_token import read_token
from harness.sentry.principal import Caller, Credential
from harness.sentry.route import Route
from harness.sentry.services import Services

PREFIX = "sntryi_"


def authenticate(bearer: str, services: Services, route: Route) -> Caller | None:
    """The proxy user of the integration whose token `bearer` is; None for another kind.

    Raises Unauthenticated.
    """
    if not bearer.startswith(PREFIX):
        return None
    row = read_token(services.store, "integration", bearer, services.clock.now())
    return Caller(
        Credential.INTEGRATION_TOKEN,
        user_id=row.user_id,
        email=row.email,
        scopes=frozenset(row.scope_list),
        organization_id=row.organization_id,
    )
