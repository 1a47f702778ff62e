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
    if row.organization_id is not None:
        check_bound(row, route)
    return Caller(
        Credential.USER_TOKEN,
        user_id=row.user_id,
        email=row.email,
        scopes=frozenset(row.scope_list),
        organization_id=row.organization_id,
    )


@defence(
    "user-token.bound",
    title="A user token bound to an organization opens no other",
    cwe=863,
    source="wire contract, credentials",
)
def check_bound(row: Row[Any], route: Route) -> None:
    """A token bound to an organization opens no other, and nothing outside of organizations."""
    named = route.organization
    if named is None:
        if route.template != _ORGANIZATION_LIST:
            raise Unauthenticated(
                "This token access is limited to organization endpoints.",
                rule="organization-bound-token",
            )
    elif not names_organization(named, row.organization_id, row.organization_slug):
        raise Unauthenticated("Unauthorized organization access.", rule="organization-bound-token")


@check_bound.weakened("bound-token-roams", title="The organization that a token is bound to is not compared")
def _(row: Row[Any], route: Route) -> None:
    return None
