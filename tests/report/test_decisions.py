"""Which record of the server is about which exchange."""

from __future__ import annotations

from typing import Any

from harness.report.decisions import pair_decisions
from harness.report.steps import read_steps
from harness.scenario.loader import load_scenarios
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess

ROUTE = "/organizations/{organization_id_or_slug}/"


def exchange(number: int, path: str, *, purpose: str = "step", **changes: Any) -> dict[str, Any]:
    event = {
        "kind": "exchange",
        "server": "sentry",
        "number": number,
        "method": "GET",
        "url": f"http://sentry.test/api/0{path}",
        "status": 200,
        "purpose": purpose,
    }
    return event | changes


def decision(number: int, route: str = ROUTE, **changes: Any) -> dict[str, Any]:
    record = {"method": "GET", "route": route, "status": 200}
    return {"kind": "decision", "number": number, "record": record | changes}


def pairs(*events: dict[str, Any]) -> dict[int, int]:
    return {number: event["number"] for number, event in pair_decisions(events).items()}


def test_a_record_is_about_the_exchange_of_its_route() -> None:
    one, two = exchange(1, "/organizations/acme/"), exchange(2, "/organizations/globex/?a=1")
    assert pairs(one, two, decision(3), decision(4)) == {1: 3, 2: 4}
    assert pairs(one, decision(3, "/organizations/{a}/teams/")) == {}
    assert pairs(one, decision(3, status=403)) == {}
    assert pairs(one, decision(3, method="PUT")) == {}


def test_what_the_harness_reads_for_itself_has_none() -> None:
    before = exchange(1, "/organizations/acme/", purpose="read before")
    asked = exchange(2, "/organizations/acme/")
    after = exchange(4, "/organizations/acme/")
    assert pairs(before, asked, decision(3), after) == {2: 3}


def test_what_was_raced_is_paired_in_whatever_order() -> None:
    mint = exchange(1, "/organizations/acme/agent/token/", method="POST")
    read = exchange(2, "/organizations/acme/")
    first, second = decision(3), decision(4, f"{ROUTE}agent/token/", method="POST")
    assert pairs(mint, read, first, second) == {2: 3, 1: 4}


def test_a_record_without_a_route_is_about_what_no_route_matched() -> None:
    lost = exchange(1, "/nowhere/", status=404)
    assert pairs(lost, decision(2, "", status=404)) == {1: 2}


def test_records_that_are_odd_are_left_out() -> None:
    asked = exchange(1, "/organizations/acme/")
    assert pairs(asked, decision(2, "[", status=200), decision(3, status=None)) == {}
    assert pairs(asked, {"kind": "decision", "number": 2, "record": "x"}) == {}


def test_every_record_of_the_scenarios_has_its_exchange() -> None:
    names = ["approve-and-remint", "decision-records", "bad-mint-requests", "sudo-on-team-delete"]
    run = run_scenarios(load_scenarios(names), InProcess())
    seen = 0
    for result in run.results:
        for view in read_steps(result):
            found = [event["number"] for event in view.of("decision")]
            paired = [event["number"] for event in pair_decisions(view.events).values()]
            assert sorted(paired) == found
            seen += len(found)
    assert seen > 30
