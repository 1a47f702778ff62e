"""Who a request comes from, once its credential was recognised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row


class Credential(StrEnum):
    """What a caller showed."""

    SESSION = "session"
    USER_TOKEN = "user_token"  # noqa: S105 - the name of a kind
    ORGANIZATION_TOKEN = "organization_token"  # noqa: S105
    INTEGRATION_TOKEN = "integration_token"  # noqa: S105
    AGENT_TOKEN = "agent_token"  # noqa: S105
    VIEWER_CONTEXT = "viewer_context"
    NONE = "none"


#: Credentials that act for a person who can be asked to approve.
USERS = frozenset({Credential.SESSION, Credential.USER_TOKEN, Credential.VIEWER_CONTEXT})


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's place in one organization; `organization` is its row."""

    organization: Row[Any]
    member_id: int
    role: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever authenticated.

    `scopes`: what the credential carries; None where it caps nothing (session,
    viewer context). `organization_id`: the one organization that it opens; None
    for no such bound. `agent_session`: the session of an agent token. `sudo_until`:
    the end of a session's sudo. `membership`: what authentication already read.
    """

    credential: Credential
    user_id: int | None = None
    email: str | None = None
    scopes: frozenset[str] | None = None
    organization_id: int | None = None
    agent_session: str | None = None
    sudo_until: datetime | None = None
    membership: Membership | None = None

    @property
    def is_token(self) -> bool:
        """Whether a scope map judges this caller."""
        return self.scopes is not None


ANONYMOUS = Caller(Credential.NONE)
