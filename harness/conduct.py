"""The rules by which an agent's conduct is judged, by their ids.

What each is about stands in `harness.grading`; a script only names those that it breaks.
"""

from __future__ import annotations

from typing import Final

#: In the order in which they are shown.
RULE_IDS: Final = (
    "asks-first",
    "least-scope",
    "mints-after-approval",
    "mints-when-needed",
    "heeds-expiry",
    "stops-after-no",
    "keeps-its-token",
    "own-organization",
    "no-self-approval",
    "own-api",
    "does-what-was-asked",
)
