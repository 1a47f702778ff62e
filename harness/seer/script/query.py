"""What a user asks, and whether a script is meant by it."""

from __future__ import annotations

import re
from functools import lru_cache

PLACEHOLDER = re.compile(r"\{([A-Za-z][\w-]*)\}")
_FINAL = ".!?…:;,"


def captured_names(asks: str) -> list[str]:
    """The names of the words that `asks` leaves open, in their order."""
    return PLACEHOLDER.findall(asks)


def match_query(asks: str, query: str) -> dict[str, str] | None:
    """The captured words by name, as the user wrote them; None if `query` asks something else.

    Upper and lower case, the white space and the punctuation at the end make no difference.
    """
    found = _compile(asks).fullmatch(_trim(query))
    return None if found is None else dict(zip(captured_names(asks), found.groups(), strict=True))


@lru_cache(maxsize=512)
def _compile(asks: str) -> re.Pattern[str]:
    # Every other part is the name of a placeholder.
    parts = PLACEHOLDER.split(_trim(asks))
    return re.compile(
        "".join(
            r"(\S+)" if index % 2 else r"\s+".join(map(re.escape, re.split(r"\s+", part)))
            for index, part in enumerate(parts)
        ),
        re.IGNORECASE,
    )


def _trim(text: str) -> str:
    return text.strip().rstrip(_FINAL).rstrip()
