"""Every artefact of a run, and the ways in which a text may stand in one."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from rich.console import Console

import harness.deployment  # noqa: F401 - fills the registry of defences
from harness.defence import DEFENCES
from harness.report.console import print_plan, print_run
from harness.report.har import render_har
from harness.report.html import render_html
from harness.report.json_report import render_json
from harness.report.junit import render_junit
from harness.report.sarif import render_sarif
from harness.scenario.result import Run

_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{3})|(["\\/nrtbf]))')
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_DEEPEST = 3


def render_all(run: Run) -> dict[str, str]:
    """Each artefact by its name."""
    return {
        "json": render_json(run),
        "junit": render_junit(run),
        "html": render_html(run),
        "sarif": render_sarif(run, DEFENCES),
        "sarif, all": render_sarif(run, DEFENCES, everything=True),
        "har": render_har(run),
        "console": show(run),
        "console -v": show(run, verbose=True),
        "console --plan --curl": show_plan(run),
    }


def show(run: Run, *, verbose: bool = False, curl: bool = False) -> str:
    """What a wide terminal would show, without its colours."""
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False)
    print_run(run, console, verbose=verbose, curl=curl)
    return text_of(console)


def show_plan(run: Run, *, curl: bool = True) -> str:
    """The plan of a run on a wide terminal."""
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False)
    print_plan(run, console, curl=curl)
    return text_of(console)


def text_of(console: Console) -> str:
    """What was written to a console in memory."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def readings(text: str, depth: int = _DEEPEST) -> set[str]:
    """`text`, and what it says when escapes of URLs, HTML, JSON and base64 are undone."""
    seen: set[str] = set()
    fresh = {text}
    for _ in range(depth + 1):
        seen |= fresh
        fresh = {read for one in fresh for read in _decode(one)} - seen
    return seen


def _decode(text: str) -> Iterator[str]:
    if "%" in text or "+" in text:
        yield unquote(text, errors="replace")
        yield unquote_plus(text, errors="replace")
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield _ESCAPE.sub(_unescape, text)
    hidden = "\n".join(_read_base64(text))
    if hidden:
        yield hidden


def _unescape(match: re.Match[str]) -> str:
    unicode, byte, octal, sign = match.groups()
    if unicode or byte:
        return chr(int(unicode or byte, 16))
    return chr(int(octal, 8)) if octal else _CONTROLS.get(sign, sign)


def _read_base64(text: str) -> Iterator[str]:
    """What runs of base64 hold, from whichever of four letters they may begin at."""
    for found in _BASE64.finditer(text):
        run = found[0].translate(str.maketrans("-_", "+/"))
        for start in range(4):
            part = run[start:]
            data = base64.b64decode(part[: len(part) // 4 * 4])
            yield data.decode("utf-8", "replace")
