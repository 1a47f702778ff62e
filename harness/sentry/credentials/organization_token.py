"""Organization tokens: `sntrys_…`, an organization with no user."""

from __future__ import annotations

from harness.sentry.credentials.stored_token import read_token
from harness.sentry.principal import Caller, Credential
from harness.sentry.route import Route
from harness.sentry.services import Services

PREFIX = "sntrys_"


def authenticate(bearer: str, services: Services, route: Route) -> Caller | None:
    """The organization whose token `bearer` is; None for another kind.

    Raises Unauthenticated.
    """
    if not bearer.startswith(PREFIX):
        return None
    row = read_token(services.store, "organization", bearer, services.clock.now())
    return Caller(
        Credential.ORGANIZATION_TOKEN,
        scopes=frozenset(row.scope_list),
        organization_id=row.organization_id,
    )
