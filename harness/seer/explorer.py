"""What Sentry asks of Seer: a run goes on, its state, an answer for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from harness.defence import defence
from harness.seer import messages
from harness.seer.agent.actions import Agent, Answer, Circumstances
from harness.seer.audit import Entry
from harness.seer.authentication import (
    Shown,
    authenticate,
    check_agreement,
    check_new,
    check_owner,
)
from harness.seer.driver import Driver
from harness.seer.errors import Refused
from harness.seer.messages import Chat, Message, State, Update
from harness.seer.runs import Authority, Owner, Run
from harness.seer.script import find_script, perform, perform_unknown
from harness.seer.services import Services

PREFIX: Final = "/v1/automation/explorer"


@dataclass(slots=True)
class _Call:
    """What is known of a call so far, for the audit log."""

    name: str
    viewer: Owner | None = None
    run_id: int | None = None


_Answer = Callable[[_Call, Any, Owner], dict[str, Any]]


class Explorer:
    """The calls of one Seer, by the last word of their paths."""

    def __init__(self, services: Services, driver: Driver) -> None:
        self._services = services
        self._driver = driver
        self._calls: dict[
            str, tuple[type[Message], Callable[[_Call, Any, Owner], dict[str, Any]]]
        ] = {
            "chat": (Chat, self._chat),
            "state": (State, self._show),
            "update": (Update, self._update),
        }

    def answer(self, name: str, shown: Shown) -> dict[str, Any]:
        """The answer to the call `name`. Raises Refused: 401 before anything is read."""
        call = _Call(name if name in self._calls else "other")
        try:
            return self._answer(call, shown)
        except Refused as error:
            self._note(call, error.rule)
            raise

    def _answer(self, call: _Call, shown: Shown) -> dict[str, Any]:
        call.viewer = viewer = authenticate(self._services.settings.secret, shown)
        if call.name not in self._calls:
            raise Refused(404, "call")
        model, answer = self._calls[call.name]
        message = messages.read(model, shown.body)
        call.run_id = message.run_id
        check_agreement(viewer, message.organization_id, message.user_id)
        check_new(self._services.requests, message.request_id)
        return answer(call, message, viewer)

    def _note(self, call: _Call, rule: str = "") -> None:
        viewer = call.viewer
        entry = Entry(
            self._services.clock.now(),
            "call",
            call.name,
            not rule,
            rule,
            call.run_id,
            viewer.organization_id if viewer else None,
            viewer.user_id if viewer else None,
        )
        self._services.audit.add(entry)

    def _chat(self, call: _Call, chat: Chat, viewer: Owner) -> dict[str, Any]:
        services = self._services
        organization = chat.user_org_context.organization_slug
        run = services.runs.open(chat.run_id, lambda: Run(chat.run_id, viewer, organization))
        check_owner(run, viewer)
        with run.lock:
            if run.status == "processing":
                raise Refused(409, "busy", "The run is at work. Wait for it, or end it.")
            self._note(call)
            run.tools = chat.enable_code_mode_tools
            run.authority = self._choose_authority(chat)
            for secret in run.authority.secrets:
                run.hide(secret)
            run.write(services.clock.now(), "user", chat.query)
            self._driver.start(run, self._make_agent(run, chat), chat.request_id)
        return {"run_id": run.id}

    def _choose_authority(self, chat: Chat) -> Authority:
        directed = self._services.direction.authority
        if directed is not None:
            return directed
        # What was handed over serves where no agent token can be minted.
        token = chat.user_auth_token
        headers = (("Authorization", f"Bearer {token}"),) if token else ()
        return Authority("agent token", headers, token or "")

    def _make_agent(self, run: Run, chat: Chat) -> Agent:
        services = self._services
        circumstances = Circumstances(
            query=chat.query,
            organization=run.organization,
            organization_id=str(run.owner.organization_id),
            user_id=str(run.owner.user_id),
            session=run.session,
            authority=run.authority.kind,
            credential=run.authority.text,
        )
        script, captured = services.direction.script, dict[str, str]()
        found = find_script([script] if script else services.scripts, chat.query)
        if found is not None:
            script, captured = found
        if script is None:
            return perform_unknown(services.scripts)
        if not captured.keys() >= set(script.captures):
            # Directed, and asked something else than its user would ask.
            return perform_unknown([script])
        return perform(script, circumstances, captured, services.clock)

    def _show(self, call: _Call, state: State, viewer: Owner) -> dict[str, Any]:
        run = self._services.runs.find(state.run_id)
        if run is not None:
            check_owner(run, viewer)
        self._note(call)
        return {"session": run and run.as_json()}

    def _update(self, call: _Call, update: Update, viewer: Owner) -> dict[str, Any]:
        run = self._services.runs.find(update.run_id)
        if run is None:
            raise Refused(404, "no-run")
        check_owner(run, viewer)
        if update.payload.type == "interrupt":
            self._note(call)
            self._driver.interrupt(run)
            return {"run_id": run.id}
        with run.lock:
            check_question(run, update.payload.input_id)
            self._note(call)
            said = update.payload.response_data
            answer = Answer(said.decision == "approve", said.reason)
            self._driver.answer(run, answer, update.request_id)
        return {"run_id": run.id}


@defence(
    "seer-answer.question",
    title="An answer is for the question that it was given to",
    cwe=841,
    source="CWE-841",
)
def check_question(run: Run, input_id: str) -> None:
    """Raises Refused (409) for an answer to another question than the open one."""
    if run.pending is None or run.pending.id != input_id:
        raise Refused(409, "no-question", "That question is not open any more.")


@check_question.weakened(
    "stale-answer-accepted", title="An answer counts for whatever is asked by then"
)
def _(run: Run, input_id: str) -> None:
    if run.pending is None:
        check_question.sound(run, input_id)
