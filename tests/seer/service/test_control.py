"""The control API of Seer: closed without its token, and what it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.network import Network
from harness.seer import Settings, create_app
from harness.seer.agent.actions import Execute, Request, Say
from tests.seer.service.conftest import MakeHouse
from tests.seer.service.house import CONTROL, READ, SECRET, House, acting

OPERATIONS = [
    ("PUT", "direction/"),
    ("POST", "settle/"),
    ("GET", "audit/"),
    ("GET", "log/"),
    ("POST", "reset/"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_it_is_closed_without_its_token(house: House, method: str, path: str) -> None:
    house.chat(1)
    house.settle()
    for shown in (
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {CONTROL}x",
        f"Bearer {CONTROL[:-1]}",
        f"Bearer  {CONTROL}",
        f"Basic {CONTROL}",
        CONTROL,
        f"Bearer {SECRET}",
        "Bearer \xe9",
        f"Bearer {CONTROL}, Bearer {CONTROL}",
    ):
        headers = {} if shown is None else {"Authorization": shown}
        answer = house.client.open(f"/control/{path}", method=method, headers=headers)
        assert (answer.status_code, answer.get_json()) == (401, {"detail": "Unauthorized"})
    assert house.state(1)["status"] == "completed"
    good = {"Authorization": f"bearer {CONTROL}"}
    assert house.client.get("/control/audit/", headers=good).status_code == 200


def test_it_is_not_there_where_no_token_was_set(make_house: MakeHouse) -> None:
    for token in (None, ""):
        house = make_house(control_token=token)
        for shown in ("Bearer ", f"Bearer {CONTROL}", "Bearer None"):
            for method, path in OPERATIONS:
                answer = house.client.open(
                    f"/control/{path}", method=method, headers={"Authorization": shown}
                )
                assert answer.status_code == 404


def test_what_it_does_not_have_is_missing(house: House) -> None:
    for method, path in (("GET", "/direction/"), ("POST", "/other/"), ("GET", "/audit")):
        assert house.control(method, path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/direction/", []),
        ("PUT", "/direction/", {"script": 7}),
        ("PUT", "/direction/", {"script": None, "headers": []}),
        ("PUT", "/direction/", {"headers": {"Cookie": 7}}),
        ("PUT", "/direction/", {"canary": 1}),
        ("POST", "/settle/", {"timeout": 0}),
        ("POST", "/settle/", {"timeout": -1}),
        ("POST", "/settle/", {"timeout": 61}),
        ("POST", "/settle/", {"timeout": "NaN"}),
        ("POST", "/settle/", {"timeout": None}),
        ("POST", "/settle/", {"forever": True}),
        ("POST", "/settle/", "now"),
    ],
)
def test_a_body_of_the_wrong_kind_is_refused(
    house: House, method: str, path: str, body: Any
) -> None:
    answer = house.control(method, path, body)
    assert answer.status_code == 400, answer.text
    assert set(answer.get_json()) == {"detail"}


@pytest.mark.parametrize("since", ["", "-1", "x", "1.5", "\u0663", "9" * 12, "1 "])
def test_a_number_that_is_none_is_refused(house: House, since: str) -> None:
    for path in ("audit", "log"):
        answer = house.control("GET", f"/{path}/?since={since}")
        assert answer.status_code == 400


def test_entries_are_told_from_a_number_on(house: House) -> None:
    for run_id in (1, 2, 3):
        house.state(run_id)
    assert [entry["id"] for entry in house.audit()] == [1, 2, 3]
    later = house.control("GET", "/audit/?since=2").get_json()["entries"]
    assert [(entry["id"], entry["run"], entry["name"]) for entry in later] == [(3, "3", "state")]
    assert later[0]["time"] == house.clock.now().isoformat()
    assert (later[0]["user"], later[0]["organization"], later[0]["decision"]) == (
        "7",
        "42",
        "allow",
    )


def test_a_script_that_is_not_known_is_not_found(house: House) -> None:
    answer = house.control("PUT", "/direction/", {"script": "rename-the-organisation"})
    assert answer.status_code == 404
    assert answer.get_json() == {"detail": "There is no script 'rename-the-organisation'."}
    long = house.control("PUT", "/direction/", {"script": "x" * 5000})
    assert len(long.get_json()["detail"]) < 150


def test_directed_runs_follow_the_script_and_others_their_query(house: House) -> None:
    told = house.control("PUT", "/direction/", {"script": "count-unresolved-issues"})
    assert told.get_json() == {"script": "count-unresolved-issues", "authority": "agent token"}
    house.chat(1, "Hello")
    house.settle()
    # What the script's user would not have asked is no script of theirs.
    assert house.said(1)[-1]
    house.control("PUT", "/direction/", {})
    house.chat(2, "Hello")
    house.settle()
    assert house.said(2)[0].startswith("I do not know how to do that.")


def test_a_directed_script_needs_the_words_that_its_query_leaves_open(house: House) -> None:
    house.control("PUT", "/direction/", {"script": "rename-the-organization"})
    assert house.chat(1, "Hello").status_code == 200
    house.settle()
    assert house.said(1) == [
        "I do not know how to do that. You can ask me:\nRename this organization to {name}"
    ]
    assert house.state(1)["status"] == "completed"


def test_a_session_is_shown_by_directed_runs_and_told_nowhere(house: House) -> None:
    cookie, csrf = "sentrysid=canary-of-session; sc=canary-of-csrf", "canary-of-csrf"
    headers = {"Cookie": cookie, "X-CSRFToken": csrf}
    told = house.control("PUT", "/direction/", {"headers": headers})
    assert told.get_json() == {"script": None, "authority": "session"}
    outside = Execute(Request("GET", f"https://outside.test/?{csrf}"))
    house.agents["go"] = acting(
        Execute(READ), outside, Say(f"{cookie} or canary-of-session"), Execute(Request("GET", csrf))
    )
    house.chat(1, "go", user_auth_token="sntryu_handed")
    house.settle()
    assert house.sentry.seen[0].headers["cookie"] == cookie
    assert house.sentry.seen[0].headers["x-csrftoken"] == csrf
    assert "authorization" not in house.sentry.seen[0].headers
    assert [passage["server"] for passage in house.network.since(0)][:2] == ["sentry", "outside"]
    shown = json.dumps([house.state(1), house.audit(), house.log()])
    assert "canary" not in shown


def test_a_reset_forgets_runs_calls_entries_lines_and_the_direction(house: House) -> None:
    body = json.dumps(house.payload(1)).encode()
    assert house.send("state", body, house.headers(body)).status_code == 200
    house.control("PUT", "/direction/", {"script": "invite-an-owner", "headers": {"Cookie": "a=b"}})
    house.chat(1)
    house.settle()
    assert house.control("POST", "/reset/").get_json() == {"reset": True}
    assert house.audit() == []
    assert house.log() == []
    assert house.send("state", body, house.headers(body)).get_json() == {"session": None}
    house.chat(1)
    house.settle()
    assert house.said(1)[0].startswith("I do not know how to do that.")


def test_settling_takes_no_body_too(house: House) -> None:
    assert house.control("POST", "/settle/").get_json() == {"settled": True}


@pytest.mark.parametrize("short", [{"secret": "s" * 31}, {"control_token": "c" * 31}])
def test_a_secret_that_is_too_short_is_refused(short: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fewer than 32 bytes") as told:
        create_app(Settings(**short), list, Network())
    assert "sss" not in str(told.value)
    assert "ccc" not in str(told.value)


def test_settings_are_not_printed_with_their_secrets() -> None:
    shown = repr(Settings(secret=SECRET, control_token=CONTROL))
    assert SECRET not in shown
    assert CONTROL not in shown
