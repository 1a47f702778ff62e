"""The application's log over the control API: its own lines, and nobody else's."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest

from harness.log import LogLines, start_capture, written_to
from tests.sentry.callers import Sentry, bearer
from tests.sentry.conftest import Make


def lines_of(sentry: Sentry, since: int = 0) -> list[dict[str, Any]]:
    control = bearer(sentry.deployment.secrets.control or "")
    answer = sentry.send("GET", f"/control/log/?since={since}", control)
    assert answer.status_code == 200
    lines: list[dict[str, Any]] = answer.json["lines"]
    return lines


def test_each_application_has_its_own(make_sentry: Make) -> None:
    one, other = make_sentry(), make_sentry()
    one.send("GET", "/api/0/", bearer("sntryag_a.b.c"))
    texts = [line["text"] for line in lines_of(one)]
    assert texts[0].startswith("agent_token.refused reason=")
    assert texts[1].startswith('decision {"id": 1')
    assert {line["logger"] for line in lines_of(one)} == {
        "harness.sentry.agent",
        "harness.sentry.audit",
    }
    assert lines_of(other) == []


def test_lines_are_numbered_and_asked_for_from_a_number(make_sentry: Make) -> None:
    sentry = make_sentry()
    for _ in range(3):
        sentry.send("GET", "/api/0/", ())
    assert [line["id"] for line in lines_of(sentry)] == [1, 2, 3]
    assert [line["id"] for line in lines_of(sentry, 2)] == [3]


@pytest.mark.parametrize("since", ["x", "-1", "1.0", "٣"])
def test_what_is_no_number(make_sentry: Make, since: str) -> None:
    sentry = make_sentry()
    control = bearer(sentry.deployment.secrets.control or "")
    assert sentry.send("GET", f"/control/log/?since={since}", control).status_code == 400


def test_a_reset_forgets_them(make_sentry: Make) -> None:
    sentry = make_sentry()
    sentry.send("GET", "/api/0/", ())
    sentry.deployment.reset()
    assert lines_of(sentry) == []


def test_there_is_an_end_to_them() -> None:
    lines = LogLines(size=2)
    for number in range(3):
        lines.add(record_of("line %s", number))
    assert [(line["id"], line["text"]) for line in lines.since(0)] == [(2, "line 1"), (3, "line 2")]
    lines.add(record_of("x" * 100_000))
    assert len(lines.since(3)[0]["text"]) == 20_000
    lines.clear()
    assert lines.since(0) == []


def record_of(message: str, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("harness.sentry.x", level, "x.py", 1, message, args, None)


def test_a_traceback_is_kept_as_text() -> None:
    start_capture("sentry")
    lines = LogLines()
    logger = logging.getLogger("harness.sentry.test")
    with written_to(lines):
        try:
            raise ValueError("what went wrong")
        except ValueError:
            logger.exception("failed")
    (line,) = lines.since(0)
    assert line["level"] == "ERROR"
    assert line["text"].startswith("failed\nTraceback")
    assert line["text"].endswith("ValueError: what went wrong")


def test_outside_of_a_request_nothing_is_kept() -> None:
    start_capture("sentry")
    lines = LogLines()
    logging.getLogger("harness.sentry.test").info("nobody's")
    assert lines.since(0) == []


def test_errors_still_reach_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other handler is, logging's last resort says warnings and errors."""
    start_capture("sentry")
    stream = io.StringIO()
    last = logging.StreamHandler(stream)
    last.setLevel(logging.WARNING)
    monkeypatch.setattr(logging, "lastResort", last)
    logger = logging.getLogger("harness.sentry.test")
    above = logging.getLogger("harness.sentry")
    # Whatever ran before in this process may have left handlers, and lines being read.
    capture = [handler for handler in above.handlers if type(handler).__name__ == "_Capture"]
    monkeypatch.setattr(above, "handlers", capture)
    monkeypatch.setattr(above, "propagate", False)
    logger.warning("heard")
    logger.info("not heard")
    assert stream.getvalue() == "heard\n"
    logger.addHandler(other := logging.NullHandler())
    try:
        logger.warning("heard by the other")
    finally:
        logger.removeHandler(other)
    assert stream.getvalue() == "heard\n"
