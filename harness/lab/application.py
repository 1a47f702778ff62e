"""The web application of the lab: one page, and an API that its scripts call."""

from __future__ import annotations

from typing import TypeVar

from flask import Flask, Response, abort, jsonify, request, send_from_directory
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from werkzeug.exceptions import HTTPException

from harness.lab.access import Access
from harness.lab.bench import Bench, RefusedError
from harness.lab.feed import Feed, stream
from harness.lab.opened import Opened, UnreadableError, open_text
from harness.lab.session import BusyError, Session, StepRefusedError
from harness.lab.words import describe_verbs
from harness.report.page import asset
from harness.scenario.wire import UnreachableError

_B = TypeVar("_B", bound=BaseModel)

#: Bytes of a file that is opened.
MOST_BODY = 96 * 1024 * 1024


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Step(_Body):
    actor: str
    verb: str
    arguments: dict[str, JsonValue] = {}


class _Attack(_Body):
    attack: str
    weaknesses: list[str] = []


class _Table(_Body):
    attacks: list[str] = []
    weaknesses: list[str] = []


class _File(_Body):
    text: str


def create_app(session: Session, bench: Bench, feed: Feed, access: Access) -> Flask:
    """The application of a session and a bench, which `access` guards.

    What cannot be done is answered by `{"reasons": [...]}`: 400 for what was asked, 409 while
    something else is being done, 502 where the mock gave no answer.
    """
    app = Flask("harness.lab", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    access.guard(app)
    _add_errors(app)
    _add_page(app)
    _add_flow(app, session, feed)
    _add_bench(app, bench)
    return app


def _add_errors(app: Flask) -> None:
    def refuse(status: int, *reasons: str) -> tuple[Response, int]:
        return jsonify(reasons=list(reasons)), status

    app.register_error_handler(BusyError, lambda _: refuse(409, "another step is being played"))
    app.register_error_handler(StepRefusedError, lambda error: refuse(400, *error.reasons))
    app.register_error_handler(RefusedError, lambda error: refuse(400, str(error)))
    app.register_error_handler(UnreadableError, lambda error: refuse(400, str(error)))
    app.register_error_handler(UnreachableError, lambda error: refuse(502, str(error)))
    app.register_error_handler(
        HTTPException, lambda error: refuse(error.code or 500, error.description or "")
    )


def _add_page(app: Flask) -> None:
    @app.get("/")
    def show_page() -> Response:
        return send_from_directory(f"{app.root_path}/static", "lab.html")

    @app.get("/static/<name>")
    def show_static(name: str) -> Response:
        return send_from_directory(f"{app.root_path}/static", name)

    @app.get("/report/<name>.css")
    def show_style(name: str) -> Response:
        """The styles of the reports; those of the table count within `.proof` alone."""
        if name not in ("report", "table"):
            abort(404)
        style = asset(f"{name}.css")
        return Response(
            f".proof {{\n{style}\n}}" if name == "table" else style, mimetype="text/css"
        )


def _add_flow(app: Flask, session: Session, feed: Feed) -> None:
    @app.get("/api/events")
    def follow() -> Response:
        def clock() -> str:
            try:
                return session.now().isoformat()
            except UnreachableError:
                return ""

        last = request.headers.get("Last-Event-ID", "")
        # The server knows, where it is told to look ahead.
        gone = request.environ.get("waitress.client_disconnected", bool)
        return Response(stream(feed, last, clock, gone=gone), mimetype="text/event-stream")

    @app.get("/api/verbs")
    def list_verbs() -> Response:
        return jsonify(describe_verbs())

    moves = {
        "forward": session.forward,
        "back": session.back,
        "restart": session.restart,
        "take-back": session.take_back,
    }

    @app.post("/api/tour/<move>")
    def move(move: str) -> tuple[str, int]:
        if move not in moves:
            abort(404)
        moves[move]()
        return "", 204

    @app.post("/api/step")
    def do_step() -> tuple[str, int]:
        step = _read(_Step)
        session.do(step.actor, step.verb, step.arguments)
        return "", 204

    @app.get("/api/scenario.yaml")
    def save() -> Response:
        answer = Response(session.save(), mimetype="application/yaml")
        answer.headers["Content-Disposition"] = 'attachment; filename="saved-from-the-lab.yaml"'
        return answer


def _add_bench(app: Flask, bench: Bench) -> None:
    opened = Opened()

    @app.get("/api/attacks")
    def list_attacks() -> Response:
        return jsonify(bench.describe())

    @app.post("/api/attack")
    def run_attack() -> tuple[str, int]:
        asked = _read(_Attack)
        bench.run(asked.attack, asked.weaknesses)
        return "", 204

    @app.post("/api/proof")
    def play_table() -> tuple[str, int]:
        asked = _read(_Table)
        bench.prove(asked.attacks, asked.weaknesses)
        return "", 204

    @app.post("/api/proof/stop")
    def stop_table() -> tuple[str, int]:
        bench.stop()
        return "", 204

    @app.post("/api/opened")
    def open_file() -> Response:
        nonlocal opened
        opened = open_text(_read(_File).text)
        if opened.proof is not None:
            bench.show(opened.proof)
        return jsonify(scenarios=opened.list_scenarios(), proof=opened.proof is not None)

    @app.get("/api/opened/<int:index>")
    def show_opened(index: int) -> Response:
        if index >= len(opened.scenarios):
            abort(404)
        return jsonify(opened.scenarios[index])


def _read(model: type[_B]) -> _B:
    """The body of a request. Answers 400 for one that does not fit."""
    try:
        return model.model_validate(request.get_json())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        abort(400, f"{place or 'the body'}: {first['msg']}")
