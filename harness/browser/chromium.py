"""Which Chromium is there, and how it is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

#: Names of the commands that a system's packages install.
COMMANDS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

# It talks with nobody but the pages: no first run, no updates, no sync, no QUIC.
_FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

HOW: Final = (
    "no Chromium is installed: 'python -m playwright install chromium' brings Playwright's, "
    "'apt-get install chromium' a system's"
)


class BrowserMissingError(Exception):
    """There is no browser, or nothing that drives one; the message says how to get it."""


def find_chromium(playwright: Playwright) -> str:
    """The path of a Chromium: Playwright's own, else the system's.

    Raises BrowserMissingError.
    """
    own = playwright.chromium.executable_path
    if own and Path(own).is_file():
        return own
    for command in COMMANDS:
        found = shutil.which(command)
        if found:
            return found
    raise BrowserMissingError(HOW)


def launch(playwright: Playwright, *, headed: bool = False) -> Browser:
    """A running browser. Raises BrowserMissingError where there is none, or it does not start."""
    from playwright.sync_api import Error

    options: dict[str, Any] = {"args": list(_FLAGS), "headless": not headed}
    # Chromium's sandbox refuses to be root's.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options["args"].append("--no-sandbox")
    try:
        return playwright.chromium.launch(executable_path=find_chromium(playwright), **options)
    except Error as error:
        first = str(error).strip().partition("\n")[0]
        raise BrowserMissingError(f"Chromium does not start: {first}") from None
