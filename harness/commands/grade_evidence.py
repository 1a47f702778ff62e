"""Reads what an agent left behind, from the control APIs of a target: it only reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from harness.grading import Case, gather
from harness.redact import Redactor
from harness.scenario.control import Control
from harness.scenario.description import ControlAccess, Description
from harness.scenario.seer import SeerControl
from harness.scenario.wire import Wire
from harness.transcript import Unwritten


@dataclass
class Evidence:
    """The three logs after some number. Exchanges are as they passed; the others are masked."""

    records: list[dict[str, Any]]
    entries: list[dict[str, Any]] = field(default_factory=list, repr=False)
    exchanges: list[dict[str, Any]] = field(default_factory=list, repr=False)

    def cases(self) -> list[Case]:
        """The agents' sessions in it."""
        return gather(self.records, self.entries, self.exchanges)


def read_evidence(
    description: Description,
    access: ControlAccess,
    transport: httpx.BaseTransport,
    seer_transport: httpx.BaseTransport | None = None,
    *,
    since: int = 0,
) -> Evidence:
    """What is there after the decision record number `since`. Raises UnreachableError.

    Seer's logs have numbers of their own: with a `since` they are left out, for nothing says
    what in them came later.
    """
    redactor = Redactor()
    description.register_secrets(redactor)
    unwritten = Unwritten(redactor)
    control = Control(Wire(access.url, transport, unwritten), access.token)
    evidence = Evidence(redactor.data(control.decisions_since(since)))
    seer = description.seer
    if seer is None or seer.control is None or seer_transport is None or since:
        return evidence
    wire = Wire(seer.control.url, seer_transport, unwritten, server="seer")
    evidence.entries = redactor.data(SeerControl(wire, seer.control.token).entries_since(0))
    evidence.exchanges = control.exchanges_since(0)
    return evidence
