"""HAR: what its specification requires, and times that nobody measured."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.report.har import render_har
from harness.scenario.loader import load_scenarios
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.report.runs import planned, played, wicked
from tests.scenario.theatre import StandIn, play_on

Json = dict[str, Any]

# The objects of HAR 1.2: what each requires; fields of our own begin with an underscore.
REQUIRED = {
    "log": {"version", "creator", "entries"},
    "creator": {"name", "version"},
    "page": {"startedDateTime", "id", "title", "pageTimings"},
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "request": {
        "method",
        "url",
        "httpVersion",
        "cookies",
        "headers",
        "queryString",
        "headersSize",
        "bodySize",
    },
    "response": {
        "status",
        "statusText",
        "httpVersion",
        "cookies",
        "headers",
        "content",
        "redirectURL",
        "headersSize",
        "bodySize",
    },
    "content": {"size", "mimeType"},
    "postData": {"mimeType", "params", "text"},
    "timings": {"send", "wait", "receive"},
    "pair": {"name", "value"},
}
ALLOWED = {
    "log": {"pages", "comment"},
    "entry": {"pageref", "comment"},
    "request": {"postData"},
    "content": {"text"},
    "cookie": {"path", "domain", "httpOnly", "secure", "sameSite"},
}


def demand(value: Json, form: str, *, more: str = "") -> None:
    own = {key for key in value if key.startswith("_")}
    required = REQUIRED[form]
    assert required <= value.keys() - own <= required | ALLOWED.get(more or form, set()), form


def read(run: Run) -> Json:
    """The log, which has the form of HAR 1.2."""
    log: Json = json.loads(render_har(run))["log"]
    demand(log, "log")
    demand(log["creator"], "creator")
    assert log["version"] == "1.2"
    pages = [page["id"] for page in log["pages"]]
    assert len(set(pages)) == len(pages) == len(run.results)
    for page in log["pages"]:
        demand(page, "page")
        datetime.fromisoformat(page["startedDateTime"])
    for entry in log["entries"]:
        demand(entry, "entry")
        assert entry["pageref"] in pages
        datetime.fromisoformat(entry["startedDateTime"])
        demand(entry["timings"], "timings")
        _read_messages(entry["request"], entry["response"])
    return log


def _read_messages(request: Json, response: Json) -> None:
    demand(request, "request")
    demand(response, "response")
    demand(response["content"], "content")
    if "postData" in request:
        demand(request["postData"], "postData")
    for pair in (*request["headers"], *response["headers"], *request["queryString"]):
        demand(pair, "pair")
    for cookie in (*request["cookies"], *response["cookies"]):
        demand(cookie, "pair", more="cookie")
    assert type(response["status"]) is int
    assert urlsplit(request["url"]).scheme in ("http", "https")


@pytest.mark.parametrize("make", [played, planned, wicked, lambda: Run("", "", [])])
def test_it_has_the_form_of_har(make: Any) -> None:
    read(make())


@pytest.fixture(scope="module")
def log() -> Json:
    names = ["approve", "grant-expiry"]
    return read(run_scenarios(load_scenarios(names), InProcess(), seed=3))


def test_an_entry_has_the_exchange_and_where_it_belongs(log: Json) -> None:
    entry = next(one for one in log["entries"] if one["_purpose"] == "sign in")
    posted = next(one for one in log["entries"] if one["request"]["method"] == "POST")
    assert entry["pageref"] == "page_1"
    assert log["pages"][0]["title"] == "approve: A signed-in user approves, for four hours (passed)"
    assert posted["request"]["postData"]["text"]
    assert posted["_curl"].startswith("curl -i -X POST")
    decided = [one for one in log["entries"] if "_decision" in one]
    assert decided[0]["_decision"]["decision"] == "allow"


def test_cookies_are_told_by_their_parts(log: Json) -> None:
    cookies = [cookie for one in log["entries"] for cookie in one["response"]["cookies"]]
    session = next(cookie for cookie in cookies if cookie["name"] == "sentrysid")
    assert session["value"] == "<session cookie 1>"
    assert (session["path"], session["httpOnly"], session["sameSite"]) == ("/", True, "Lax")
    shown = [cookie for one in log["entries"] for cookie in one["request"]["cookies"]]
    assert {"name": "sc", "value": "<CSRF token 1>"} in shown


def test_times_are_those_of_the_servers_clock_in_order(log: Json) -> None:
    for page in log["pages"]:
        times = [
            datetime.fromisoformat(one["startedDateTime"])
            for one in log["entries"]
            if one["pageref"] == page["id"]
        ]
        assert times == sorted(times)
        assert len(set(times)) == len(times)
        assert times[0].isoformat() == "2026-01-15T12:00:00+00:00"
    # The clock was moved by more than four hours, and nobody waited for it.
    assert (times[-1] - times[0]).total_seconds() > 4 * 3600
    assert {one["time"] for one in log["entries"]} == {0}


def test_without_a_clock_times_begin_at_nothing() -> None:
    result = play_on(StandIn(), "  - anonymous calls: {get: /x}\n    expect: {status: 404}\n")
    (entry,) = read(Run("a stand-in", "", [result]))["entries"]
    assert entry["startedDateTime"] == "1970-01-01T00:00:00.000Z"


def test_an_address_with_a_label_in_it_is_one() -> None:
    call = "anonymous calls: {get: '/x?token=canary-0123456789&a=%2F'}"
    steps = f"  - {call}\n    expect: {{status: 404}}\n"
    (entry,) = read(Run("a stand-in", "", [play_on(StandIn(), steps)]))["entries"]
    assert entry["request"]["url"] == "http://sentry.test/x?token=%3Ctoken%201%3E&a=%2F"
    assert {"name": "token", "value": "<token 1>"} in entry["request"]["queryString"]


def test_no_answer_is_status_0() -> None:
    entries = read(planned())["entries"]
    assert {one["response"]["status"] for one in entries} == {0}
    assert entries[0]["response"]["_error"] == "planned"
