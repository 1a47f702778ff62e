"""Runs that are called off before their turn comes are at work no more."""

from __future__ import annotations

import threading

from harness.clock import Clock
from harness.log import LogLines
from harness.network import Network
from harness.numbered import Numbered
from harness.seer.agent.actions import Agent, Say
from harness.seer.audit import Entry
from harness.seer.authentication import Requests
from harness.seer.driver import Driver
from harness.seer.runs import Owner, Run, Runs
from harness.seer.services import Services
from harness.seer.settings import Settings


def test_a_run_that_never_got_its_turn_keeps_nobody_waiting() -> None:
    services = Services(
        settings=Settings(workers=1),
        clock=Clock(),
        network=Network(),
        runs=Runs(10),
        requests=Requests(10),
        audit=Numbered[Entry](10),
        log=LogLines(),
        read_scripts=lambda: (),
    )
    driver = Driver(services)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> Agent:
        begun.set()
        go_on.wait(10)
        yield Say("Done.")

    driver.start(Run(1, Owner(1, 1), "acme"), work(), "")
    assert begun.wait(10)
    driver.start(Run(2, Owner(1, 1), "acme"), work(), "")
    closing = threading.Thread(target=driver.close)
    closing.start()
    while driver._pool is not None:  # until the second is called off
        closing.join(0.001)
    go_on.set()
    closing.join(10)
    assert services.runs.settle(1)
