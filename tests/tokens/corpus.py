"""The corpus as a whole. `python -m tests.tokens.corpus` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.tokens.bad_claims import bad_claims
from tests.tokens.bad_signatures import bad_signatures
from tests.tokens.good import good
from tests.tokens.sample import SECRETS, Sample

FILE: Final = Path(__file__).parents[2] / "fixtures" / "tokens" / "v1.json"

_ABOUT: Final = (
    "Agent tokens, good and bad, with what a verifier must say to each. See README.md beside"
    " this file. The secrets were made for this corpus and protect nothing."
)
_DIALECT: Final = {
    "prefix": "sntryag_",
    "algorithm": "HS256",
    "audience": "sentry-agent-api",
    "session_id_length": 128,
    "greatest_id": 2147483647,
    "leeway": 0,
}


def samples() -> list[Sample]:
    """Every sample, in the order of the corpus."""
    return [*good(), *bad_signatures(), *bad_claims()]


def corpus() -> dict[str, Any]:
    """The corpus as JSON has it."""
    return {
        "version": 1,
        "about": _ABOUT,
        "dialect": _DIALECT,
        "secrets": dict(SECRETS),
        "samples": [sample.show() for sample in samples()],
    }


def write() -> str:
    """The text of the corpus file."""
    return json.dumps(corpus(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(write(), "ascii")
