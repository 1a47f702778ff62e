"""`make pictures`: draws the pictures of the README anew, in Chromium, beside this file."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from harness.browser.chromium import launch
from harness.lab.launch import running
from harness.report.html import render_html
from harness.scenario.loader import load_scenarios
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess

HERE = Path(__file__).parent
SEED = 1
SIZE: ViewportSize = {"width": 1280, "height": 800}
MOST_BYTES = 300 * 1024


def main() -> None:
    """Draws all of them. Exits with what is wrong where one is too large."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with running("two-organizations", SEED) as lab:
            _draw_flow(browser, lab.url)
            _draw_bench(browser, lab.url)
        _draw_report(browser)
        browser.close()


@contextmanager
def _page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def _draw_flow(browser: Browser, url: str) -> None:
    with _page(browser, url) as page:
        for number in range(5):
            page.locator("#next").click()
            page.locator("body:not(.busy) .stop.done").nth(number).wait_for()
        _keep(page, "lab")


def _draw_bench(browser: Browser, url: str) -> None:
    with _page(browser, f"{url}#attacks") as page:
        page.get_by_role("link", name="Attacks").click()
        page.get_by_role("button", name="A token is expired from its last second on").click()
        page.get_by_role("button", name="Run the attack").click()
        page.locator(".verdict.broken").wait_for()
        _keep(page, "bench")


def _draw_report(browser: Browser) -> None:
    run = run_scenarios(load_scenarios(["seer-asks-and-writes"]), InProcess(), seed=SEED)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        file.write_text(render_html(run), "utf-8")
        with _page(browser, file.as_uri()) as page:
            # The only scenario is open.
            page.locator("figure.sequence").wait_for()
            _keep(page, "report")


def _keep(page: Page, name: str) -> None:
    picture = page.screenshot(animations="disabled")
    if len(picture) > MOST_BYTES:
        sys.exit(f"{name}.png has {len(picture)} bytes, more than {MOST_BYTES}")
    (HERE / f"{name}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
