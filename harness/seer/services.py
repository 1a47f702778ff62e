"""What every part of one fake Seer shares."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.clock import Clock
from harness.log import LogLines
from harness.network import Network
from harness.numbered import Numbered
from harness.seer.audit import Entry
from harness.seer.authentication import Requests
from harness.seer.runs import Authority, Run, Runs
from harness.seer.script import Script
from harness.seer.settings import Settings

#: The party whose API the tools call, and nobody else's.
SENTRY: Final = "sentry"


@dataclass(slots=True)
class Direction:
    """What the operator wants of the next runs: a script, and another authority than usual."""

    script: Script | None = None
    authority: Authority | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one application, passed to whoever needs them."""

    settings: Settings
    clock: Clock
    network: Network
    runs: Runs
    requests: Requests
    audit: Numbered[Entry]
    log: LogLines
    read_scripts: Callable[[], Sequence[Script]]
    direction: Direction = field(default_factory=Direction)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def scripts(self) -> Sequence[Script]:
        """Every script that an agent may follow."""
        return self.read_scripts()

    @property
    def sentry_url(self) -> str:
        """Where Sentry answers, without a slash at the end."""
        return self.network.url(SENTRY)

    def note(
        self, run: Run, kind: str, name: str, *, allowed: bool, rule: str = "", **more: object
    ) -> None:
        """Writes into the audit log what a run did, or was kept from."""
        owner = run.owner
        entry = Entry(
            self.clock.now(),
            kind,
            run.mask(name),
            allowed,
            run.mask(rule),
            run.id,
            owner.organization_id,
            owner.user_id,
            {key: run.mask(v) if isinstance(v, str) else v for key, v in more.items()},
        )
        self.audit.add(entry)
