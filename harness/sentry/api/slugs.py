"""Slugs: the names of organizations, projects and teams in URLs."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_LENGTH = 50
_PROJECT_LENGTH = 100


def check_slug(value: str) -> str:
    """Lower-case words joined by hyphens, not all digits: a number would be read as an id."""
    if not re.fullmatch(r"[a-z0-9_-]+", value) or value.isdigit():
        raise ValueError("Use lower-case letters, digits, - and _ in a slug, and not digits alone.")
    return value


#: The slug of an organization or a team.
Slug = Annotated[
    str, StringConstraints(min_length=1, max_length=_LENGTH), AfterValidator(check_slug)
]
#: The slug of a project.
ProjectSlug = Annotated[
    str, StringConstraints(min_length=1, max_length=_PROJECT_LENGTH), AfterValidator(check_slug)
]


def derive_slug(name: str, kind: str, is_taken: Callable[[str], bool]) -> str:
    """A free slug for a thing of `kind` that people call `name`.

    A name without a letter that a slug can have is called after its kind.
    """
    words = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    if not words or words.isdigit():
        words = f"{kind}-{words}".strip("-")
    words = words[: _LENGTH - 8]
    candidates = (words if number == 1 else f"{words}-{number}" for number in count(1))
    return next(slug for slug in candidates if not is_taken(slug))
