"""The API as the pages use it: with the browser's own request, and no rights beside it.

What a page does goes the way of every call: the same credential, CSRF token and gate, the
same decision record. A page can do nothing that its user could not.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Request, current_app

from harness.sentry.catalogue import Catalogue
from harness.sentry.credentials.session import CSRF_FIELD
from harness.sentry.dispatch import answer
from harness.sentry.services import Services


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """What the API says: a status, and JSON."""

    status: int
    json: Any

    @property
    def ok(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300

    @property
    def detail(self) -> str:
        """What is wrong, in a sentence."""
        found = self.json.get("detail") if isinstance(self.json, dict) else None
        return found if isinstance(found, str) else "The request could not be carried out."


@dataclass(frozen=True, slots=True)
class OwnApi:
    """The API of this application."""

    services: Services
    catalogue: Catalogue

    def call(self, request: Request, method: str, path: str, body: Any = None) -> OwnAnswer:
        """What `method` on `path` (below /api/0) answers to whoever sent `request`.

        A form's CSRF token goes along as the header that the API wants.
        """
        content = b"" if body is None else json.dumps(body).encode()
        environ = {
            name: value
            for name, value in request.environ.items()
            if not name.startswith(("werkzeug.", "flask."))
        }
        environ |= {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/api/0{path}",
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/json" if content else "",
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
        }
        if method != "GET" and request.method == "POST":
            environ["HTTP_X_CSRFTOKEN"] = request.form.get(CSRF_FIELD, "")
        inner = current_app.request_class(environ)
        came = answer(inner, path, self.services, self.catalogue)
        data = came.get_data()
        return OwnAnswer(came.status_code, json.loads(data) if data else None)


def organization_path(organization: str, rest: str = "") -> str:
    """A path of the API below an organization."""
    return f"/organizations/{quote(organization, safe='')}/{rest}"
