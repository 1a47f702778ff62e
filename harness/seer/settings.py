"""What can be set on a fake Seer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application. Secrets have no default value: empty means none."""

    #: The secret shared with Sentry: it signs calls and viewer contexts. Empty: nothing
    #: verifies, so every call is refused.
    secret: str = field(default="", repr=False)
    #: Opens the control API; None closes it.
    control_token: str | None = field(default=None, repr=False)

    #: Runs that work at once; the others wait for their turn.
    workers: int = 8
    #: Runs kept; a new one takes the place of the oldest that is over, else of one that waits.
    runs: int = 2000
    #: Actions of one run between two messages of its user: a script cannot go on for ever.
    actions: int = 1000
    #: How often a run may ask its user for scopes.
    asks: int = 3
    #: How often the same request may be denied before it is not sent any more.
    denials: int = 2
    #: Requests remembered so that none is taken twice.
    remembered: int = 10_000
    #: Seconds that Sentry may take to answer.
    timeout: float = 10.0
    #: Bytes of a request body.
    max_body: int = 1024 * 1024
    #: Entries of the audit log kept.
    audit_size: int = 10_000
