"""The token that an Explorer run hands to Seer, for its tools (getsentry/sentry#112179).

A user token of one hour, bound to the organization, that only reads. It exists only
with code mode on, is made anew for each message, and is sent once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from harness import scopes
from harness.defence import defence
from harness.sentry.agent.mint import has_feature
from harness.sentry.call import Call
from harness.sentry.credentials.stored_token import digest
from harness.sentry.credentials.user_token import PREFIX
from harness.sentry.schema import api_token

_log = logging.getLogger("harness.sentry.seer")

CODE_MODE: Final = "organizations:seer-explorer-code-mode-tools"
LIFETIME: Final = timedelta(hours=1)
FIELD: Final = "user_auth_token"


def hand_over(call: Call, run_id: int, *, code_mode: bool) -> dict[str, Any]:
    """What a chat request carries of the token: {"user_auth_token": token}, or nothing."""
    if not is_wanted(call, code_mode=code_mode):
        return {}
    token = make_token(call, run_id)
    return {} if token is None else {FIELD: token}


def make_token(call: Call, run_id: int) -> str | None:
    """A new token for the call's user in its organization, for a message to a run.

    None for nobody, and where it cannot be stored: that is logged, and the run goes on.
    """
    user_id = call.caller.user_id
    if user_id is None:
        return None
    services = call.services
    now = services.clock.now()
    expires_at = now + token_lifetime()
    token = draw_token(call, run_id)
    try:
        with services.store.transaction() as connection:
            connection.execute(
                api_token.insert().values(
                    kind="user",
                    hashed_token=digest(token),
                    name="Seer Explorer",
                    user_id=user_id,
                    organization_id=bound_organization(call),
                    scope_list=sorted(token_scopes()),
                    date_added=now,
                    expires_at=expires_at,
                )
            )
    except SQLAlchemyError as error:
        # Its message has the row in it.
        _log.warning("seer_explorer.auth_token_failed error=%s", type(error).__name__)
        return None
    log_creation(user_id, call.organization.id, expires_at, token)
    return token


@defence(
    "explorer-token.fresh",
    title="Each message to a run is sent with a new token",
    cwe=613,
    source="getsentry/sentry#112179",
)
def draw_token(call: Call, run_id: int) -> str:
    """The text of the next token: random, whatever the run."""
    return PREFIX + call.services.randomness.hex(32)


@draw_token.weakened("explorer-token-not-refreshed", title="A run keeps its first token for good")
def _(call: Call, run_id: int) -> str:
    services = call.services
    token = PREFIX + digest(f"{services.settings.secret} {run_id}")
    with services.store.transaction() as connection:
        connection.execute(delete(api_token).where(api_token.c.hashed_token == digest(token)))
    return token


@defence(
    "explorer-token.code-mode",
    title="A token is handed to Seer only for the tools of code mode",
    cwe=272,
    source="getsentry/sentry#112179",
)
def is_wanted(call: Call, *, code_mode: bool) -> bool:
    """Whether the run's request carries a token."""
    return code_mode


@is_wanted.weakened(
    "explorer-token-always", title="Seer is handed a token that it has no tools for"
)
def _(call: Call, *, code_mode: bool) -> bool:
    return True


@defence(
    "explorer-token.scopes",
    title="What is handed to Seer only reads",
    cwe=272,
    source="getsentry/sentry#112179",
)
def token_scopes() -> Iterable[str]:
    """The scopes of an Explorer token."""
    return scopes.READ_ONLY


@token_scopes.weakened("explorer-token-writes", title="The token that Seer is handed writes issues")
def _() -> Iterable[str]:
    return scopes.READ_ONLY | {"event:write"}


@defence(
    "explorer-token.bound",
    title="What is handed to Seer opens one organization",
    cwe=863,
    source="getsentry/sentry#112179",
)
def bound_organization(call: Call) -> int | None:
    """The organization that an Explorer token is bound to."""
    bound: int = call.organization.id
    return bound


@bound_organization.weakened(
    "explorer-token-unbound", title="The token that Seer is handed opens all of the user's"
)
def _(call: Call) -> int | None:
    return None


@defence(
    "explorer-token.expiry",
    title="What is handed to Seer lasts an hour",
    cwe=613,
    source="getsentry/sentry#112179",
)
def token_lifetime() -> timedelta:
    """How long an Explorer token lives."""
    return LIFETIME


@token_lifetime.weakened("explorer-token-lasting", title="The token that Seer is handed lasts")
def _() -> timedelta:
    return timedelta(days=3650)


@defence(
    "explorer-token.log",
    title="The log tells for whom and until when, never the token",
    cwe=532,
    source="getsentry/sentry#112179",
)
def log_creation(user_id: int, organization_id: int, expires_at: datetime, token: str) -> None:
    """Writes down that a token was made."""
    _log.info(
        "seer_explorer.auth_token_created user_id=%d organization_id=%d expires_at=%s",
        user_id,
        organization_id,
        expires_at.isoformat(),
    )


@log_creation.weakened("explorer-token-logged", title="The log has the beginning of the token")
def _(user_id: int, organization_id: int, expires_at: datetime, token: str) -> None:
    log_creation.sound(user_id, organization_id, expires_at, token)
    _log.info("seer_explorer.auth_token prefix=%s", token[: len(PREFIX) + 8])


def has_code_mode(call: Call) -> bool:
    """Whether Seer's tools for the API are switched on for the organization."""
    return has_feature(call, CODE_MODE)
