"""One API call on its way to the operation that answers it, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from flask import Request
from sqlalchemy import Row

from harness.sentry.access import Access
from harness.sentry.audit import Decision
from harness.sentry.catalogue import Operation
from harness.sentry.principal import Caller
from harness.sentry.route import Route
from harness.sentry.services import Services

# Made once: `json.dumps` makes one anew for any separators but its own.
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Reply:
    """An answer: a JSON body (None: no body), a status, and headers beside the usual ones.

    `cookies`: {name: Set-Cookie value}.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)

    def encode(self) -> bytes:
        """The body as JSON in UTF-8."""
        return b"" if self.body is None else _encode(self.body).encode()


@dataclass(slots=True)
class Call:
    """A call that authentication and the gate let through.

    `organization`, `project`, `team`, `issue` are rows, loaded and within reach,
    where the path names them. Asking for one that the path does not name is a
    mistake in the code, and raises AttributeError.
    """

    services: Services
    request: Request
    route: Route
    operation: Operation
    caller: Caller
    decision: Decision
    _access: Access | None = None
    _rows: dict[str, Row[Any]] = field(default_factory=dict)

    @property
    def access(self) -> Access:
        """What the caller may do in the organization that the path names."""
        if self._access is None:
            raise AttributeError(f"{self.route.template} names no organization")
        return self._access

    @access.setter
    def access(self, access: Access) -> None:
        self._access = access

    @property
    def organization(self) -> Row[Any]:
        return self.access.organization

    @property
    def project(self) -> Row[Any]:
        return self.row("project")

    @property
    def team(self) -> Row[Any]:
        return self.row("team")

    @property
    def issue(self) -> Row[Any]:
        return self.row("issue")

    def row(self, kind: str) -> Row[Any]:
        """The row of `kind` that the path names."""
        try:
            return self._rows[kind]
        except KeyError:
            raise AttributeError(f"{self.route.template} names no {kind}") from None

    def keep(self, kind: str, row: Row[Any]) -> None:
        """Remembers the row of `kind` that the path names."""
        self._rows[kind] = row

    def parameter(self, name: str) -> str:
        """A part of the path, as it was sent."""
        return self.route.parameters[name]

    @property
    def base_url(self) -> str:
        """Where this Sentry answers, without a slash at the end."""
        return f"{self.request.scheme}://{self.request.host}"


Handler: TypeAlias = Callable[[Call], Reply | dict[str, Any] | list[Any]]
_H = TypeVar("_H", bound=Handler)

#: (method, path template) → the function that answers; filled by `operation`.
HANDLERS: dict[tuple[str, str], Handler] = {}


def operation(method: str, template: str) -> Callable[[_H], _H]:
    """Registers a function as the answer to `method` on `template` of the catalogue."""

    def register(handler: _H) -> _H:
        if (method, template) in HANDLERS:
            raise ValueError(f"{method} {template} is answered twice")
        HANDLERS[method, template] = handler
        return handler

    return register
