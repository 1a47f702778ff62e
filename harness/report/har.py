"""A run as HAR 1.2, to be opened in the developer tools of a browser.

Each scenario is a page and each exchange an entry of it. Times are those of the server's
clock, as its decision records tell them, and one millisecond is added for each entry, so
that a viewer keeps them in order; no time was measured. Fields of our own begin with `_`.

Source: HTTP Archive (HAR) format 1.2, http://www.softwareishard.com/blog/har-12-spec/.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from harness.events import describe_route
from harness.report.curl import render_curl
from harness.report.decisions import pair_decisions
from harness.report.steps import Event, StepView, read_steps
from harness.report.text import visible, visible_data
from harness.report.wording import word_status
from harness.scenario.control import parse_time
from harness.scenario.result import Result, Run

Json = dict[str, Any]

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)
_VERSION = "HTTP/1.1"


def render_har(run: Run) -> str:
    """The document; the same run gives the same bytes."""
    pages: list[Json] = []
    entries: list[Json] = []
    for number, result in enumerate(run.results, 1):
        page = f"page_{number}"
        own = list(_entries(result, page))
        start = own[0]["startedDateTime"] if own else _iso(_NO_TIME)
        pages.append(
            {
                "startedDateTime": start,
                "id": page,
                "title": f"{result.scenario}: {result.title} ({result.word})",
                "pageTimings": {},
            }
        )
        entries += own
    version = importlib.metadata.version("seer-harness")
    log = {
        "version": "1.2",
        "creator": {"name": "seer-harness", "version": version},
        "pages": pages,
        "entries": entries,
        "comment": f"Target: {run.target}. Times are those of the server's clock, a millisecond"
        " apart; none was measured.",
    }
    return json.dumps(visible_data({"log": log}), indent=1) + "\n"


def _entries(result: Result, page: str) -> Iterator[Json]:
    """The exchanges of a scenario, in order."""
    clock = _Clock(result)
    for number, (view, exchange) in enumerate(clock.exchanges):
        step = view.step or {}
        entry: Json = {
            "pageref": page,
            "startedDateTime": _iso(clock.read(exchange) + number * _TICK),
            "time": 0,
            "request": _request(exchange),
            "response": _response(exchange),
            "cache": {},
            "timings": {"send": 0, "wait": 0, "receive": 0},
            "_scenario": result.scenario,
            "_actor": exchange["actor"],
            "_server": exchange["server"],
            "_purpose": exchange["purpose"],
            "_step": step.get("index"),
            "_line": step.get("line"),
            "_curl": render_curl(exchange),
        }
        if route := describe_route(exchange):
            entry["comment"] = route
        if decision := clock.decisions.get(exchange["number"]):
            entry["_decision"] = decision["record"]
        yield entry


class _Clock:
    """What time it is at the server at each exchange of a scenario, as far as that is known."""

    def __init__(self, result: Result) -> None:
        self.exchanges: list[tuple[StepView, Event]] = []
        self.decisions: dict[int, Event] = {}
        for view in read_steps(result):
            self.exchanges += [(view, exchange) for exchange in view.of("exchange")]
            self.decisions |= pair_decisions(view.events)
        self.exchanges.sort(key=lambda pair: int(pair[1]["number"]))
        times = (self._tell(exchange) for _, exchange in self.exchanges)
        self._now = next((time for time in times if time is not None), _NO_TIME)

    def read(self, exchange: Event) -> datetime:
        """The time at an exchange; to be asked in their order."""
        self._now = self._tell(exchange) or self._now
        return self._now

    def _tell(self, exchange: Event) -> datetime | None:
        if decision := self.decisions.get(exchange["number"]):
            record = decision["record"]
            return parse_time(record.get("time")) if isinstance(record, dict) else None
        if exchange["server"] != "sentry":
            return None
        if urlsplit(exchange["url"]).path.endswith("/control/clock/"):
            answer = _read_json(exchange["response_body"])
            return parse_time(answer.get("now")) if isinstance(answer, dict) else None
        return None


def _request(exchange: Event) -> Json:
    url, headers, body = exchange["url"], exchange["request_headers"], exchange["request_body"]
    request: Json = {
        "method": exchange["method"],
        "url": _valid_url(url),
        "httpVersion": _VERSION,
        "cookies": [
            {"name": name.strip(), "value": value.strip()}
            for text in _values(headers, "cookie")
            for name, _, value in (part.partition("=") for part in text.split(";"))
        ],
        "headers": _headers(headers),
        "queryString": _query(urlsplit(url).query),
        "headersSize": -1,
        # What was sent had the secrets in it, so that its size is not that of this text.
        "bodySize": -1,
    }
    if body:
        request["postData"] = {"mimeType": _type(headers), "params": [], "text": body}
    return request


def _response(exchange: Event) -> Json:
    status, headers = exchange["status"], exchange["response_headers"]
    body = exchange["response_body"]
    response: Json = {
        "status": status or 0,
        "statusText": word_status(status),
        "httpVersion": _VERSION,
        "cookies": [
            cookie for text in _values(headers, "set-cookie") for cookie in _set_cookies(text)
        ],
        "headers": _headers(headers),
        "content": {
            "size": len(body.encode("utf-8", "surrogatepass")),
            "mimeType": _type(headers),
            "text": body,
        },
        "redirectURL": next(iter(_values(headers, "location")), ""),
        "headersSize": -1,
        "bodySize": -1,
    }
    return response if status is not None else response | {"_error": exchange["error"] or ""}


def _headers(pairs: Sequence[Sequence[str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]


def _values(pairs: Sequence[Sequence[str]], wanted: str) -> list[str]:
    return [value for name, value in pairs if name.lower() == wanted]


def _type(headers: Sequence[Sequence[str]]) -> str:
    return next(iter(_values(headers, "content-type")), "")


def _query(query: str) -> list[Json]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True)
    except ValueError:
        return []
    return [{"name": name, "value": value} for name, value in pairs]


def _set_cookies(text: str) -> Iterator[Json]:
    try:
        # A label has spaces in it, and angles: quoted they are no end of the value.
        parsed = SimpleCookie(re.sub(r"=(<[^>]*>)", r'="\1"', text))
    except CookieError:
        return
    for name, morsel in parsed.items():
        cookie: Json = {
            "name": name,
            "value": morsel.value,
            "httpOnly": bool(morsel["httponly"]),
            "secure": bool(morsel["secure"]),
        }
        given = {key: morsel[key] for key in ("path", "domain") if morsel[key]}
        same_site = {"sameSite": morsel["samesite"]} if morsel["samesite"] else {}
        yield cookie | given | same_site


def _valid_url(url: str) -> str:
    """A URL without the signs that none has: those of a label."""
    return quote(visible(url), safe="%/:?#[]@!$&'()*+,;=~")


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
