"""What the pages share: templates, the files that stand inside them, and their policy."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

import jinja2

_TEMPLATES = jinja2.PackageLoader("harness.report")


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Templates that escape everything, and in which nothing is missing silently."""
    return jinja2.Environment(
        loader=_TEMPLATES,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def asset(name: str) -> str:
    """One of our own files, as text."""
    return _TEMPLATES.get_source(environment(), name)[0].strip()


def policy(style: str, script: str) -> str:
    """A content security policy under which just this style and this script count."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
