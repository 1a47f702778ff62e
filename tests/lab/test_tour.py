"""The tour plays what its scenario says, forward and back, and notices who approves by hand."""

from __future__ import annotations

import re
from typing import Any

import httpx

from harness.lab.tour import APPROVAL, STOPS, load_tour
from harness.scenario.loader import load_scenarios
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.lab.visitor import Told, Visitor, is_state


def told(visitor: Visitor) -> Told:
    return Told(visitor.told(is_state))


def outcomes(visitor: Visitor) -> list[tuple[str, str, str]]:
    return [
        (one["method"], one["target"], one["status"]) for one in told(visitor).items("exchange")
    ]


def test_six_stops_cover_the_scenario() -> None:
    tour = load_tour("two-organizations")
    assert [number for stop in STOPS for number in stop.steps] == [*range(1, len(tour.steps) + 1)]
    assert len(STOPS) == 6
    assert all(tour.notice(number) for number in range(6))
    assert next(iter(tour.steps_of(APPROVAL)[0])) == "olivia approves"


def test_the_tour_gives_what_the_scenario_expects(visitor: Visitor) -> None:
    visitor.forward(6)
    state = visitor.state()
    assert state["position"] == 6
    assert [stop["failures"] for stop in state["stops"]] == [[]] * 6
    assert [done["status"] for done in state["done"]] == [200, 200, 403, 200, 200, 200, 403]
    live = told(visitor)
    assert all(check["passed"] for check in live.items("check"))
    # The same requests, answers and checks as in a run.
    (result,) = run_scenarios(load_scenarios(["guided-tour"]), InProcess(), seed=1).results
    played = [
        (event["method"], event["status"])
        for event in result.events
        if event["kind"] == "exchange" and event["server"] == "sentry"
    ]
    shown = [(one["method"], int(one["status"])) for one in live.items("exchange")]
    # What a run does afterwards is no part of the tour.
    assert shown == played[: len(shown)]
    assert len(played) - len(shown) == 1


def test_tokens_are_told_with_claims_and_what_changed(visitor: Visitor) -> None:
    visitor.forward(5)
    narrow, wide = told(visitor).items("token")
    assert "org:write" not in narrow["scopeNames"]
    assert wide["change"]["gained"] == ["org:write"]
    assert wide["expires"] - wide["issued"] == 300
    assert {row[0] for row in wide["claims"]} >= {"sub", "org", "sid", "exp", "scopes"}


def test_decisions_come_to_their_exchanges(visitor: Visitor) -> None:
    visitor.forward(3)
    live = told(visitor)
    numbers = {data["number"] for data in live.of("flow", "item") if "exchange" in data["item"]}
    rulings = live.of("flow", "ruling")
    assert {ruling["exchange"] for ruling in rulings} <= numbers
    assert [ruling["decision"]["allowed"] for ruling in rulings] == [True, True, False]
    assert live.items("exchange")[3]["challenge"] == "challenge org:admin org:write"


def test_grants_are_told(visitor: Visitor) -> None:
    visitor.forward(3)
    assert visitor.state()["grants"] == []
    visitor.forward()
    (grant,) = visitor.state()["grants"]
    assert grant["scopes"] == ["org:write"]
    assert grant["user"] == "olivia@example.com"


def test_back_is_as_it_was_before(visitor: Visitor) -> None:
    visitor.forward(2)
    before = outcomes(visitor)
    visitor.forward(2)
    for _ in range(2):
        assert visitor.post("/api/tour/back").status_code == 204
    assert visitor.state()["position"] == 2
    assert visitor.state()["grants"] == []
    assert outcomes(visitor) == before


def test_back_takes_what_was_done_after_the_stop_along(visitor: Visitor) -> None:
    visitor.forward()
    visitor.do("operator", "moves clock", by="1m")
    visitor.post("/api/tour/back")
    state = visitor.state()
    assert (state["position"], state["done"]) == (0, [])


def test_at_either_end_nothing_happens(visitor: Visitor) -> None:
    assert visitor.post("/api/tour/back").status_code == 204
    assert visitor.state()["done"] == []
    visitor.forward(7)
    assert len(visitor.state()["done"]) == 7


def test_no_other_move(visitor: Visitor) -> None:
    assert visitor.post("/api/tour/sideways").status_code == 404


def is_page(message: dict[str, Any], method: str, path: str) -> bool:
    exchange = message["kind"] == "item" and message["data"]["item"].get("exchange")
    return bool(exchange) and exchange["method"] == method and path in exchange["target"]


def approve_by_hand(visitor: Visitor, decision: str = "approve") -> None:
    """As a browser does it, in the real page; a browser marks what it navigates to."""
    state = visitor.state()
    users = visitor.lab.description["users"]
    olivia = next(user for user in users if user["email"] == "olivia@example.com")
    root = state["sentry"]
    marked = {"Sec-Fetch-Dest": "document", "Origin": root}
    with httpx.Client(headers=marked, trust_env=False, follow_redirects=True) as browser:
        page = browser.get(f"{root}/auth/login/")
        form = {
            "csrfmiddlewaretoken": _field(page.text, "csrfmiddlewaretoken"),
            "username": olivia["email"],
            "password": olivia["password"],
        }
        browser.post(f"{root}/auth/login/", data=form)
        page = browser.get(state["approval"])
        names = ("csrfmiddlewaretoken", "session", "scopes")
        form = {name: _field(page.text, name) for name in names}
        form |= {"scope": "org:write", "decision": decision}
        action = re.search(r'action="([^"]*agent/approve/)"', page.text)
        assert action
        assert browser.post(f"{root}{action[1]}", data=form).status_code == 200


def _field(page: str, name: str) -> str:
    fields = re.findall(rf'<input[^>]*name="{name}" value="([^"]*)"', page)
    return str(fields[-1])


def test_an_approval_by_hand_counts(visitor: Visitor) -> None:
    visitor.forward(3)
    approve_by_hand(visitor)
    visitor.told(lambda one: is_state(one) and one["data"]["position"] == 4)
    state = visitor.state()
    assert state["stops"][APPROVAL]["byHand"]
    by_hand = [one for one in told(visitor).items("exchange") if one["actor"] == "browser"]
    assert {one["method"] for one in by_hand} == {"GET", "POST"}
    visitor.forward(2)
    assert visitor.state()["done"][-1]["status"] == 403
    assert [stop["failures"] for stop in visitor.state()["stops"]] == [[]] * 6


def test_a_rejection_by_hand_does_not(visitor: Visitor) -> None:
    visitor.forward(3)
    approve_by_hand(visitor, "reject")
    visitor.told(lambda one: is_page(one, "POST", "/agent/approve/"))
    assert visitor.state()["position"] == 3


def test_no_secret_is_told(visitor: Visitor) -> None:
    visitor.forward(3)
    approve_by_hand(visitor)
    visitor.told(lambda one: is_state(one) and one["data"]["position"] == 4)
    visitor.forward(2)
    text = str(visitor.told(is_state)) + visitor.client.get("/api/scenario.yaml").text
    description = visitor.lab.description
    secrets = [description["sentry"]["secret"], description["control"]["token"]]
    secrets += [user[key] for user in description["users"] for key in ("password", "token")]
    secrets += [visitor.lab.url.partition("token=")[2], *visitor.client.cookies.values()]
    for secret in filter(None, secrets):
        assert secret not in text
    assert not re.search(r"sntry[a-z]{1,3}_[A-Za-z0-9]|eyJ[\w-]{8}", text)
