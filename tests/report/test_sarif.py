"""SARIF: what its schema requires, what code scanning reads, and what our verdicts become."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import unquote

import pytest

from harness.defence import DEFENCES
from harness.report.sarif import render_sarif
from harness.report.sarif_rules import EXPECTATION
from harness.report.sources import link_source
from harness.scenario.loader import load_scenarios
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.report.runs import planned, played, wicked

Json = dict[str, Any]

# The objects of SARIF 2.1.0 that we write: their required keys, then the others that we use
# with the object that each holds, or the type of its value.
OBJECTS: dict[str, tuple[Json, Json]] = {
    "log": ({"version": str, "runs": ["run"]}, {"$schema": str}),
    "run": (
        {"tool": "tool"},
        {
            "automationDetails": "details",
            "invocations": ["invocation"],
            "originalUriBaseIds": dict,
            "taxonomies": ["component"],
            "columnKind": str,
            "results": ["result"],
            "properties": dict,
        },
    ),
    "tool": ({"driver": "component"}, {}),
    "details": ({}, {"id": str}),
    "component": (
        {"name": str},
        {
            "semanticVersion": str,
            "organization": str,
            "shortDescription": "message",
            "informationUri": str,
            "isComprehensive": bool,
            "rules": ["rule"],
            "taxa": ["rule"],
            "supportedTaxonomies": ["component reference"],
        },
    ),
    "component reference": ({}, {"name": str, "index": int}),
    "rule": (
        {"id": str},
        {
            "name": str,
            "shortDescription": "message",
            "fullDescription": "message",
            "help": "message",
            "helpUri": str,
            "defaultConfiguration": "configuration",
            "relationships": ["relationship"],
            "properties": dict,
        },
    ),
    "configuration": ({}, {"level": str}),
    "relationship": ({"target": "reference"}, {"kinds": [str]}),
    "reference": ({}, {"id": str, "index": int, "toolComponent": "component reference"}),
    "message": ({"text": str}, {"markdown": str}),
    "invocation": (
        {"executionSuccessful": bool},
        {"exitCode": int, "toolExecutionNotifications": ["notification"]},
    ),
    "notification": (
        {"message": "message"},
        {"level": str, "associatedRule": "reference", "locations": ["location"]},
    ),
    "result": (
        {"message": "message"},
        {
            "ruleId": str,
            "ruleIndex": int,
            "kind": str,
            "level": str,
            "locations": ["location"],
            "partialFingerprints": dict,
            "codeFlows": ["code flow"],
            "properties": dict,
        },
    ),
    "location": (
        {},
        {"physicalLocation": "place", "logicalLocations": ["logical"], "message": "message"},
    ),
    "place": ({}, {"artifactLocation": "artifact", "region": "region"}),
    "artifact": ({}, {"uri": str, "uriBaseId": str}),
    "region": ({}, {"startLine": int}),
    "logical": ({}, {"name": str, "kind": str}),
    "code flow": ({"threadFlows": ["thread flow"]}, {}),
    "thread flow": ({"locations": ["step"]}, {}),
    "step": (
        {},
        {
            "location": "location",
            "nestingLevel": int,
            "importance": str,
            "webRequest": "request",
            "webResponse": "response",
            "properties": dict,
        },
    ),
    "request": (
        {},
        {
            "protocol": str,
            "version": str,
            "method": str,
            "target": str,
            "headers": dict,
            "body": "content",
        },
    ),
    "response": (
        {},
        {
            "statusCode": int,
            "reasonPhrase": str,
            "headers": dict,
            "body": "content",
            "noResponseReceived": bool,
        },
    ),
    "content": ({}, {"text": str}),
}
WORDS = {
    "kind": {"notApplicable", "pass", "fail", "review", "open", "informational", "scenario"},
    "level": {"none", "note", "warning", "error"},
    "importance": {"important", "essential", "unimportant"},
    "columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
    "version": {"2.1.0", "1.1"},
}


def validate(value: Any, form: Any, place: str) -> None:
    """Raises AssertionError where `value` is not what SARIF wants there."""
    if isinstance(form, list):
        assert isinstance(value, list), place
        for index, inner in enumerate(value):
            validate(inner, form[0], f"{place}/{index}")
    elif isinstance(form, type):
        assert type(value) is form, place
        assert not isinstance(value, int) or value >= 0, place
    else:
        required, others = OBJECTS[form]
        assert isinstance(value, dict), place
        assert required.keys() <= value.keys() <= required.keys() | others.keys(), place
        for key, inner in value.items():
            validate(inner, (required | others)[key], f"{place}/{key}")
            if key in WORDS:
                assert inner in WORDS[key], f"{place}/{key}"


def read(run: Run, *, everything: bool = False) -> Json:
    """The one run of the document, which is what SARIF wants."""
    log = json.loads(render_sarif(run, DEFENCES, everything=everything))
    validate(log, "log", "")
    assert len(log["runs"]) == 1
    read_run: Json = log["runs"][0]
    return read_run


@cache
def broken() -> Run:
    return run_scenarios(
        load_scenarios(["forged-scopes"]), InProcess(weaknesses=("signature-not-checked",))
    )


@cache
def held() -> Run:
    return run_scenarios(load_scenarios(["forged-scopes"]), InProcess())


@pytest.mark.parametrize("make", [played, planned, wicked, broken, held, lambda: Run("", "", [])])
@pytest.mark.parametrize("everything", [False, True])
def test_it_has_the_form_of_sarif(make: Any, everything: bool) -> None:
    read(make(), everything=everything)


def test_each_defence_is_a_rule() -> None:
    driver = read(held())["tool"]["driver"]
    rules = driver["rules"]
    ids = [rule["id"] for rule in rules]
    assert ids == [*sorted(DEFENCES), EXPECTATION]
    assert len(set(ids)) == len(ids)
    rule = rules[ids.index("agent-token.signature")]
    assert rule["name"] == "AgentTokenSignature"
    assert rule["shortDescription"]["text"] == DEFENCES["agent-token.signature"].title
    assert rule["helpUri"] == "https://www.rfc-editor.org/rfc/rfc8725#section-3.1"
    assert "An unsigned token" in rule["help"]["text"] or "- " in rule["help"]["markdown"]
    # What code scanning sorts and labels by.
    assert {"security", "external/cwe/cwe-347"} <= set(rule["properties"]["tags"])
    assert rule["properties"]["security-severity"] == "9.5"
    assert "signature-not-checked" in rule["properties"]["weaknesses"]
    for rule in rules:
        assert rule["help"]["text"]
        assert rule["fullDescription"]["text"].endswith(".")


def test_each_cwe_of_a_rule_is_in_the_taxonomy() -> None:
    run = read(held())
    (taxonomy,) = run["taxonomies"]
    assert run["tool"]["driver"]["supportedTaxonomies"] == [{"name": "CWE", "index": 0}]
    for rule in run["tool"]["driver"]["rules"]:
        for relationship in rule.get("relationships", ()):
            target = relationship["target"]
            assert taxonomy["taxa"][target["index"]]["id"] == target["id"]
    assert all(re.fullmatch(r"\d+", taxon["id"]) for taxon in taxonomy["taxa"])


def test_a_broken_attack_is_a_result_with_its_evidence() -> None:
    run = read(broken())
    (result,) = run["results"]
    assert (result["kind"], result["level"]) == ("fail", "error")
    assert result["ruleId"] == "agent-token.signature"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    place = result["locations"][0]["physicalLocation"]
    file = unquote(place["artifactLocation"]["uri"])
    assert file == "scenarios/attack/forged-scopes.yaml"
    line = place["region"]["startLine"]
    assert f"(line {line})" in result["message"]["text"]
    assert "expected 401, came 200" in result["message"]["text"]
    assert result["properties"]["attack"]["severity"] == "critical"
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["importance"] for step in steps].count("essential") == 1
    last = [step for step in steps if "webResponse" in step][-1]
    assert last["webResponse"]["statusCode"] == 200
    assert last["webRequest"]["headers"]["Authorization"] == "Bearer <agent token 2>"
    assert run["invocations"][0]["exitCode"] == 1


def test_code_scanning_gets_alerts_for_faults_only() -> None:
    assert read(held())["results"] == []
    run = read(played())
    assert [result["properties"]["scenario"] for result in run["results"]] == ["bad"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == (EXPECTATION, "error")
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["level"] == "warning"
    assert "nobody in this target can be kim" in notice["message"]["text"]


def test_everything_has_the_kinds_of_sarif() -> None:
    results = read(played(), everything=True)["results"]
    kinds = {
        result["properties"]["scenario"]: (result["kind"], result["level"]) for result in results
    }
    assert kinds == {
        "good": ("pass", "none"),
        "bad": ("fail", "error"),
        "nobody": ("notApplicable", "none"),
    }
    (result,) = read(held(), everything=True)["results"]
    assert (result["kind"], result["properties"]["outcome"]) == ("pass", "held")


def test_a_result_is_known_again() -> None:
    (one,), (two,) = read(broken())["results"], read(broken())["results"]
    assert one["partialFingerprints"] == two["partialFingerprints"]
    text = render_sarif(broken(), DEFENCES)
    assert text == render_sarif(broken(), DEFENCES)
    assert text.isascii()


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("getsentry/sentry#118539", "https://github.com/getsentry/sentry/pull/118539"),
        ("RFC 7519 section 4.1.4", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4"),
        ("RFC 6749", "https://www.rfc-editor.org/rfc/rfc6749"),
        ("CWE-601", "https://cwe.mitre.org/data/definitions/601.html"),
        (
            "OWASP API10:2023",
            "https://owasp.org/API-Security/editions/2023/en/0xaa-unsafe-consumption-of-apis/",
        ),
        (
            "OWASP Authentication",
            "https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html",
        ),
        ("OWASP API99:2023", "https://owasp.org/"),
        ("somebody's word", None),
    ],
)
def test_a_source_has_an_address(source: str, address: str | None) -> None:
    assert link_source(source) == address


def test_the_source_of_every_defence_can_be_read() -> None:
    assert [one.source for one in DEFENCES.values() if link_source(one.source) is None] == []
