"""What every part of one mock Sentry shares."""

from __future__ import annotations

from dataclasses import dataclass

from harness.clock import Clock
from harness.log import LogLines
from harness.network import Network
from harness.randomness import Randomness
from harness.sentry.agent.token import Verifier
from harness.sentry.audit import AuditLog
from harness.sentry.rendezvous import Rendezvous
from harness.sentry.settings import Settings
from harness.sentry.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one application, passed to whoever needs them."""

    settings: Settings
    store: Store
    clock: Clock
    randomness: Randomness
    audit: AuditLog
    verifier: Verifier
    rendezvous: Rendezvous
    log: LogLines
    network: Network
