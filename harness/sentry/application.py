"""The application factory."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

import harness.sentry.api  # noqa: F401 - registers the operations
from harness.clock import Clock
from harness.defence import Replacements, applied, replacements
from harness.log import LogLines, start_capture, written_to
from harness.network import Network
from harness.randomness import Randomness
from harness.sentry.agent.token import Verifier
from harness.sentry.audit import AuditLog
from harness.sentry.call import Reply
from harness.sentry.catalogue import read_catalogue
from harness.sentry.control import Control
from harness.sentry.dispatch import answer, respond
from harness.sentry.ingest.endpoint import receive
from harness.sentry.pages import make_pages
from harness.sentry.rendezvous import TURN, Rendezvous
from harness.sentry.services import Services
from harness.sentry.settings import Settings
from harness.sentry.store import Image, Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

API = "/api/0"
#: RFC 7518 section 3.2: an HS256 key has at least as many bits as the hash.
SECRET_BYTES = 32
# What stands for itself in a query that is encoded already.
_QUERY = string.punctuation + " "


def create_app(
    settings: Settings,
    image: Image,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    network: Network | None = None,
    on_reset: Callable[[], None] | None = None,
    weaknesses: Iterable[str] = (),
) -> Flask:
    """A mock Sentry with a world in it, sharing nothing with any other.

    `image` holds the rows of the world's start. The clock runs with the system's
    and the randomness is the system's unless others are given. `network`: where Seer is,
    if it is anywhere. `on_reset` is called before the world's start is put back.
    `weaknesses`: ids of defences' weakened forms to serve with. Raises ValueError for a
    secret or control token that is set and too short, UnknownWeaknessError, and StoreError
    for a database that cannot be used.
    """
    _check_secret("secret", settings.secret)
    _check_secret("control token", settings.control_token or "")
    clock = clock or Clock()
    services = Services(
        settings=settings,
        store=Store(settings.database, image),
        clock=clock,
        randomness=randomness or Randomness(None),
        audit=AuditLog(settings.audit_size),
        verifier=Verifier(settings.secret, settings.verified_tokens),
        rendezvous=Rendezvous(),
        log=LogLines(),
        network=network or Network(),
    )
    start_capture("sentry")
    app = Flask("harness.sentry")
    app.request_class = _AsciiRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.extensions["sentry"] = services
    # A path with two slashes in a row names nothing; a redirect would hide that.
    app.url_map.merge_slashes = False
    _route(app, services, on_reset)
    app.wsgi_app = _surround(  # type: ignore[method-assign, assignment]
        app.wsgi_app, services, replacements(weaknesses)
    )
    return app


def _surround(serve: WSGIApplication, services: Services, weak: Replacements) -> WSGIApplication:
    """Each request writes into its application's log, and is served with the weakened forms
    in place of their defences.
    """

    def serve_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with ExitStack() as around:
            around.enter_context(written_to(services.log))
            if weak:
                around.enter_context(applied(weak))
            if TURN in environ:
                around.enter_context(services.rendezvous.call(environ[TURN]))
            return serve(environ, start_response)

    return serve_request


class _AsciiRequest(Request):
    """A request whose query is ASCII, as RFC 3986 has it: other bytes are percent-encoded.

    As they come they might be no UTF-8, and could not be read at all.
    """

    def __init__(self, environ: WSGIEnvironment, *args: Any, **more: Any) -> None:
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote(query.encode("latin-1"), safe=_QUERY)
        super().__init__(environ, *args, **more)


def _route(app: Flask, services: Services, on_reset: Callable[[], None] | None) -> None:
    catalogue = read_catalogue()

    def reset() -> None:
        if on_reset is not None:
            on_reset()
        services.store.restore()
        services.audit.clear()
        services.log.clear()
        services.verifier.forget()
        services.rendezvous.disarm()
        services.network.clear()
        services.clock.reset()
        # So that a play in this world does not depend on what was played before.
        services.randomness.restart()

    app.extensions["reset"] = reset
    control = Control(services, reset)

    def serve_api(path: str) -> Response:
        return answer(_current(), f"/{path}", services, catalogue)

    def serve_control(path: str) -> Response:
        return control.answer(_current(), path)

    def take_envelope(project: str) -> Response:
        return respond(receive(_current(), project, services))

    # Rules of our own rather than Flask's: they take every method, known or not.
    for rule, view in (
        (f"{API}/<path:path>", serve_api),
        (f"{API}/", lambda: serve_api("")),
        ("/control/<path:path>", serve_control),
        ("/api/<project>/envelope/", take_envelope),
    ):
        app.url_map.add(Rule(rule, endpoint=rule))
        app.view_functions[rule] = view
    app.register_blueprint(make_pages(services, catalogue))
    app.register_error_handler(HTTPException, _show_http_error)


def _current() -> Request:
    """The request itself: Flask's `request` is a proxy that looks it up at every use."""
    return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


def _show_http_error(error: HTTPException) -> Any:
    """Errors of the framework in the API's shape, where the API was asked."""
    if not request.path.startswith(("/api/", "/control/")):
        return error
    return respond(Reply({"detail": error.description or error.name}, error.code or 500))


def _check_secret(name: str, value: str) -> None:
    if value and len(value.encode()) < SECRET_BYTES:
        raise ValueError(f"the {name} has fewer than {SECRET_BYTES} bytes")
