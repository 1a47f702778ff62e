"""The secrets of a run: from the environment, or drawn for it."""

from __future__ import annotations

import os
import re

from harness.commands.failure import Misuse
from harness.deployment import Secrets
from harness.randomness import Randomness

SHARED = "SEER_API_SHARED_SECRET"
CONTROL = "SEER_HARNESS_CONTROL_TOKEN"

_FEWEST_BYTES = 32
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def read_secrets(seed: int | None) -> Secrets:
    """Each secret from its environment variable, if that is set, else new.

    Raises Misuse for one that is empty, shorter than 32 bytes or not printable ASCII
    (a bearer could not carry it); the message names the variable and never its value.
    """
    drawn = Secrets.draw(Randomness(seed))
    return Secrets(
        shared=_read(SHARED) or drawn.shared,
        control=_read(CONTROL) or drawn.control,
    )


def _read(name: str) -> str | None:
    value = os.environ.get(name)
    if value is None:
        return None
    if not value:
        raise Misuse(f"{name} is set but empty; give it {_FEWEST_BYTES} bytes or more, or unset it")
    if not _PRINTABLE.fullmatch(value):
        raise Misuse(f"{name} holds signs other than printable ASCII")
    if len(value) < _FEWEST_BYTES:
        raise Misuse(f"{name} has fewer than {_FEWEST_BYTES} bytes")
    return value
