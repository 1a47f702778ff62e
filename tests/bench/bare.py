"""A bare Flask route on the server that `serve` uses. Prints its port; ends with its stdin."""

from __future__ import annotations

import logging
import sys

from harness.deployment import serving_app
from tests.bench.requests import bare_app

if __name__ == "__main__":
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    with serving_app(bare_app()) as url:
        print(url.rpartition(":")[2], flush=True)
        sys.stdin.read()
