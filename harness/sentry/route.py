"""Where a request goes: the endpoint that its path matched, and the path's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.sentry.catalogue import Endpoint
from harness.sentry.schema import MAX_ID

# Ids are 32-bit in the tables: what is greater names nothing, and would overflow a database.
_ID_DIGITS = len(str(MAX_ID))


@dataclass(frozen=True, slots=True)
class Route:
    """A matched path."""

    endpoint: Endpoint
    parameters: Mapping[str, str]

    @property
    def template(self) -> str:
        """The path with its parameters' names, below /api/0."""
        return self.endpoint.template

    @property
    def organization(self) -> str | None:
        """The slug or id of the organization that the path names."""
        return self.parameters.get("organization_id_or_slug")


def parse_id(text: str) -> int | None:
    """The id that `text` writes in ASCII digits; None where it writes none."""
    if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS:
        number = int(text)
        return number if number <= MAX_ID else None
    return None


def names_organization(named: str, organization_id: int, slug: str) -> bool:
    """Whether `named`, from a path, is this organization, by slug or by id."""
    return named == slug or parse_id(named) == organization_id
