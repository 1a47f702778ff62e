"""Explorer: the pages where a user talks with Seer.

They work without scripts, by forms; with them, what Seer does shows as it happens.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from harness.sentry.pages.approval import Link, Unusable, check_question, read_words
from harness.sentry.pages.own_api import OwnAnswer, OwnApi, organization_path
from harness.sentry.pages.rendering import Visitor, for_visitors, show
from harness.sentry.services import Services

#: The answers that a form can give to a question.
_DECISIONS = frozenset({"approve", "reject"})
#: What Seer is told where the user approved, and could not grant all that it needs.
_TOO_LITTLE = "insufficient_scope"


def add(pages: Blueprint, services: Services, api: OwnApi) -> None:
    """Adds the pages of this module."""

    @pages.get("/organizations/<organization>/explorer/")
    @for_visitors(services)
    def show_explorer(visitor: Visitor, organization: str) -> Response | WerkzeugResponse:
        return _list(api, visitor, organization)

    @pages.post("/organizations/<organization>/explorer/")
    @for_visitors(services)
    def ask(visitor: Visitor, organization: str) -> Response | WerkzeugResponse:
        path = organization_path(organization, "seer/explorer-chat/")
        came = api.call(request, "POST", path, {"query": request.form.get("query", "")})
        if not came.ok:
            return _list(api, visitor, organization, came)
        return _to_run(organization, came.json["run_id"])

    @pages.get("/organizations/<organization>/explorer/<int:run_id>/")
    @for_visitors(services)
    def show_run(visitor: Visitor, organization: str, run_id: int) -> Response | WerkzeugResponse:
        return _show_run(api, visitor, organization, run_id)

    @pages.post("/organizations/<organization>/explorer/<int:run_id>/")
    @for_visitors(services)
    def go_on(visitor: Visitor, organization: str, run_id: int) -> Response | WerkzeugResponse:
        came = _act(api, organization, run_id)
        if not came.ok:
            return _show_run(api, visitor, organization, run_id, came)
        # A yes that grants too little is a no: who gave it is told so.
        refused = (
            request.form.get("decision") == "approve" and came.json.get("decision") == "reject"
        )
        return _to_run(organization, run_id, told=_TOO_LITTLE if refused else None)


def _act(api: OwnApi, organization: str, run_id: int) -> OwnAnswer:
    """Carries out what the form of a conversation says."""
    form = request.form
    if form.get("decision") in _DECISIONS:
        return _answer(api, organization, run_id)
    if form.get("decision") == "interrupt":
        path = organization_path(organization, f"seer/explorer-update/{run_id}/")
        return api.call(request, "POST", path, {"payload": {"type": "interrupt"}})
    path = organization_path(organization, f"seer/explorer-chat/{run_id}/")
    return api.call(request, "POST", path, {"query": form.get("query", "")})


def _answer(api: OwnApi, organization: str, run_id: int) -> OwnAnswer:
    """Grants first, where the user approves; then Seer is told."""
    form = request.form
    asked = form.get("scopes", "").split()
    if form["decision"] == "approve":
        closed = _check_open(api, organization, run_id, asked)
        if closed is not None:
            return closed
        body = {"sessionId": f"explorer-{run_id}", "scopes": asked}
        path = organization_path(organization, "agent/approve/")
        came = api.call(request, "POST", path, body)
        # Where nothing can be granted Seer is told no, below: half a yes is one, too.
        if not came.ok and came.status != 400:
            return came
    payload = {
        "type": "user_input_response",
        "input_id": form.get("input", "none"),
        "response_data": {"decision": form["decision"], "scopes": asked},
    }
    path = organization_path(organization, f"seer/explorer-update/{run_id}/")
    return api.call(request, "POST", path, {"payload": payload})


def _check_open(api: OwnApi, organization: str, run_id: int, asked: list[str]) -> OwnAnswer | None:
    """Why nothing can be approved: the question that the page showed is not the open one."""
    path = organization_path(organization, f"seer/explorer-chat/{run_id}/")
    came = api.call(request, "GET", path)
    if not came.ok:
        return came
    pending = (came.json["session"] or {}).get("pending_user_input")
    link = Link(f"explorer-{run_id}", tuple(asked))
    try:
        check_question(link, pending, request.form.get("input", ""))
    except Unusable:
        return OwnAnswer(409, {"detail": "That question is not open any more."})
    return None


def _list(
    api: OwnApi, visitor: Visitor, organization: str, problem: OwnAnswer | None = None
) -> Response:
    came = api.call(request, "GET", organization_path(organization, "seer/explorer-runs/"))
    if not came.ok:
        return _unusable(came, visitor, organization)
    return show(
        "explorer.html",
        200 if problem is None else problem.status,
        visitor=visitor,
        organization=organization,
        runs=came.json,
        problem=problem and _explain(problem),
        query=request.form.get("query", "") if problem else "",
    )


def _show_run(
    api: OwnApi,
    visitor: Visitor,
    organization: str,
    run_id: int,
    problem: OwnAnswer | None = None,
) -> Response:
    path = organization_path(organization, f"seer/explorer-chat/{run_id}/")
    came = api.call(request, "GET", path)
    if came.status in (403, 404):
        return _unusable(came, visitor, organization)
    state: dict[str, Any] = (came.json.get("session") if came.ok else None) or {}
    status = came.status if problem is None else problem.status
    return show(
        "run.html",
        status,
        visitor=visitor,
        organization=organization,
        run_id=run_id,
        state=state,
        reachable=came.ok,
        problem=problem and _explain(problem),
        words=read_words(),
        outcome={"decision": "reject", "reason": _TOO_LITTLE}
        if request.args.get("told") == _TOO_LITTLE
        else None,
    )


def _explain(problem: OwnAnswer) -> str:
    fields = problem.json if isinstance(problem.json, dict) else {}
    if problem.status == 400 and "query" in fields:
        return "Say what Seer is to do."
    return problem.detail


def _to_run(organization: str, run_id: int, told: str | None = None) -> WerkzeugResponse:
    where = url_for("pages.show_run", organization=organization, run_id=run_id, told=told)
    answer = redirect(where, 303)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _unusable(came: OwnAnswer, visitor: Visitor, organization: str) -> Response:
    why = "stranger" if came.status == 403 else "no-run"
    return show("unusable.html", came.status, why=why, visitor=visitor, organization=organization)
