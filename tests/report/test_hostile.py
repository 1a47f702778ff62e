"""Wicked text in every place of a transcript: none of it leaves its place in an artefact."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.report.evidence import describe_run
from harness.report.html import embed, render_html
from harness.report.text import visible
from harness.scenario.result import Result, Run
from harness.transcript import Received, Sent, Transcript
from tests.report.artefacts import render_all

HOSTILE = {
    "markup": '"><img src=x onerror=alert(1)><svg onload=alert(1)>',
    "script": "</script><script>document.documentElement.dataset.pwned=1</script><!--<script>",
    "style": "</style><style>*{display:none}</style>",
    "CDATA": "]]><evil/>&lol;<!DOCTYPE a>",
    "template": "{{ 7*7 }}{% raw %}{# a #}${7*7}<%= 7 %>",
    "terminal": "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b1m\x08\x08\r\n\x7f",
    "bidi": "\u202egpj.exe\u2066\u200f\u061c",
    "lines": "a\u2028b\u2029c\x85d\x0be\x0c",
    "not Unicode": "\x00\ud800\udfff\ufffe\uffff",
    "shell": '\'; touch owned; $(touch owned) `touch owned` "$HOME" !! \\',
    "SARIF": "{0} [link](https://evil.example) \\[x\\]",
    "rich": "[bold red]x[/bold red][link=http://evil.example]y[/link]:smile:",
    "link": "javascript:alert(1)",
}
# What no artefact has as it is; a line feed and a tab are no danger.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def write(text: str) -> Result:
    """A result with `text` wherever a text can stand."""
    transcript = Transcript()
    transcript.start(
        scenario=text,
        title=text,
        note=text,
        target=text,
        cast={text: text},
        attack={"severity": text, "source": text, "defences": [text], "attacker": [text]},
    )
    transcript.step(
        index=1, actor=text, verb=text, arguments={text: [text]}, note=text, line=7, role="attack"
    )
    header = text.encode("utf-8", "backslashreplace").decode("latin-1")
    transcript.exchange(
        actor=text,
        purpose=text,
        sent=Sent("POST", f"http://sentry.test/{text}", (("X-Any", header),), _bytes(text)),
        received=Received(418, ((text, header), ("Set-Cookie", f"a=b; Path={text}")), _bytes(text)),
    )
    transcript.exchange(
        actor=text,
        purpose="step",
        sent=Sent(text, text, (("Cookie", "a=b"),), _bytes(json.dumps({text: text}))),
        received=None,
        error=text,
    )
    transcript.decision({"decision": "deny", "rule": text, "missing": [text], text: text})
    transcript.check(text, expected={text: text}, came=text, passed=False, message=text)
    transcript.check(text, expected=text, came=text, passed=True)
    transcript.remark(text)
    transcript.end("failed", text, "broken")
    return Result(
        scenario=text,
        title=text,
        file=f"scenarios/{text}.yaml",
        outcome="failed",
        reason=text,
        events=transcript.as_json(),
        verdict="broken",
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def run_of(text: str) -> Run:
    return Run(text, text, [write(text)])


class Page(HTMLParser):
    """The elements of a page, their attributes, and what its scripts hold."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, _: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data


def read_page(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


@pytest.mark.parametrize("name", HOSTILE)
def test_text_stays_text_in_a_page(name: str) -> None:
    run = run_of(HOSTILE[name])
    page, harmless = read_page(render_html(run)), read_page(render_html(run_of("harmless")))
    assert page.elements == harmless.elements
    assert page.attributes == harmless.attributes
    assert not [one for one in page.attributes if one.startswith("on")]
    data, script = page.scripts
    assert script == harmless.scripts[1]
    assert json.loads(data) == describe_run(run)
    assert not re.search("[<>&\u2028\u2029]", data)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_hidden_is_in_any_artefact(name: str) -> None:
    artefacts = render_all(run_of(HOSTILE[name]))
    for kind, text in artefacts.items():
        text.encode()
        if kind != "json":
            assert not HIDDEN.search(text), kind
    # JSON keeps what was there, for programs, in its own escapes where it needs any.
    assert not re.search("[\x00-\x08\x0b-\x1f]", artefacts["json"])


@pytest.mark.parametrize("name", HOSTILE)
def test_documents_are_read_back_as_they_were_meant(name: str) -> None:
    text = HOSTILE[name]
    artefacts = render_all(run_of(text))
    har = json.loads(artefacts["har"])["log"]
    first, second = har["entries"]
    assert first["request"]["postData"]["text"] == visible(_shown(text))
    assert re.fullmatch(r"[!-~]*", first["request"]["url"])
    assert second["response"]["_error"] == visible(text)
    (result,) = json.loads(artefacts["sarif"])["runs"][0]["results"]
    assert result["properties"]["scenario"] == visible(text)
    assert result["properties"]["attack"]["source"] == visible(text)
    (case,) = ElementTree.fromstring(artefacts["junit"]).iter("testcase")  # noqa: S314 - our own
    assert case.get("name", "").split() == visible(text).split()
    json.loads(artefacts["json"])


def _shown(text: str) -> str:
    return _bytes(text).decode()


def test_a_message_of_sarif_has_no_link_or_placeholder_of_a_server() -> None:
    (result,) = json.loads(render_all(run_of(HOSTILE["SARIF"]))["sarif"])["runs"][0]["results"]
    message = result["message"]["text"]
    assert "{{0}}" in message
    assert not re.search(r"(?<!\{)\{0\}", message)
    assert "\\[link\\](https" in message


@pytest.mark.parametrize("text", [*HOSTILE.values(), "</script", "<!--", "]]>"])
def test_data_ends_no_script_and_begins_nothing(text: str) -> None:
    data: dict[str, Any] = {"a": [visible(text)], visible(text): 1}
    embedded = embed(data)
    assert not re.search("[<>&\u2028\u2029]", embedded)
    assert json.loads(embedded) == data
