"""The fake Seer: a service whose agent is scripted, so that every run can be repeated."""

from harness.seer.application import create_app
from harness.seer.settings import Settings

__all__ = ["Settings", "create_app"]
