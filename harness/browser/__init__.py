"""Users in a real browser: the same scenarios, done on the pages that people see.

    with open_browser() as browser:
        play(scenario, venue, target="loopback", make_hands=browser.make_hands)

Playwright drives Chromium; it is imported where it is used.
"""

from harness.browser.chromium import BrowserMissingError, find_chromium
from harness.browser.people import BrowserPeople

__all__ = ["BrowserMissingError", "BrowserPeople", "find_chromium"]
