"""Explorer: a user's conversations with Seer, from their own session.

Sentry decides who may take part, tells Seer for whom it calls, and passes on what Seer
says. What a user answers to a request for scopes is settled here, before Seer hears it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from flask import Response, after_this_request
from pydantic import StringConstraints

from harness.defence import defence
from harness.scopes import ALL_SCOPES
from harness.sentry.agent.grant import GrantKey, read_granted, withdraw_scopes
from harness.sentry.agent.mint import has_feature
from harness.sentry.api.pagination import paginate_rows
from harness.sentry.api.shapes import iso
from harness.sentry.body import Body, Filled, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Invalid, NotFound
from harness.sentry.seer import runs
from harness.sentry.seer.client import SeerClient, SeerError, Viewer
from harness.sentry.seer.explorer_token import FIELD, hand_over, has_code_mode

FEATURE: Final = "organizations:seer-explorer"
_ORGANIZATION = "/organizations/{organization_id_or_slug}/seer"
_CHAT, _STATE, _UPDATE = (f"/v1/automation/explorer/{word}" for word in ("chat", "state", "update"))

#: Characters of a message to Seer.
MAX_QUERY: Final = 10_000
#: What of Seer's state is shown: nothing that it might keep beside it.
_SHOWN = ("run_id", "status", "updated_at", "blocks", "pending_user_input")

Decision = Literal["approve", "reject"]


class ChatBody(Body):
    """A message to Seer."""

    query: Annotated[Filled, StringConstraints(max_length=MAX_QUERY)]


class Answer(Body):
    """What the user says to a request for scopes; `scopes` are those that were asked for."""

    decision: Decision
    scopes: list[str] | None = None


class Payload(Body):
    """An answer to a pending input, or the wish that the run ends."""

    type: Literal["user_input_response", "interrupt"]
    input_id: Filled | None = None
    response_data: Answer | None = None


class UpdateBody(Body):
    """What happens to a run."""

    payload: Payload


@operation("GET", f"{_ORGANIZATION}/explorer-runs/")
def list_runs(call: Call) -> Reply:
    """The caller's conversations in the organization, the last first."""
    require_explorer(call)
    statement = runs.select_own(runs.find_viewer(call))
    return paginate_rows(call, statement, lambda row: _show_run(row, call.organization.slug))


@operation("POST", f"{_ORGANIZATION}/explorer-chat/")
def start_run(call: Call) -> dict[str, Any]:
    """{"run_id": int}: Seer is at work. Raises SeerError; the run is kept and can go on."""
    require_explorer(call)
    body = read_body(call, ChatBody)
    row = runs.start(call, body.query)
    return _chat(call, row.id, body.query)


@operation("POST", f"{_ORGANIZATION}/explorer-chat/{{run_id}}/")
def continue_run(call: Call) -> dict[str, Any]:
    """{"run_id": int}: one more message. Raises NotFound, SeerError."""
    require_explorer(call)
    row = runs.find(call)
    body = read_body(call, ChatBody)
    runs.touch(call, row.id)
    return _chat(call, row.id, body.query)


@operation("GET", f"{_ORGANIZATION}/explorer-chat/{{run_id}}/")
def read_run(call: Call) -> dict[str, Any]:
    """{"session": what Seer knows of the run, or null where it was never told of it}."""
    require_explorer(call)
    row = runs.find(call)
    session = _call_seer(call, _STATE, {"run_id": row.id}).get("session")
    if session is None:
        return {"session": None}
    if not isinstance(session, dict):
        raise SeerError("Seer's answer cannot be read.", reason="no-session")
    return {"session": show_session(session)}


@defence(
    "explorer-run.shown",
    title="Of what Seer knows of a run its user is shown what Explorer needs",
    cwe=213,
    source="OWASP API3:2023",
)
def show_session(session: dict[str, Any]) -> dict[str, Any]:
    """The part of Seer's state that is passed on."""
    return {name: session.get(name) for name in _SHOWN}


@show_session.weakened("seer-state-passed-on", title="Sentry passes on all that Seer says")
def _(session: dict[str, Any]) -> dict[str, Any]:
    return session


@operation("POST", f"{_ORGANIZATION}/explorer-update/{{run_id}}/")
def update_run(call: Call) -> dict[str, Any]:
    """{"run_id", "decision", "reason"}: what Seer is told, which is `reject` for half a yes.

    Raises NotFound and Invalid, and SeerError when Seer could not be told: what was
    rejected is withdrawn all the same.
    """
    require_explorer(call)
    row = runs.find(call)
    payload = read_body(call, UpdateBody).payload
    if payload.type == "interrupt":
        _call_seer(call, _UPDATE, {"run_id": row.id, "payload": {"type": "interrupt"}})
        return {"run_id": row.id}
    if payload.input_id is None or payload.response_data is None:
        raise Invalid(fields={"payload": ["input_id and response_data are required."]})
    answer = payload.response_data
    key = GrantKey(call.organization.id, row.user_id, session_of(row.id))
    flow = call.decision.touch_flow()
    flow.session = key.session_id
    flow.asked = None if answer.scopes is None else ALL_SCOPES.intersection(answer.scopes)
    decision, reason = settle(call, key, answer.decision, answer.scopes)
    call.decision.reason = f"{decision}-{reason}" if reason else decision
    told = {"decision": decision} | ({"reason": reason} if reason else {})
    response = {"type": payload.type, "input_id": payload.input_id, "response_data": told}
    _call_seer(call, _UPDATE, {"run_id": row.id, "payload": response})
    return {"run_id": row.id, "decision": decision, "reason": reason}


@defence(
    "explorer.whole-approval",
    title="An approval in part is a rejection, and a rejection leaves nothing to use",
    cwe=393,
    source="getsentry/sentry#121459",
)
def settle(
    call: Call, key: GrantKey, decision: Decision, asked: Iterable[str] | None
) -> tuple[Decision, str | None]:
    """What is true of an answer, and why it is another than the user's.

    Approved is what the grant holds whole by now. What is rejected is taken out of it:
    the scopes that were `asked` for, and with none named all that the session was granted.
    """
    now = call.services.clock.now()
    # An empty list names none either: nothing must be left of what nobody named.
    named = set(asked or ()) or None
    if decision == "approve" and named and read_granted(call.services.store, key, now) >= named:
        return "approve", None
    withdraw_scopes(call.services.store, key, named, now)
    return "reject", None if decision == "reject" else "insufficient_scope"


@settle.weakened("rejected-scopes-kept", title="What was rejected in the chat stays granted")
def _(
    call: Call, key: GrantKey, decision: Decision, asked: Iterable[str] | None
) -> tuple[Decision, str | None]:
    now = call.services.clock.now()
    granted = read_granted(call.services.store, key, now)
    whole = decision == "approve" and granted >= set(asked or ())
    return ("approve", None) if whole else ("reject", "insufficient_scope")


@settle.weakened("rejection-takes-all", title="To reject one request withdraws every approval")
def _(
    call: Call, key: GrantKey, decision: Decision, asked: Iterable[str] | None
) -> tuple[Decision, str | None]:
    return settle.sound(call, key, decision, asked if decision == "approve" else None)


@settle.weakened("approval-believed", title="An answer is an approval because it says so")
def _(
    call: Call, key: GrantKey, decision: Decision, asked: Iterable[str] | None
) -> tuple[Decision, str | None]:
    return (decision, None) if decision == "approve" else settle.sound(call, key, decision, asked)


def session_of(run_id: int) -> str:
    """The agent session of a run: what its grants and tokens are bound to."""
    return f"explorer-{run_id}"


@defence(
    "explorer.feature",
    title="Explorer answers only where it is switched on",
    cwe=863,
    source="getsentry/sentry#112179",
)
def require_explorer(call: Call) -> None:
    """Raises NotFound where the organization has Explorer switched off."""
    if not has_feature(call, FEATURE):
        raise NotFound(rule="feature")


@require_explorer.weakened("explorer-without-feature", title="Explorer answers with the flag off")
def _(call: Call) -> None:
    return None


def _chat(call: Call, run_id: int, query: str) -> dict[str, Any]:
    code_mode = has_code_mode(call)
    token = hand_over(call, run_id, code_mode=code_mode)
    payload = {
        "run_id": run_id,
        "query": query,
        "user_org_context": describe_user(call, token.get(FIELD)),
        "enable_code_mode_tools": code_mode,
    }
    _call_seer(call, _CHAT, payload | token)
    return {"run_id": run_id}


@defence(
    "explorer-token.context",
    title="The context of a run, which a model reads, has no credential in it",
    cwe=522,
    source="getsentry/sentry#112179",
)
def describe_user(call: Call, token: str | None) -> dict[str, Any]:
    """What Seer is told of the user and the organization."""
    return {
        "organization_slug": call.organization.slug,
        "organization_name": call.organization.name,
        "user_email": call.caller.email,
        "user_role": call.access.role,
    }


@describe_user.weakened("explorer-token-in-context", title="The token stands in the run's context")
def _(call: Call, token: str | None) -> dict[str, Any]:
    return describe_user.sound(call, token) | ({FIELD: token} if token else {})


def _call_seer(call: Call, path: str, payload: dict[str, Any]) -> dict[str, Any]:
    services = call.services
    viewer = runs.find_viewer(call)
    client = SeerClient(
        services.network, services.settings.secret, services.settings.seer_timeout.total_seconds()
    )
    request_id = services.randomness.hex(16)
    _hold(call, request_id)
    whole = _name_parties(viewer) | {"request_id": request_id} | payload
    return client.call(path, whole, viewer)


def _hold(call: Call, request_id: str) -> None:
    """An agent begins once its user has an answer: the records then have one order."""
    network = call.services.network

    def release(response: Response) -> Response:
        network.close_call(request_id)
        return response

    network.open_call(request_id)
    after_this_request(release)


def _name_parties(viewer: Viewer) -> dict[str, Any]:
    return {"organization_id": viewer.organization_id, "user_id": viewer.user_id}


def _show_run(row: Any, organization: str) -> dict[str, Any]:
    return {
        "run_id": row.id,
        "title": row.title,
        "organization": organization,
        "created_at": iso(row.date_added),
        "last_triggered_at": iso(row.last_triggered_at),
    }
