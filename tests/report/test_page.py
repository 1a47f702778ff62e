"""The page of evidence in a browser: drawn, searched, printed, and not to be broken into."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.report.html import render_html
from harness.scenario.loader import load_scenarios
from harness.scenario.result import Run
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.report.runs import played
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
