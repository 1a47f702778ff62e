"""A run as SARIF 2.1.0, for code scanning: a rule for each defence, a result for each broken one.

A result stands where the scenario says what was expected, and its code flow tells the steps
that led there, with what was on the wire. What could not be judged is a notification of the
invocation: code scanning takes every result for an alert, whatever its kind. With
`everything` it is a result of kind `open` or `notApplicable`, and what held one of kind `pass`.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from harness.defence import Defence
from harness.events import describe_route
from harness.report.sarif_rules import Rules
from harness.report.steps import Event, find_event, one_line, read_steps
from harness.report.text import visible, visible_data
from harness.report.wording import word_arguments, word_status
from harness.scenario.result import Result, Run

Json = dict[str, Any]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_ROOT = "%SRCROOT%"


def render_sarif(
    run: Run, defences: Mapping[str, Defence[..., Any]], *, everything: bool = False
) -> str:
    """The document; the same run gives the same bytes."""
    log = _Log(run, defences).describe(everything=everything)
    return json.dumps(visible_data(log), indent=1) + "\n"


class _Log:
    def __init__(self, run: Run, defences: Mapping[str, Defence[..., Any]]) -> None:
        self._run = run
        self._rules = Rules(defences, map(_attack_of, run.results))

    def describe(self, *, everything: bool) -> Json:
        results = self._run.results
        unsure = [result for result in results if result.outcome == "inconclusive"]
        failed = [result for result in results if result.outcome == "failed"]
        shown = [result for result in results if result.outcome != "planned"]
        invocation = {
            "executionSuccessful": True,
            "exitCode": self._run.exit_code,
            "toolExecutionNotifications": [self._notify(result) for result in unsure],
        }
        return {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": self._rules.driver()},
                    "automationDetails": {"id": "seer-harness/"},
                    "invocations": [invocation],
                    "originalUriBaseIds": {
                        _ROOT: {"description": {"text": "The folder that the scenarios are in."}}
                    },
                    "taxonomies": [self._rules.taxonomy()],
                    "columnKind": "utf16CodeUnits",
                    "results": [self._result(one) for one in (shown if everything else failed)],
                    "properties": {"target": self._run.target, "seed": self._run.seed},
                }
            ],
        }

    def _result(self, result: Result) -> Json:
        attack = _attack_of(result)
        rule = self._rules.refer(attack)
        kind = _kind(result)
        level = _LEVELS.get(attack.get("severity", ""), "error") if kind == "fail" else "none"
        shown: Json = {
            "ruleId": rule["id"],
            "ruleIndex": rule["index"],
            "kind": kind,
            "level": level,
            "message": {"text": _escape(_message(result))},
            "locations": [_location(result.file, _line(result), result.scenario)],
            "partialFingerprints": {"scenario/v1": _fingerprint(result, rule["id"])},
            "properties": _properties(result, attack),
        }
        if cwe := attack.get("cwe"):
            shown["properties"]["tags"] = ["security", f"external/cwe/cwe-{cwe:03d}"]
        if kind == "fail":
            shown["codeFlows"] = [{"threadFlows": [{"locations": list(_flow(result))}]}]
        return shown

    def _notify(self, result: Result) -> Json:
        return {
            "level": "warning",
            "message": {"text": _escape(_message(result))},
            "associatedRule": self._rules.refer(_attack_of(result)),
            "locations": [_location(result.file, _line(result), result.scenario)],
        }


def _attack_of(result: Result) -> Mapping[str, Any]:
    return find_event(result, "started").get("attack") or {}


def _kind(result: Result) -> str:
    if result.outcome == "inconclusive":
        played = any(event["kind"] == "exchange" for event in result.events)
        return "open" if played else "notApplicable"
    return "fail" if result.outcome == "failed" else "pass"


def _message(result: Result) -> str:
    if result.outcome == "passed":
        return f"{result.title}: as expected."
    words = {"broken": "the attack succeeded", "failed": "not as expected"}
    said = [
        f"{result.title}: {words.get(result.word, 'could not be judged')}.",
        f"{result.reason}.",
    ]
    return " ".join([*said, *map(_complain, _failed(result))])


def _complain(check: Event) -> str:
    """What is wrong; values that are no words stand in the properties."""
    if check["message"]:
        return f"{check['name']}: {check['message']}."
    expected, came = check["expected"], check["came"]
    if isinstance(expected, dict | list) or isinstance(came, dict | list):
        return f"{check['name']}: not as expected."
    return f"{check['name']}: expected {one_line(expected)}, came {one_line(came)}."


def _failed(result: Result) -> list[Event]:
    return [event for event in result.events if event["kind"] == "check" and not event["passed"]]


def _properties(result: Result, attack: Mapping[str, Any]) -> Json:
    checks = [
        {
            "name": check["name"],
            "expected": one_line(check["expected"]),
            "came": one_line(check["came"]),
            "message": check["message"],
        }
        for check in _failed(result)
    ]
    return {"scenario": result.scenario, "outcome": result.word, "failedChecks": checks} | (
        {"attack": dict(attack)} if attack else {}
    )


def _fingerprint(result: Result, rule: str) -> str:
    parts = f"{result.file}\0{result.scenario}\0{rule}"
    return hashlib.sha256(parts.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _line(result: Result) -> int:
    """Where the failed step stands; else where the last one does."""
    steps = [view for view in read_steps(result) if view.step is not None]
    failed = [view for view in steps if view.failed]
    for view in [*failed[:1], *steps[-1:]]:
        if view.step is not None and view.step["line"]:
            return int(view.step["line"])
    return 1


def _location(file: str, line: int, scenario: str, message: str = "") -> Json:
    location: Json = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(visible(file)), "uriBaseId": _ROOT},
            "region": {"startLine": line},
        },
        "logicalLocations": [{"name": scenario, "kind": "scenario"}],
    }
    return location | ({"message": {"text": _escape(message)}} if message else {})


def _flow(result: Result) -> Iterator[Json]:
    """The steps, and under each its exchanges."""
    for view in read_steps(result):
        line = 1
        if view.step is not None:
            line = int(view.step["line"] or 1)
            told = f"{view.action} {word_arguments(view.step['arguments'])}"
            yield {
                "location": _location(result.file, line, result.scenario, told),
                "nestingLevel": 0,
                "importance": "essential" if view.failed else "important",
            }
        for exchange in view.of("exchange"):
            status = "no answer" if exchange["status"] is None else exchange["status"]
            who = describe_route(exchange) or exchange["actor"]
            told = f"{who}: {exchange['method']} {exchange['url']}: {status}"
            aside = exchange["purpose"] != "step"
            yield {
                "location": _location(result.file, line, result.scenario, told),
                "nestingLevel": 1,
                "importance": "unimportant" if aside else "important",
                "webRequest": _request(exchange),
                "webResponse": _response(exchange),
                "properties": {"purpose": exchange["purpose"]},
            }


def _request(exchange: Event) -> Json:
    return {
        "protocol": urlsplit(exchange["url"]).scheme,
        "version": "1.1",
        "method": exchange["method"],
        "target": exchange["url"],
        "headers": _headers(exchange["request_headers"]),
        "body": {"text": exchange["request_body"]},
    }


def _response(exchange: Event) -> Json:
    if exchange["status"] is None:
        return {"noResponseReceived": True}
    return {
        "statusCode": exchange["status"],
        "reasonPhrase": word_status(exchange["status"]),
        "headers": _headers(exchange["response_headers"]),
        "body": {"text": exchange["response_body"]},
    }


def _headers(pairs: Sequence[Sequence[str]]) -> dict[str, str]:
    """SARIF has one value for each name."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _escape(text: str) -> str:
    r"""`text` where SARIF allows placeholders `{0}` and links `[text](target)`."""
    return re.sub(r"([\[\]\\])", r"\\\1", text).replace("{", "{{").replace("}", "}}")
