"""Who may use the lab: whoever has the token of this run, and no other page of the machine.

The URL that is printed carries the token once; after that a cookie stands for it. Cookies
know no ports, so that other pages on loopback are told apart by where a request comes from.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

#: What a name of this machine may be in `Host`: any other may be rebound to it by its owner.
HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

_SAFE: Final = frozenset({"GET", "HEAD"})
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Access:
    """The secrets of one run: `token` stands in the URL, `key` in the cookie."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    #: Labs beside each other share cookies, and must not take each other's away.
    cookie: str = field(default_factory=lambda: f"seer_lab_{secrets.token_hex(4)}")

    def url(self, root: str) -> str:
        """Where a browser begins."""
        return f"{root}/?token={self.token}"

    def guard(self, app: Flask) -> None:
        """Lets nobody else in, and marks every answer."""
        app.before_request(self._check)
        app.after_request(_mark)

    def _check(self) -> WerkzeugResponse | None:
        if _host(request) not in HOSTS:
            abort(403, "This server answers to loopback names alone.")
        if not _comes_from_here(request):
            abort(403, "Another page asked for this.")
        if request.path == "/" and (token := request.args.get("token")) is not None:
            return self._let_in(token)
        shown = request.cookies.get(self.cookie, "")
        if not hmac.compare_digest(shown.encode(), self.key.encode()):
            abort(401, "Open the address that seer-harness demo printed: it carries a token.")
        return None

    def _let_in(self, token: str) -> WerkzeugResponse:
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            abort(401, "This token is of another run: take the address that was printed last.")
        answer = redirect("/", 303)
        answer.set_cookie(self.cookie, self.key, httponly=True, samesite="Strict", path="/")
        return answer


def _host(asked: Request) -> str:
    name, colon, port = asked.host.rpartition(":")
    return name.lower() if colon and port.isdigit() else asked.host.lower()


def _comes_from_here(asked: Request) -> bool:
    """Whether the page that asks is ours; whoever goes to the page itself comes from nowhere."""
    if asked.method not in _SAFE:
        origin = asked.headers.get("Origin", "")
        return urlsplit(origin).netloc == asked.host and asked.is_json
    site = asked.headers.get("Sec-Fetch-Site", "same-origin")
    return site in ("same-origin", "none") or asked.path == "/"


def _mark(answer: Response) -> Response:
    answer.headers.update(_HEADERS)
    return answer
