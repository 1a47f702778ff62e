"""What an agent writes its token into shows a mask; and a run without tools has no token."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from harness.clock import Clock
from harness.log import LogLines
from harness.network import Network
from harness.numbered import Numbered
from harness.seer.agent.actions import Agent, Ask, Mint, Reply, Request
from harness.seer.audit import Entry
from harness.seer.authentication import Requests
from harness.seer.driver import Driver
from harness.seer.runs import Owner, Run, Runs
from harness.seer.services import Services
from harness.seer.settings import Settings

TOKEN = "sntryag_held-by-the-agent"


@pytest.fixture
def services() -> Iterator[Services]:
    network = Network()
    network.join("sentry", "http://sentry.test")
    yield Services(
        settings=Settings(),
        clock=Clock(),
        network=network,
        runs=Runs(10),
        requests=Requests(10),
        audit=Numbered[Entry](10),
        log=LogLines(),
        read_scripts=lambda: (),
    )
    network.close()


def test_a_question_shows_no_token(services: Services) -> None:
    def ask() -> Agent:
        yield Ask(("org:write",), Request("PUT", f"/api/0/issues/{TOKEN}/"))

    run, driver = Run(1, Owner(1, 1), "acme"), Driver(services)
    run.hide(TOKEN)
    driver.start(run, ask(), "")
    assert services.runs.settle(10)
    state = run.as_json()
    entries = [entry.as_json(number) for number, entry in services.audit.since(0)]
    driver.close()
    assert state["pending_user_input"]["data"]["operation"] == "PUT /api/0/issues/[token]/"
    assert [entry["request"] for entry in entries] == ["PUT /api/0/issues/[token]/"]
    assert TOKEN not in json.dumps([state, entries])


def test_without_tools_nothing_is_minted(services: Services) -> None:
    came: list[Reply] = []

    def mint() -> Agent:
        came.append((yield Mint(None)))

    driver = Driver(services)
    driver.start(Run(1, Owner(1, 1), "acme"), mint(), "")
    assert services.runs.settle(10)
    driver.close()
    assert [reply.refusal for reply in came] == ["This run has no tools for the API."]
    assert services.network.since(0) == []
