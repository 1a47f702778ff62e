"""The operations of the API, a module for each kind of thing they act on.

Importing this package registers every one of them.
"""

from harness.sentry.agent import approve, mint
from harness.sentry.api import index, organizations

__all__ = ["approve", "index", "mint", "organizations"]
