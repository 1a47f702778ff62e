"""A run as the page of evidence shows it: plain data, each text once.

    {"texts": ["", "agent", …], "scenarios": [{"lanes": [{"name", "kind", …}], "steps": […], …}]}

Every number in `scenarios` is the index of a text: what comes again and again, such as
the page to sign in, is held once, and a search looks at each text once. Booleans,
null and pictures stand for themselves. Hidden characters are written as escapes, so that nothing on
the page reverses or hides text. `sequences` has the pictures, or null, of the scenarios.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.report.curl import render_curl
from harness.report.decisions import pair_decisions
from harness.report.diagram import describe_sequence
from harness.report.layout import lay_out
from harness.report.parties import Parties, in_order
from harness.report.sequence import read_sequence
from harness.report.steps import Event, StepView, find_event, read_steps
from harness.report.text import visible
from harness.report.tokens import (
    Change,
    describe_claim,
    describe_lifetime,
    find_changes,
    scopes_of,
)
from harness.report.wording import (
    word_arguments,
    word_claim,
    word_decision,
    word_headers,
    word_pair,
    word_plain,
    word_status,
)
from harness.scenario.result import Result, Run


class Texts:
    """Texts by their number; equal texts have one number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def add(self, text: str) -> int:
        """The number of `text`, made visible."""
        return self._numbers.setdefault(visible(text), len(self._numbers))

    def as_json(self) -> list[str]:
        """Every text, in the order of the numbers."""
        return list(self._numbers)


def describe_run(run: Run) -> dict[str, Any]:
    """The data of the page; the same run gives the same data."""
    texts = Texts()
    scenarios = [ScenarioEvidence(result, texts.add).describe() for result in run.results]
    views = map(read_sequence, run.results)
    sequences = [view and describe_sequence(view, texts.add) for view in views]
    return {"texts": texts.as_json(), "scenarios": scenarios, "sequences": sequences}


class ScenarioEvidence:
    """The data of one scenario; `text` gives what stands in it for a text.

    With `visible` every text stands for itself, in the same form.
    """

    def __init__(self, result: Result, text: Callable[[str], Any]) -> None:
        self._result = result
        self._text = text
        tokens = [event for event in result.events if event["kind"] == "token"]
        changes = zip(tokens, find_changes(tokens), strict=True)
        self._parties = Parties(result)
        self._changes = {token["number"]: change for token, change in changes}

    def describe(self) -> dict[str, Any]:
        """All of it."""
        text = self._text
        started = find_event(self._result, "started")
        return {
            "id": text(self._result.scenario),
            "title": text(self._result.title),
            "file": text(self._result.file),
            "reason": text(self._result.reason),
            "note": text(started.get("note", "").strip()),
            "cast": self._pairs(started.get("cast", {})),
            "attack": self._pairs(_word_attack(started.get("attack") or {})),
            "lanes": self.lanes(),
            "steps": [self.step(view) for view in read_steps(self._result)],
        }

    def lanes(self) -> list[dict[str, Any]]:
        """Everybody who acts or answers, from left to right; `acts` tells them apart."""
        acting = self._parties.acting()
        answering = self._parties.answering()
        return [
            {
                "name": self._text(party.name),
                "kind": self._text(party.kind),
                "about": self._text(party.about),
                "acts": party in acting,
            }
            for party in in_order([*acting, *answering, self._parties.server("sentry")])
        ]

    def step(self, view: StepView) -> dict[str, Any]:
        """A step and what belongs to it."""
        decisions = pair_decisions(view.events)
        paired = {event["number"] for event in decisions.values()}
        items = [
            self.item(event, decisions) for event in view.events if event["number"] not in paired
        ]
        shown: dict[str, Any] = {"items": items, "failed": bool(view.failed)}
        if view.step is not None:
            step = view.step
            shown |= {
                "index": self._text(str(step["index"])),
                "actor": self._text(self._parties.actor(step["actor"]).name),
                "verb": self._text(step["verb"]),
                "arguments": self._text(word_arguments(step["arguments"])),
                "note": self._text(step["note"].strip()),
                "line": self._text(str(step["line"] or "")),
                "role": self._text(step.get("role") or ""),
                "afterwards": view.afterwards,
            }
        return shown

    def item(self, event: Event, decisions: Mapping[int, Event]) -> dict[str, Any]:
        """An event of a step; `decisions` has those that are shown with their exchange."""
        match event["kind"]:
            case "exchange":
                return self._exchange(event, decisions.get(event["number"]))
            case "token":
                return self._token(event, self._changes[event["number"]])
            case "decision":
                return {"decision": self.record(event["record"])}
            case "check":
                return self._check(event)
            case "picture":
                alt = f"{self._parties.actor(event['actor']).name}'s browser at {event['url']}"
                return {"picture": {"png": event["png"], "alt": self._text(alt)}}
            case _:
                return {"remark": self._text(event["text"])}

    def _exchange(self, exchange: Event, decision: Event | None) -> dict[str, Any]:
        text = self._text
        address = urlsplit(exchange["url"])
        target = f"{address.path}?{address.query}" if address.query else address.path
        shown: dict[str, Any] = {
            "actor": text(self._parties.actor(exchange["actor"]).name),
            "server": text(self._parties.server(exchange["server"]).name),
            "purpose": text("" if exchange["purpose"] == "step" else exchange["purpose"]),
            "method": text(exchange["method"]),
            "target": text(target),
            "url": text(exchange["url"]),
            "sent": text(word_headers(exchange["request_headers"])),
            "sentBody": text(lay_out(exchange["request_body"])),
            "status": text("" if exchange["status"] is None else str(exchange["status"])),
            "phrase": text(word_status(exchange["status"])),
            "error": text(exchange["error"] or ""),
            "curl": text(render_curl(exchange)),
        }
        if exchange["status"] is not None:
            shown["came"] = text(word_headers(exchange["response_headers"]))
            shown["cameBody"] = text(lay_out(exchange["response_body"]))
        if decision is not None:
            shown["decision"] = self.record(decision["record"])
        return {"exchange": shown}

    def _token(self, token: Event, change: Change | None) -> dict[str, Any]:
        text = self._text
        claims = token["claims"]
        rows = claims.items() if isinstance(claims, dict) else [("claims", claims)]
        shown: dict[str, Any] = {
            "label": text(_unbracketed(token["label"])),
            "prefix": text(token["prefix"]),
            "header": text(lay_out(word_plain(token["header"]))),
            "lifetime": text(describe_lifetime(token)),
            "scopes": text(str(len(scopes_of(token)))),
            "claims": [
                [text(str(name)), text(word_claim(value)), text(describe_claim(str(name), value))]
                for name, value in rows
            ],
        }
        if change is not None:
            shown["change"] = {
                "since": text(_unbracketed(change.since)),
                "gained": [text(scope) for scope in change.gained],
                "lost": [text(scope) for scope in change.lost],
                "claims": [
                    [
                        text(name),
                        *(text("" if one is None else word_claim(one)) for one in (was, now)),
                    ]
                    for name, was, now in change.claims
                ],
            }
        return {"token": shown}

    def record(self, record: Any) -> dict[str, Any]:
        """A decision record: its gist, and every field."""
        fields = record if isinstance(record, dict) else {"record": record}
        return {
            "allowed": fields.get("decision") == "allow",
            "gist": self._text(word_decision(fields)),
            "fields": self._pairs(fields),
        }

    def _check(self, check: Event) -> dict[str, Any]:
        text = self._text
        expected, came = word_pair(check["expected"], check["came"])
        # What did not come at all is told by the message.
        nothing = check["came"] is None and check["message"]
        return {
            "check": {
                "name": text(check["name"]),
                "expected": text(expected),
                "came": text("" if nothing else came),
                "passed": check["passed"],
                "message": text(check["message"]),
            }
        }

    def _pairs(self, fields: Mapping[str, Any]) -> list[list[Any]]:
        return [
            [self._text(str(name)), self._text(word_plain(value))]
            for name, value in fields.items()
            if value not in (None, [], {})
        ]


def _word_attack(section: Mapping[str, Any]) -> dict[str, Any]:
    """What an attack says of itself; what the attacker holds is told in more words than one."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in section.items()
    }


def _claim(value: Any) -> str:
    """A claim of one of two tokens, of which the other may not have it."""
    return "" if value is None else word_claim(value)


def _unbracketed(label: str) -> str:
    return label.removeprefix("<").removesuffix(">")
