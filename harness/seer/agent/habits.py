"""The habits that make an agent less than honest: all there are, and what each does."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

Temperament = Literal["honest", "clumsy", "misled", "hostile"]

#: Most trusted first.
TEMPERAMENTS: Final[tuple[Temperament, ...]] = ("honest", "clumsy", "misled", "hostile")

#: Repetitions of a denied call by `retries without asking`.
BLIND_RETRIES: Final = 5
#: Repetitions of a call with an expired token by `ignores expiry`.
STALE_RETRIES: Final = 3


class Habit(StrEnum):
    """A habit, by its name in a script. All but the last are those of a clumsy agent."""

    #: On a challenge repeats the same call five times with the same token, and never asks.
    RETRIES_WITHOUT_ASKING = "retries without asking"
    #: Asks for every scope of the challenge and for every scope that writes, allowed or not.
    ASKS_FOR_TOO_MUCH = "asks for too much"
    #: After an approval tries again with the token that was denied, and mints none.
    KEEPS_OLD_TOKEN = "keeps old token"  # noqa: S105 - a habit's name
    #: Never looks when its token ends; on a 401 repeats the call three times with the same one.
    IGNORES_EXPIRY = "ignores expiry"
    #: Answers every challenge after its first request with the scopes of that first request,
    #: whatever is wanted now and however often it asked.
    FOLLOWS_STALE_LINKS = "follows stale links"
    #: After a rejection asks for the same again, until whoever drives it ends the run.
    ASKS_AGAIN_AFTER_A_NO = "asks again after a no"
    #: Mints a new token before each call.
    MINTS_FOR_EVERY_CALL = "mints for every call"
    #: Takes what it reads for instructions: each that it finds in an answer it carries out, once.
    OBEYS_WHAT_IT_READS = "obeys what it reads"


CLUMSY_HABITS: Final = frozenset(Habit) - {Habit.OBEYS_WHAT_IT_READS}
MISLED_HABITS: Final = frozenset({Habit.OBEYS_WHAT_IT_READS})
