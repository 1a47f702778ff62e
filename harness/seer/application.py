"""The application factory of the fake Seer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from harness.clock import Clock
from harness.defence import Replacements, applied, replacements
from harness.log import LogLines, start_capture, written_to
from harness.network import Network
from harness.numbered import Numbered
from harness.seer.audit import Entry
from harness.seer.authentication import Requests, Shown
from harness.seer.control import Control
from harness.seer.driver import Driver
from harness.seer.errors import Refused
from harness.seer.explorer import PREFIX, Explorer
from harness.seer.runs import Runs
from harness.seer.script import Script
from harness.seer.services import Services
from harness.seer.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: RFC 7518 section 3.2, as for the tokens that the secret signs.
SECRET_BYTES = 32


def create_app(
    settings: Settings,
    scripts: Callable[[], Sequence[Script]],
    network: Network,
    *,
    clock: Clock | None = None,
    weaknesses: Iterable[str] = (),
) -> Flask:
    """A fake Seer with what `scripts` gives, whose tools call the party `sentry` of `network`.

    `weaknesses`: ids of defences' weakened forms to serve with. Raises ValueError for a
    secret or control token that is set and too short, and UnknownWeaknessError.
    `app.extensions` has `reset` and `close`: functions that end every run.
    """
    for name, value in (("secret", settings.secret), ("control token", settings.control_token)):
        if value and len(value.encode()) < SECRET_BYTES:
            raise ValueError(f"the {name} has fewer than {SECRET_BYTES} bytes")
    services = Services(
        settings=settings,
        clock=clock or Clock(),
        network=network,
        runs=Runs(settings.runs),
        requests=Requests(settings.remembered),
        audit=Numbered[Entry](settings.audit_size),
        log=LogLines(),
        read_scripts=scripts,
    )
    start_capture("seer")
    driver = Driver(services)
    app = Flask("harness.seer")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.extensions["reset"] = reset = _make_reset(services, driver)
    app.extensions["close"] = driver.close
    _route(app, Explorer(services, driver), Control(services, reset))
    app.wsgi_app = _surround(  # type: ignore[method-assign, assignment]
        app.wsgi_app, services, replacements(weaknesses)
    )
    return app


def _make_reset(services: Services, driver: Driver) -> Callable[[], None]:
    def reset() -> None:
        driver.close()
        services.requests.clear()
        services.audit.clear()
        services.log.clear()
        services.direction.script = services.direction.authority = None

    return reset


def _surround(serve: WSGIApplication, services: Services, weak: Replacements) -> WSGIApplication:
    def serve_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with ExitStack() as around:
            around.enter_context(written_to(services.log))
            if weak:
                around.enter_context(applied(weak))
            return serve(environ, start_response)

    return serve_request


def _route(app: Flask, explorer: Explorer, control: Control) -> None:
    @app.post(f"{PREFIX}/<name>")
    def serve_explorer(name: str) -> Response:
        try:
            return _respond(explorer.answer(name, _show(request)))
        except Refused as error:
            return _respond({"detail": error.detail}, error.status)

    @app.route("/control/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    def serve_control(path: str) -> Response:
        try:
            authorization = request.headers.get("Authorization", "")
            body, query = request.get_data(), request.args.to_dict()
            return _respond(control.answer(request.method, path, authorization, body, query))
        except Refused as error:
            return _respond({"detail": error.detail}, error.status)

    @app.get("/health/")
    def show_health() -> Response:
        return _respond({"status": "ok"})

    def show_http_error(error: HTTPException) -> Response:
        return _respond({"detail": error.description or error.name}, error.code or 500)

    app.register_error_handler(HTTPException, show_http_error)


def _show(request: Request) -> Shown:
    environ = request.environ
    return Shown(
        body=request.get_data(),
        authorization=environ.get("HTTP_AUTHORIZATION"),
        context=environ.get("HTTP_X_VIEWER_CONTEXT"),
        signature=environ.get("HTTP_X_VIEWER_CONTEXT_SIGNATURE"),
    )


def _respond(body: Any, status: int = 200) -> Response:
    response = Response(json.dumps(body), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
