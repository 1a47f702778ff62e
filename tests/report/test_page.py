"""The page of evidence in a browser: drawn, searched, printed, and not to be broken into."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.report.html import render_html
from harness.scenario.loader import load_scenarios
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.report.runs import played
from tests.report.services import Play, run_of_services
from tests.report.test_hostile import HOSTILE, read_page, run_of

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
    "--enable-logging=stderr",
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

Look = Callable[[Run, str], str]


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def start(run: Run, address: str, *flags: str) -> subprocess.CompletedProcess[str]:
        page = tmp_path / "page.html"
        page.write_text(render_html(run), "utf-8")
        done = subprocess.run(
            [
                str(BROWSER),
                *FLAGS,
                f"--user-data-dir={tmp_path / 'profile'}",
                *flags,
                page.as_uri() + address,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        # Neither a fault of the script nor a refusal of the policy.
        assert "CONSOLE" not in done.stderr, done.stderr
        return done

    return start


@pytest.fixture
def look(browse: Callable[..., subprocess.CompletedProcess[str]]) -> Look:
    """What the document is once the script has run."""
    return lambda run, address: str(browse(run, address, "--dump-dom").stdout)


@pytest.fixture(scope="module")
def flow() -> Run:
    return run_scenarios(load_scenarios(["approve-and-remint", "token-expiry"]), InProcess())


def test_a_step_is_drawn_at_its_address(look: Look, flow: Run) -> None:
    text = look(flow, "#approve-and-remint.4")
    page = read_page(text)
    assert page.elements["li"] > 8
    assert (
        '<details class="scenario" id="approve-and-remint" data-outcome="passed" open="">' in text
    )
    assert 'id="token-expiry" data-outcome="passed">' in text
    assert "denied by scope-gate, missing any of org:admin org:write" in text
    assert '$SENTRY_URL/api/0/organizations/acme/" -X PUT' in text or "curl -i -X PUT" in text
    assert "Authorization:" in text
    step = text[text.index('id="approve-and-remint.4"') : text.index('id="approve-and-remint.5"')]
    assert "<details>" not in re.sub(r"<details [^>]*open=\"\"[^>]*>", "", step)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("", "3 of 3 scenarios"),
        ("#?q=teapot", "0 of 3 scenarios"),
        ("#?q=nobody+in+THIS", "1 of 3 scenarios"),
        ("#?q=418", "1 of 3 scenarios"),
        ("#?outcome=failed&outcome=passed", "2 of 3 scenarios"),
        ("#?actor=mel&outcome=failed", "1 of 3 scenarios"),
    ],
)
def test_scenarios_are_found(look: Look, address: str, found: str) -> None:
    text = look(played(), address)
    output = re.search(r"<output[^>]*>([^<]*)</output>", text)
    assert output is not None
    assert output[1] == found
    shown = len(re.findall(r'<details class="scenario"(?![^>]*hidden)', text))
    assert f"{shown} of 3 scenarios" == found


def test_paper_has_all_that_can_be_opened(
    browse: Callable[..., subprocess.CompletedProcess[str]], flow: Run, tmp_path: Path
) -> None:
    paper = tmp_path / "page.pdf"
    browse(flow, "", f"--print-to-pdf={paper}")
    if shutil.which("pdftotext") is None:
        assert paper.stat().st_size > 50_000
        return
    told = subprocess.run(
        ["pdftotext", "-layout", str(paper), "-"], capture_output=True, text=True, check=True
    ).stdout
    for part in ("insufficient_scope", "curl -i", "sentry-agent-api", "org:integrations"):
        assert part in told


@pytest.mark.parametrize("name", ["markup", "script", "template", "link", "lines"])
def test_no_text_of_a_server_becomes_markup(look: Look, name: str) -> None:
    wicked = look(run_of(HOSTILE[name]), "")
    harmless = look(run_of("harmless"), "")
    assert "data-pwned" not in wicked
    counts = (read_page(text).elements for text in (wicked, harmless))
    assert next(counts) == next(counts)


def drawings(text: str) -> list[ElementTree.Element]:
    """The drawings of a sequence, each of which is well-formed XML."""
    figure = text[text.index("<figure") : text.index("</figure>")]
    return [
        ElementTree.fromstring(one)  # noqa: S314 - our own
        for one in re.findall(r"<svg.*?</svg>", figure, re.DOTALL)
    ]


def tags_of(text: str) -> list[str]:
    return [one.tag for drawing in drawings(text) for one in drawing.iter()]


def test_a_sequence_is_drawn_with_a_link_for_each_request(look: Look) -> None:
    text = look(run_of_services(), "")
    links = [link for drawing in drawings(text) for link in drawing.iter("a")]
    assert [link.findtext("text") for link in links][:3] == [
        "GET /auth/login/ → 200 · sign in",
        "POST /v1/automation/explorer/chat → 200",
        "POST /api/0/organizations/acme/seer/explorer-chat/ → 200",
    ]
    assert all(link.findtext("title") for link in links)
    for link in links:
        assert f'<details class="exchange" id="{link.get("href", "")[1:]}"' in text
    assert [link.get("class") for link in links][-2:] == ["refused", "unanswered"]
    (heads,) = [drawing for drawing in drawings(text) if drawing.get("class") == "heads"]
    assert [head.findtext("text") for head in heads.iter("g")] == [
        "olivia",
        "Seer",
        "Sentry",
        "outside",
    ]
    assert 'href="#explorer.timeline"' in text
    assert 'id="explorer.timeline"' in text


def test_a_link_of_the_sequence_opens_the_exchange(look: Look) -> None:
    text = look(run_of_services(), "#explorer.2.4")
    assert '<details class="exchange" id="explorer.2.4" open="">' in text
    assert '<details class="exchange" id="explorer.2.3">' in text


def test_a_play_of_one_person_has_no_sequence(look: Look) -> None:
    assert "<figure" not in look(played(), "#good")


@pytest.mark.parametrize("name", ["markup", "script", "CDATA", "template", "not Unicode"])
def test_no_text_becomes_markup_in_a_drawing(look: Look, name: str) -> None:
    def play(text: str) -> Run:
        made = Play(**{text: text})
        made.step(text, text, role=text)
        made.call(text, "outside", text, f"/{text}", 403, answer=(("WWW-Authenticate", text),))
        made.call("agent", "sentry", "GET", f"/{text}", purpose=text)
        return Run("", "", [made.end()])

    wicked, harmless = (look(play(text), "") for text in (HOSTILE[name], "harmless"))
    assert "data-pwned" not in wicked
    tags = (
        [one.tag for drawing in drawings(text) for one in drawing.iter()]
        for text in (wicked, harmless)
    )
    assert next(tags) == next(tags)
