"""A mock Sentry with the agent-token flow inside."""

from harness.sentry.application import create_app
from harness.sentry.settings import Settings
from harness.sentry.store import Image, StoreError

__all__ = ["Image", "Settings", "StoreError", "create_app"]
