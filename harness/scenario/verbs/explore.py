"""`asks`, `continues`, `answers` and `interrupts`: a user talks with Seer in Explorer.

After each of them the scenario waits until Seer's agent is done or waits for its user, and
reads the state of the run, which `run` in `expect` is about. A run's name is also the name
of its agent session.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from harness.scenario.answer import Answer
from harness.scenario.book import Book
from harness.scenario.hands import Said, explorer_path
from harness.scenario.names import Actor
from harness.scenario.registry import Arguments, Verb, is_success
from harness.scenario.seer import read_state
from harness.scenario.stage import Stage, StepFailedError

# Whoever asks more often than that means to wear the user out.
_MOST_QUESTIONS = 20

RunName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]


class Ask(Arguments):
    """A first message to Seer."""

    in_: str = Field(alias="in")
    query: str
    as_: RunName = Field(alias="as", description="A name for the run, and for its agent session.")


class OfRun(Arguments):
    """About a run of an earlier step."""

    run: str


class Continue(OfRun):
    """One more message."""

    query: str


class AnswerRun(OfRun):
    """What the user says to a request for scopes.

    To approve is to grant, as the approval page does it, and then to tell Seer.
    """

    decision: Literal["approve", "reject"]
    scopes: list[str] | None = Field(
        None, description="What is granted; what was asked for if left out."
    )
    input: str | None = Field(None, description="The id of another question than the open one.")


class Decide(OfRun):
    """What the user says to every request for scopes, until the run is over.

    What asks for nothing but scopes of `approve` is approved, all else rejected.
    """

    approve: list[str] = Field([], description="The scopes that the user approves; none if empty.")


def _ask(stage: Stage, actor: Actor, ask: Ask) -> Answer:
    organization = stage.organization(ask.in_).slug
    stage.values.pop(ask.as_, None)
    answer = stage.signed_in(actor.name).ask(organization, ask.query)
    _settle(stage)
    run_id = f"<{ask.as_}>" if answer.planned else answer.at("/run_id")
    if isinstance(run_id, int | str):
        stage.agent_sessions[ask.as_] = f"explorer-{run_id}"
        stage.values[ask.as_] = {"run_id": run_id, "organization": organization}
        _read(stage, actor, ask.as_)
    return answer


def _continue(stage: Stage, actor: Actor, go_on: Continue) -> Answer:
    run = _run(stage, go_on.run)
    answer = stage.signed_in(actor.name).go_on(run["organization"], run["run_id"], go_on.query)
    return _then_read(stage, actor, go_on.run, answer)


def _answer(stage: Stage, actor: Actor, said: AnswerRun) -> Answer:
    run = _run(stage, said.run)
    pending = run.get("pending_user_input") or {}
    asked = _asked(run) or []
    told = Said(
        question=said.input or pending.get("id") or "none",
        decision=said.decision,
        asked=asked,
        granted=asked if said.scopes is None else said.scopes,
    )
    answer = stage.signed_in(actor.name).respond(run["organization"], run["run_id"], told)
    return _then_read(stage, actor, said.run, answer)


def _decide(stage: Stage, actor: Actor, policy: Decide) -> Answer:
    answer = _read(stage, actor, policy.run)
    for _ in range(_MOST_QUESTIONS):
        asked = _asked(_run(stage, policy.run))
        if asked is None:
            return answer
        fits = bool(asked) and set(asked) <= set(policy.approve)
        said = AnswerRun(run=policy.run, decision="approve" if fits else "reject")
        answer = _answer(stage, actor, said)
        if answer.status is None or not is_success(answer):
            return answer
    raise StepFailedError(f"the run asked more than {_MOST_QUESTIONS} times")


def _interrupt(stage: Stage, actor: Actor, of: OfRun) -> Answer:
    run = _run(stage, of.run)
    answer = stage.signed_in(actor.name).interrupt(run["organization"], run["run_id"])
    return _then_read(stage, actor, of.run, answer)


def _then_read(stage: Stage, actor: Actor, name: str, answer: Answer) -> Answer:
    _settle(stage)
    _read(stage, actor, name)
    return answer


def _settle(stage: Stage) -> None:
    stage.need_seer_control().settle()
    # In their place: before the state is asked for.
    stage.take_exchanges()


def _read(stage: Stage, actor: Actor, name: str) -> Answer:
    """The state of the run takes its name, as its user sees it."""
    run = _run(stage, name)
    if stage.wire.planned:
        return Answer(None)
    path = explorer_path(run["organization"], "chat", run["run_id"])
    headers = stage.signed_in(actor.name).jar.headers("GET")
    answer, state = read_state(stage.wire, actor.name, path, headers)
    if state is not None:
        stage.values[name] = state | {"organization": run["organization"]}
    return answer


def _run(stage: Stage, name: str) -> dict[str, Any]:
    run = stage.values.get(name)
    if not isinstance(run, dict) or "run_id" not in run:
        raise StepFailedError(f"the run {name!r} did not begin")
    return run


def _asked(run: dict[str, Any]) -> list[str] | None:
    """The scopes that a run asks for; None where it asks nothing."""
    pending = run.get("pending_user_input")
    return ((pending.get("data") or {}).get("scopes") or []) if pending else None


def _review_ask(book: Book, actor: Actor, ask: Ask) -> None:
    book.needs_seer("'asks'")
    book.passwords.add(actor.name)
    book.organization(("in",), ask.in_)
    if ask.as_ in book.sessions or ask.as_ in book.values:
        book.mistake(("as",), f"{ask.as_!r} already names something else")
    book.sessions[ask.as_] = ask.in_
    book.values.add(ask.as_)
    book.runs.add(ask.as_)


def _review_run(book: Book, actor: Actor, of: OfRun) -> None:
    book.passwords.add(actor.name)
    book.run(("run",), of.run)


def _verb(name: str, arguments: type[Arguments], play: Any, review: Any) -> Verb:
    return Verb(
        name=name,
        arguments=arguments,
        actors=frozenset({"user"}),
        play=play,
        review=review,
        acts_for=lambda _, actor, __: actor.name,
    )


VERBS = [
    _verb("asks", Ask, _ask, _review_ask),
    _verb("continues", Continue, _continue, _review_run),
    _verb("answers", AnswerRun, _answer, _review_run),
    _verb("decides", Decide, _decide, _review_run),
    _verb("interrupts", OfRun, _interrupt, _review_run),
]
