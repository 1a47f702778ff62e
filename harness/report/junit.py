"""A run as JUnit XML, for CI servers.

One suite for each folder, one case for each scenario. A failed scenario is a failure;
one that could not be judged is an error, so that nobody takes it for passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from xml.etree import ElementTree

from harness.report.steps import describe_check, describe_exchange, read_steps
from harness.report.text import visible
from harness.scenario.result import Result, Run


def render_junit(run: Run) -> str:
    """The document; the same run gives the same bytes."""
    root = ElementTree.Element("testsuites", {"name": "seer-harness", **_counts(run.results)})
    suites: dict[str, list[Result]] = {}
    for result in run.results:
        suites.setdefault(_suite(result), []).append(result)
    for name, results in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": name, **_counts(results)})
        properties = ElementTree.SubElement(suite, "properties")
        for key, value in (("target", run.target), ("seed", run.seed)):
            if value:
                ElementTree.SubElement(
                    properties, "property", {"name": key, "value": visible(value)}
                )
        for result in results:
            _add_case(suite, name, result)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _counts(results: Sequence[Result]) -> dict[str, str]:
    outcomes = [result.outcome for result in results]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("inconclusive")),
    }


def _suite(result: Result) -> str:
    parent = PurePosixPath(result.file).parent
    parts = [visible(part) for part in parent.parts if part not in ("/", "..")]
    return ".".join(parts) or "scenarios"


def _add_case(suite: ElementTree.Element, name: str, result: Result) -> None:
    held, count = result.checks
    attributes = {"name": visible(result.scenario), "classname": name, "assertions": str(count)}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    if result.outcome in ("failed", "inconclusive"):
        tag = "failure" if result.outcome == "failed" else "error"
        fault = ElementTree.SubElement(
            case, tag, {"type": result.word, "message": visible(result.reason)}
        )
        fault.text = visible("\n".join(_tell(result)))
    elif result.outcome == "planned":
        ElementTree.SubElement(case, "skipped", {"message": "only planned"})
    out = ElementTree.SubElement(case, "system-out")
    out.text = visible(f"{result.title} ({held} of {count} checks held; {result.file})")


def _tell(result: Result) -> Iterator[str]:
    """The failed steps with what was expected and what was on the wire."""
    yield result.reason
    for view in read_steps(result):
        if not view.failed or view.step is None:
            continue
        yield ""
        yield f"step {view.step['index']}, line {view.step['line']}: {view.action}"
        for check in view.failed:
            yield f"  {check['name']}"
            yield from (f"    {heading}: {text}" for heading, text in describe_check(check))
        for exchange in view.of("exchange"):
            yield ""
            yield from (f"  {line}".rstrip() for line in describe_exchange(exchange))
