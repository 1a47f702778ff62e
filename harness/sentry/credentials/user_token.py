"""User tokens: `sntryu_…`, and old ones that were created with no prefix."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from harness.defence import defence
from harness.sentry.agent import dialect
from harness.sentry.credentials import integration_token, organization_token
from harness.sentry.credentials.stored_token import read_token
from harness.sentry.errors import Unauthenticated
from harness.sentry.principal import Caller, Credential
from harness.sentry.route import Route, names_organization
from harness.sentry.services import Services

PREFIX = "sntryu_"

#: Prefixes of the other kinds; any other bearer may be a user token of the old form.
_OTHERS = (organization_token.PREFIX, integration_token.PREFIX)

#: The one endpoint without an organization in its path that a bound token may ask.
_ORGANIZATION_LIST = "/organizations/"


def authenticate(bearer: str, services: Services, route: Route) -> Caller | None:
    """The user whose token `bearer` is, capped by its scopes; None for another kind.

    Raises Unauthenticated.
    """
    if bearer.startswith(_OTHERS) or dialect.recognise(bearer) is not None:
        return None
    row = read_token(services.store, "user", bearer, services.clock.now())
    return Caller(
        Credential.USER_TOKEN,
        user_id=row.user_id,
        email=row.email,
        scopes=frozenset(row.scope_list),
        organization_id=bind(row, route),
    )


@defence(
    "user-token.bound",
    title="A user token bound to an organization opens no other",
    cwe=863,
    source="getsentry/sentry#112179",
)
def bind(row: Row[Any], route: Route) -> int | None:
    """The organization that the token is bound to, None for one that is not.

    Raises Unauthenticated where the path names another, or, but for the list, none.
    """
    if row.organization_id is None:
        return None
    named = route.organization
    if named is None:
        if route.template != _ORGANIZATION_LIST:
            raise Unauthenticated(
                "This token access is limited to organization endpoints.",
                rule="organization-bound-token",
            )
    elif not names_organization(named, row.organization_id, row.organization_slug):
        raise Unauthenticated("Unauthorized organization access.", rule="organization-bound-token")
    bound: int = row.organization_id
    return bound


@bind.weakened("bound-token-roams", title="A user token's binding to an organization is not read")
def _(row: Row[Any], route: Route) -> int | None:
    return None
