"""The id of an agent's session, as mint and approve take it from a body."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from harness.sentry.agent import dialect
from harness.sentry.body import Filled

#: 1 to 128 characters after trimming; no NUL, no lone surrogate.
SessionId = Annotated[Filled, StringConstraints(max_length=dialect.SESSION_ID_LENGTH)]
