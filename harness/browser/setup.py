"""Finds a Chromium or installs one: `python -m harness.browser.setup`, which `make browser` runs.

It tries what is there, then Playwright's own, then as root the system's package. It says
what happened and never fails: whatever needs a browser says so itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence

from harness.browser.chromium import BrowserMissingError, launch

# Seconds for a download over a slow line; a proxy that never answers is not waited for.
_PATIENCE = 300


def main() -> None:
    """Says on stderr which browser there is, or why none can be had."""
    version, why = _try()
    for command in _installers() if version is None else ():
        _say(f"no browser yet ({why}); trying: {' '.join(command)}")
        trouble = _run(command)
        version, why = _try()
        if version is not None:
            break
        if trouble:
            _say(f"that did not help: {trouble}")
    if version is None:
        _say(f"NO BROWSER: {why}. Browser tests are skipped, and prove-browser ends with 3.")
    else:
        _say(f"Chromium {version}")


def _try() -> tuple[str | None, str]:
    """The version of a browser that starts, or None and why there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None, "Playwright is not installed"
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except BrowserMissingError as error:
            return None, str(error)
        version = browser.version
        browser.close()
    return version, ""


def _installers() -> Iterator[Sequence[str]]:
    yield (sys.executable, "-m", "playwright", "install", "chromium")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        yield ("apt-get", "-qq", "update")
        yield ("apt-get", "-qq", "install", "-y", "chromium")


def _run(command: Sequence[str]) -> str:
    """What went wrong, in a line; empty for nothing."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(  # noqa: S603 - the commands stand above
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (lines or ["no reason given"])[-1]


def _say(text: str) -> None:
    sys.stderr.write(f"browser: {text}\n")


if __name__ == "__main__":
    main()
