"""The JSON and JUnit documents: their form, and of all documents the bytes."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from harness.events import read_events
from harness.report.json_report import render_json
from harness.report.junit import render_junit
from harness.report.text import visible
from harness.resources import locate
from harness.scenario.loader import load_scenarios
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess, Loopback, read_description
from tests.report.artefacts import render_all
from tests.report.runs import planned, played, wicked

RUNS = [played, planned, wicked]


def test_json_has_every_event() -> None:
    run = played()
    data = json.loads(render_json(run))
    assert data["counts"] == {"passed": 1, "failed": 1, "inconclusive": 1, "planned": 0}
    assert (data["format"], data["target"], data["seed"]) == (1, "in process", "0")
    good, bad, nobody = data["results"]
    assert good["checks"] == {"held": 1, "all": 1}
    assert bad["reason"] == "step 1, mel calls (line 9): status, json"
    assert nobody["events"][-1]["outcome"] == "inconclusive"
    for result, entry in zip(run.results, data["results"], strict=True):
        assert [event.as_json() for event in read_events(entry["events"])] == list(result.events)


@pytest.mark.parametrize("make", RUNS)
def test_json_is_utf_8(make: object) -> None:
    text = render_json(make())  # type: ignore[operator]
    assert json.loads(text.encode())
    assert text.endswith("}\n")


# The elements of Jenkins' junit-10.xsd that we use: their attributes (required first), and
# their children in order.
XSD = {
    "testsuites": (set(), {"name", "tests", "failures", "errors"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        set(),
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": (
        {"name", "classname"},
        {"assertions"},
        ["skipped", "error", "failure", "system-out", "system-err"],
    ),
    "failure": (set(), {"type", "message"}, []),
    "error": (set(), {"type", "message"}, []),
    "skipped": (set(), {"message"}, []),
    "system-out": (set(), set(), []),
}


def validate(element: ElementTree.Element) -> None:
    required, allowed, children = XSD[element.tag]
    assert required <= set(element.keys()) <= required | allowed, element.tag
    order = [children.index(child.tag) for child in element]
    assert order == sorted(order), element.tag
    for child in element:
        validate(child)


@pytest.mark.parametrize("make", RUNS)
def test_junit_fits_its_schema(make: object) -> None:
    text = render_junit(make())  # type: ignore[operator]
    root = ElementTree.fromstring(text.encode())  # noqa: S314 - our own document
    validate(root)


def test_junit_counts_and_tells() -> None:
    root = ElementTree.fromstring(render_junit(played()))  # noqa: S314 - our own document
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    good, bad, nobody = root.iter("testcase")
    assert [child.tag for child in good] == ["system-out"]
    failure, error = bad.find("failure"), nobody.find("error")
    assert failure is not None
    assert error is not None
    assert failure.get("message") == "step 1, mel calls (line 9): status, json"
    text = failure.text or ""
    assert "expected: 418" in text
    assert 'at /slug: expected "nothing", came "acme"' in text
    assert "GET http://sentry.test/api/0/organizations/acme/" in text
    assert "HTTP 200" in text
    assert (error.get("type"), error.get("message", "")[:6]) == ("inconclusive", "nobody")


def test_junit_takes_what_xml_cannot_write() -> None:
    text = render_junit(wicked())
    assert "\\x1b[2J" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]", text)


def test_junit_makes_a_suite_of_each_folder() -> None:
    run = run_scenarios(load_scenarios(["approve", "denied-write"]), InProcess())
    root = ElementTree.fromstring(render_junit(run))  # noqa: S314 - our own document
    assert [suite.get("name") for suite in root] == ["scenarios.flow"]
    assert {case.get("classname") for case in root.iter("testcase")} == {"scenarios.flow"}


def test_what_is_hidden_is_shown_by_escapes() -> None:
    assert visible("a\x1bb\x00c\u202ed\x85e\rf\ud800") == "a\\x1bb\\x00c\\u202ed\\x85e\\x0df\\ud800"
    assert visible("tab\tline\nü €") == "tab\tline\nü €"


def some() -> Run:
    names = ["approve-and-remint", "agent-cannot-approve", "viewer-context-mints", "token-expiry"]
    return run_scenarios(load_scenarios(names), InProcess(), seed=3)


def test_the_same_seed_gives_the_same_bytes() -> None:
    scenarios = load_scenarios(["approve", "denied-write", "decision-records", "csrf-on-approval"])
    one = run_scenarios(scenarios, InProcess(), seed=3)
    two = run_scenarios(scenarios, InProcess(), seed=3, jobs=2)
    assert render_all(one) == render_all(two)


@pytest.mark.parametrize("target", [InProcess(), Loopback()], ids=["in process", "loopback"])
def test_no_document_holds_a_secret(target: InProcess | Loopback) -> None:
    """Every secret of the world, and every one that was made on the way."""
    scenarios = load_scenarios([str(locate("scenarios") / "flow")])
    run = run_scenarios(scenarios, target, seed=3)
    documents = "".join(render_all(run).values())
    with target.open("two-organizations", 3) as venue:
        description = read_description(venue.description.model_dump(by_alias=True))
    secrets = [description.sentry.secret, description.control and description.control.token]
    for user in description.users:
        secrets += [user.password, user.token]
    for held in (*description.organization_tokens, *description.integration_tokens):
        secrets.append(held.token)
    secrets += [own.token for own in description.user_tokens]
    known = [secret for secret in secrets if secret]
    assert len(known) > 20
    assert [secret for secret in known if secret in documents] == []
    # No part of one either, and nothing that was minted, signed or set as a cookie.
    assert [secret for secret in known if secret[-16:] in documents] == []
    assert re.findall(r"eyJ[\w-]{8,}", documents) == []
    assert re.findall(r"sentrysid=(?!<|;|\\|\$SESSION_COOKIE)[^\"]+", documents) == []
    assert re.findall(r"sntry[a-z]+_[0-9a-f]{8,}", documents) == []
    assert "<agent token 1>" in documents
    assert "<session cookie 1>" in documents
