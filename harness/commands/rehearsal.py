"""Plays a script of ours in process: a user asks Seer in Explorer, and answers its agent.

The user says yes to what belongs to their question and no to all else, or no to everything.
Meanwhile time passes: each request of the agent takes a minute, so that a long run outlasts
its token.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from harness.commands.grade_evidence import Evidence, read_evidence
from harness.deployment import IN_PROCESS_URL, SENTRY, Deployment, Secrets, deploy
from harness.grading import Task
from harness.grading.task import plain_path
from harness.randomness import Randomness
from harness.redact import Redactor
from harness.scenario.answer import Answer, Request
from harness.scenario.description import Description
from harness.scenario.hands import HttpHands
from harness.scenario.seer import SeerControl
from harness.scenario.targets import read_description
from harness.scenario.wire import Wire
from harness.seer.script import Script
from harness.seer.script.model import Step
from harness.template import fill
from harness.transcript import Unwritten
from harness.wsgi import WsgiTransport

WORLD: Final = "rehearsal"
_USER, _ORGANIZATION = "olivia", "acme"
#: What the user says for the words that a script's question leaves open.
_WORDS: Final = {"name": "Renamed", "issue": "WEB-APP-1", "team": "web"}
_SECONDS: Final = 60
#: Questions that the user answers in one run; Seer asks fewer.
_MOST_ANSWERS: Final = 20


def task_of(script: Script, scripts: Iterable[Script]) -> Task:
    """What belongs to the question that the user of `script` asks.

    What the file says; else what the plan names. A plan that means harm is no measure: there
    it is the plan of the honest script whose user asks the same, and else nothing.
    """
    if script.allows:
        return Task(script.allows)
    if script.temperament != "hostile":
        return Task(tuple(_operations(script.plan)))
    twins = (one for one in scripts if one.temperament == "honest" and one.asks == script.asks)
    return Task(tuple(operation for twin in twins for operation in _operations(twin.plan)))


def _operations(plan: Sequence[Step]) -> Iterator[str]:
    for step in plan:
        if step.call is not None:
            yield f"{step.call.method.upper()} {plain_path(step.call.path)}"
        for inner in (step.then, step.otherwise, step.do):
            yield from _operations(inner)


@contextmanager
def open_stage(seed: int) -> Iterator[Stage]:
    """A world in which scripts are played, one after another."""
    secrets = Secrets.draw(Randomness(seed))
    deployment = deploy(WORLD, seed, frozen=True, secrets=secrets)
    try:
        yield Stage(deployment, read_description(deployment.describe(IN_PROCESS_URL)))
    finally:
        deployment.close()


@dataclass
class Stage:
    """The world, and what of it is known to those who play."""

    deployment: Deployment
    description: Description

    def play(self, script: Script, task: Task, *, refusing: bool) -> Evidence:
        """What came of the script, played from the start of the world. Raises UnreachableError."""
        self.deployment.reset()
        self._let_time_pass()
        unwritten = Unwritten(Redactor())
        seer = self.description.seer
        control = self.description.control
        assert seer is not None  # noqa: S101 - our own deployment has both
        assert seer.control is not None  # noqa: S101
        assert control is not None  # noqa: S101
        transport = WsgiTransport(self.deployment.app)
        seer_transport = WsgiTransport(self.deployment.seer) if self.deployment.seer else None
        operator = SeerControl(
            Wire(seer.control.url, seer_transport, unwritten, server="seer"), seer.control.token
        )
        operator.direct("operator", script.id, {})
        user = _User(Wire(self.description.sentry.url, transport, unwritten), operator)
        user.sign_in(self.description)
        user.converse(fill(script.asks, lambda name: _WORDS.get(name, name)), task, refusing)
        return read_evidence(self.description, control, transport, seer_transport)

    def _let_time_pass(self) -> None:
        """Each request that Seer sends to Sentry takes its time."""
        clock = self.deployment.app.extensions["sentry"].clock
        app: Any = self.deployment.app

        def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            clock.advance(_SECONDS)
            answer: Iterable[bytes] = app(environ, start_response)
            return answer

        self.deployment.network.join(SENTRY, IN_PROCESS_URL, serve)


class _User:
    """Whoever asks, with a browser."""

    def __init__(self, wire: Wire, operator: SeerControl) -> None:
        self._wire = wire
        self._operator = operator
        self._hands = HttpHands(wire, _USER)

    def sign_in(self, description: Description) -> None:
        person = next(user for user in description.users if user.name == _USER)
        self._hands.sign_in(person.email, person.password or "", by="basic")

    def converse(self, query: str, task: Task, refusing: bool) -> None:
        """Asks, and answers what the agent asks, until it is done."""
        started = self._post("chat/", {"query": query})
        run_id = started.at("/run_id")
        for _ in range(_MOST_ANSWERS):
            session = self._send("GET", f"chat/{run_id}/").at("/session")
            pending = session.get("pending_user_input") if isinstance(session, dict) else None
            if not pending:
                return
            method, _, path = pending["data"]["operation"].partition(" ")
            approves = not refusing and task.covers(method, path)
            self._answer(run_id, pending["id"], pending["data"]["scopes"], approves)

    def _answer(self, run_id: Any, question: str, scopes: list[str], approves: bool) -> None:
        if approves:
            self._hands.approve(_ORGANIZATION, f"explorer-{run_id}", scopes)
        data = {"decision": "approve" if approves else "reject", "scopes": scopes}
        payload = {"type": "user_input_response", "input_id": question, "response_data": data}
        self._post(f"update/{run_id}/", {"payload": payload})

    def _post(self, path: str, body: dict[str, Any]) -> Answer:
        answer = self._send("POST", path, json.dumps(body).encode())
        self._operator.settle()
        return answer

    def _send(self, method: str, path: str, body: bytes = b"") -> Answer:
        headers = (
            *self._hands.jar.headers(method),
            ("Accept", "application/json"),
            ("Content-Type", "application/json"),
        )
        url = f"/api/0/organizations/{_ORGANIZATION}/seer/explorer-{path}"
        return self._wire.send(_USER, Request(method, url, headers, body))
