"""What all pages share: their headers, and who looks at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias

from flask import Request, Response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as WerkzeugResponse

from harness.defence import defence
from harness.sentry.credentials import session
from harness.sentry.principal import Caller
from harness.sentry.services import Services

P = ParamSpec("P")

_HEADERS: Final = {"X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page: a signed-in user, and the CSRF token of their session."""

    caller: Caller
    csrf: str


def find_visitor(request: Request, services: Services) -> Visitor | None:
    """The user whose session the browser shows; None for nobody."""
    caller = session.read_session(request, services)
    if caller is None:
        return None
    return Visitor(caller, session.csrf_token(request.cookies[session.COOKIE]))


View: TypeAlias = Callable[Concatenate[Visitor, P], Response | WerkzeugResponse]


def for_visitors(
    services: Services,
) -> Callable[[View[P]], Callable[P, Response | WerkzeugResponse]]:
    """Decorates a page that is for somebody signed in, who comes first of its arguments.

    Nobody is sent to sign in, and from there back to the page.
    """

    def decorate(view: View[P]) -> Callable[P, Response | WerkzeugResponse]:
        @wraps(view)
        def answer(*args: P.args, **parameters: P.kwargs) -> Response | WerkzeugResponse:
            visitor = find_visitor(request, services)
            return _send_to_login() if visitor is None else view(visitor, *args, **parameters)

        return answer

    return decorate


def _send_to_login() -> WerkzeugResponse:
    asked = request.full_path.rstrip("?") if request.method == "GET" else "/"
    answer = redirect(url_for("pages.show_login", next=asked), 302)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def written_time(text: str) -> str:
    """An ISO 8601 time as people write one: `26 November 2026, 00:12 UTC`."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def show(template: str, status: int = 200, **values: object) -> Response:
    """A page."""
    page = Response(render_template(template, **values), status, mimetype="text/html")
    page.headers.update(_HEADERS)
    page.headers["Cache-Control"] = cache_policy()
    page.headers["Cross-Origin-Opener-Policy"] = opener_policy()
    page.headers["Referrer-Policy"] = referrer_policy()
    page.headers["Content-Security-Policy"] = content_policy()
    forbid_framing(page)
    return page


@defence(
    "page.escape",
    title="What people and agents wrote is text in a page, never markup",
    cwe=79,
    source="OWASP Cross Site Scripting Prevention",
)
def write_out(value: Any) -> Any:
    """A value as a template writes it."""
    return escape(value)


@write_out.weakened("page-unescaped", title="A page takes names and messages for markup")
def _(value: Any) -> Any:
    return Markup(value) if isinstance(value, str) else value  # noqa: S704 - that is the weakness


@defence(
    "page.cache",
    title="No browser keeps a page: after signing out there is none to go back to",
    cwe=525,
    source="RFC 9111 section 5.2.2.5",
)
def cache_policy() -> str:
    """The value of `Cache-Control`."""
    return "no-store"


@cache_policy.weakened("page-kept", title="Browsers keep pages, also of who has signed out")
def _() -> str:
    return "private, max-age=600"


@defence(
    "page.opener",
    title="Who opened our page in a window has no hold on that window",
    cwe=1022,
    source="HTML Living Standard, cross-origin opener policies",
)
def opener_policy() -> str:
    """The value of `Cross-Origin-Opener-Policy`."""
    return "same-origin"


@opener_policy.weakened("page-opener-kept", title="Who opened our page may lead it elsewhere")
def _() -> str:
    return "unsafe-none"


@defence(
    "page.scripts",
    title="A page runs its own scripts and nothing else, whatever stands in it",
    cwe=79,
    source="W3C CSP3",
)
def content_policy() -> str:
    """The value of `Content-Security-Policy`, without what is about frames."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'"
    )


@content_policy.weakened("page-scripts-anything", title="A page runs whatever script stands in it")
def _() -> str:
    return "default-src * 'unsafe-inline' 'unsafe-eval'; form-action *"


@defence(
    "page.frames",
    title="No other page shows ours within itself",
    cwe=1021,
    source="RFC 7034",
)
def forbid_framing(page: Response) -> None:
    """Marks a page."""
    page.headers["X-Frame-Options"] = "DENY"
    page.headers["Content-Security-Policy"] += "; frame-ancestors 'none'"


@forbid_framing.weakened("page-framed", title="Any site may lay its own picture over our page")
def _(page: Response) -> None:
    return None


@defence(
    "page.referrer",
    title="Nobody else learns the address of the page that one comes from",
    cwe=200,
    source="W3C Referrer Policy",
)
def referrer_policy() -> str:
    """The value of `Referrer-Policy`."""
    return "same-origin"


@referrer_policy.weakened("page-referrer-told", title="Links tell others the address of our page")
def _() -> str:
    return "unsafe-url"
