"""What the API answers instead of what was asked for.

    ApiError
    ├── Unauthenticated   401
    ├── Denied            403, with or without a challenge
    ├── NotFound          404
    ├── MethodNotAllowed  405
    └── Invalid           400, 409, 413, 415, 503: the request passed the gate and is wrong

Each carries the rule that decided, for the audit log, and the JSON body for the
caller. The two are apart: what the log may know, the caller often may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.defence import defence
from harness.sentry.agent import dialect

#: The body of a denial by scope, role or organization (Sentry's words: clients print them).
NO_PERMISSION = "You do not have permission to perform this action."
NOT_PROVIDED = "Authentication credentials were not provided."
NOT_FOUND = "The requested resource does not exist"


class ApiError(Exception):
    """An answer that is not the one asked for: status, JSON body, headers, and the rule."""

    status = 500

    def __init__(
        self,
        detail: Any,
        *,
        rule: str,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(rule)
        self.body: dict[str, Any] = {"detail": detail}
        self.rule = rule
        self.headers: Mapping[str, str] = headers or {}
        #: For the log only, as is `by`: user and session of a token that was refused, where it
        #: is good in itself.
        self.reason = reason
        self.by: tuple[int, str] | None = None


class Unauthenticated(ApiError):
    """401. Never says `insufficient_scope`: approval cures no unknown caller."""

    status = 401

    def __init__(self, detail: Any = NOT_PROVIDED, *, rule: str, reason: str | None = None) -> None:
        super().__init__(
            detail,
            rule=rule,
            headers={"WWW-Authenticate": ask_for_credentials()},
            reason=reason,
        )


@defence(
    "challenge.authenticated",
    title="Who is not known is asked for a credential, never for scopes",
    cwe=451,
    source="RFC 6750 section 3.1",
)
def ask_for_credentials() -> str:
    """The `WWW-Authenticate` value of a 401."""
    return 'xBasic realm="api"'


@ask_for_credentials.weakened("unknown-caller-challenged", title="A bad token asks for an approval")
def _() -> str:
    return dialect.challenge({"org:admin", "org:write"})


class Denied(ApiError):
    """403; `challenge` becomes its `WWW-Authenticate` header."""

    status = 403

    def __init__(
        self, detail: str = NO_PERMISSION, *, rule: str, challenge: str | None = None
    ) -> None:
        headers = {"WWW-Authenticate": challenge} if challenge else {}
        super().__init__(detail, rule=rule, headers=headers)


class NotFound(ApiError):
    """404."""

    status = 404

    def __init__(self, detail: str = NOT_FOUND, *, rule: str = "not-found") -> None:
        super().__init__(detail, rule=rule)


class MethodNotAllowed(ApiError):
    """405, for callers whom no scope map holds back."""

    status = 405

    def __init__(self, method: str, allowed: list[str]) -> None:
        super().__init__(
            f'Method "{method}" not allowed.', rule="method", headers={"Allow": ", ".join(allowed)}
        )


class Invalid(ApiError):
    """A request that was allowed and is wrong; 400 unless another status says more.

    `fields` is Sentry's answer to a bad body: {field: [message, …]} as the whole
    body, or under `detail` where the endpoint nests it.
    """

    status = 400

    def __init__(
        self,
        detail: Any = None,
        *,
        fields: Mapping[str, list[str]] | None = None,
        status: int = 400,
        rule: str = "input",
    ) -> None:
        super().__init__(detail, rule=rule)
        self.status = status
        if fields is not None:
            self.body = dict(fields)
