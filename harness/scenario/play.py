"""Plays one scenario: casts it, does its steps, checks what came, and writes it all down."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from harness.events import Outcome
from harness.redact import Redactor
from harness.scenario.casting import Company, Uncastable, cast
from harness.scenario.control import Control
from harness.scenario.description import Description
from harness.scenario.hands import HttpHands
from harness.scenario.model import Scenario, Step, read_expectations
from harness.scenario.registry import EXPECTATIONS, VERBS, Arguments
from harness.scenario.result import Result, shown_path
from harness.scenario.scene import Scene
from harness.scenario.seer import SeerControl, write_exchange
from harness.scenario.stage import MakeHands, Stage, StepFailedError
from harness.scenario.targets import Venue
from harness.scenario.verdict import CAN_BE_DONE, VERDICTS, judge_failure, judge_success
from harness.scenario.wire import UnreachableError, UnsendableError, Wire
from harness.transcript import Subscriber, Transcript, Unwritten


def play(
    scenario: Scenario,
    venue: Venue,
    *,
    target: str,
    planned: bool = False,
    quiet: bool = False,
    subscriber: Subscriber | None = None,
    make_hands: MakeHands = HttpHands,
) -> Result:
    """Plays `scenario`; a world of our own must be at its start.

    `planned`: nothing is sent, the transcript has what would be. `quiet`: there is no
    transcript, and no reason that could be shown, only what came of it. `subscriber` gets
    each event as it happens. `make_hands` gives users other hands than HTTP.
    """
    redactor = Redactor()
    if not quiet:
        venue.description.register_secrets(redactor)
    transcript = Unwritten(redactor) if quiet else Transcript(redactor)
    if subscriber is not None:
        transcript.subscribe(subscriber)
    outcome: Outcome
    company, missing = find_company(scenario, venue.description)
    if scenario.browser and make_hands is HttpHands and not planned:
        missing.append(f"this needs users with a browser for {', '.join(scenario.browser)}")
    if scenario.secretless and not venue.secretless:
        missing.append("this needs a server that was started with no shared secret")
    transcript.start(
        scenario=scenario.id,
        title=scenario.title,
        note=scenario.note,
        target=target,
        cast=company.show(),
        attack=scenario.attack.as_json() if scenario.attack else None,
    )
    if missing:
        outcome, reason = "inconclusive", "; ".join(missing)
    else:
        stage = open_stage(scenario, venue, company, transcript, make_hands, planned=planned)
        performance = Performance(stage, quiet=quiet)
        player = _Player(scenario, performance, renew=venue.renew is None)
        outcome, reason = player.play_all()
        for window in stage.windows.values():
            window.leave(scenario.id, failed=outcome != "passed")
        if planned and outcome == "passed":
            outcome = "planned"
    verdict = VERDICTS.get(outcome) if scenario.attack else None
    transcript.end(outcome, reason, verdict)
    return Result(
        scenario=scenario.id,
        title=scenario.title,
        file=shown_path(scenario.file),
        outcome=outcome,
        reason="" if quiet else redactor.text(reason),
        events=transcript.as_json(),
        verdict=verdict,
    )


def find_company(scenario: Scenario, target: Description) -> tuple[Company, list[str]]:
    """Who plays, and why the scenario cannot be played here."""
    missing = []
    company = Company()
    try:
        company = cast(scenario.cast, target, scenario.wanted)
    except Uncastable as reason:
        missing.append(str(reason))
    if scenario.control and target.control is None:
        missing.append(f"this target has no control API for {', '.join(scenario.control)}")
    if scenario.seer and (target.seer is None or target.seer.control is None):
        missing.append(f"this target has no Seer with a control API for {', '.join(scenario.seer)}")
    if scenario.secret and target.sentry.secret is None:
        missing.append(f"this target tells no secret for {', '.join(scenario.secret)}")
    return company, missing


def open_stage(
    scenario: Scenario,
    venue: Venue,
    company: Company,
    transcript: Transcript,
    make_hands: MakeHands = HttpHands,
    *,
    planned: bool = False,
) -> Stage:
    """The stage on which `company` plays `scenario`; what happens goes into `transcript`."""
    description = venue.description
    wire = Wire(description.sentry.url, None if planned else venue.transport, transcript)
    control = None
    if description.control is not None:
        transport = None if planned else venue.control_transport
        control = Control(
            Wire(description.control.url, transport, transcript), description.control.token
        )
    seer_wire, seer_control = _open_seer(venue, transcript, planned=planned)
    fresh = venue.renew is not None or control is not None
    return Stage(
        target=description,
        seer_wire=seer_wire,
        seer_control=seer_control,
        company=company,
        wire=wire,
        transcript=transcript,
        control=control,
        sessions_suffix="" if fresh else f"-{secrets.token_hex(4)}",
        session_organizations=scenario.sessions,
        make_hands=make_hands,
    )


def _open_seer(
    venue: Venue, transcript: Transcript, *, planned: bool
) -> tuple[Wire | None, SeerControl | None]:
    seer = venue.description.seer
    if seer is None or venue.seer_transport is None:
        return None, None
    transport = None if planned else venue.seer_transport
    wire = Wire(seer.url, transport, transcript, server="seer")
    if seer.control is None:
        return wire, None
    operating = Wire(seer.control.url, transport, transcript, server="seer")
    return wire, SeerControl(operating, seer.control.token)


class _Player:
    """All the steps of one scenario on its stage."""

    def __init__(self, scenario: Scenario, performance: Performance, *, renew: bool) -> None:
        self._scenario = scenario
        self._performance = performance
        self._renew = renew

    def play_all(self) -> tuple[Outcome, str]:
        """The outcome, and its reason unless it is passed."""
        stage = self._performance.stage
        control, seer = stage.control, stage.seer_control
        try:
            if self._renew and control is not None:
                control.reset()
            outcome, reason = self._play_steps(self._scenario.steps)
        except (UnreachableError, UnsendableError) as error:
            outcome, reason = "inconclusive", str(error)
        if outcome != "passed":
            self._take_pictures()
        try:
            last, why = self._play_steps(self._scenario.afterwards)
            if seer is not None:
                seer.let_go()
        except (UnreachableError, UnsendableError) as error:
            last, why = "inconclusive", str(error)
        if outcome == "passed" and last != "passed":
            return last, f"afterwards: {why}"
        return outcome, reason

    def _take_pictures(self) -> None:
        stage = self._performance.stage
        for name, window in stage.windows.items():
            for url, png in window.picture():
                stage.transcript.picture(name, url, png)

    def _play_steps(self, steps: tuple[Step, ...]) -> tuple[Outcome, str]:
        for step in steps:
            failures = self._performance.play_step(step)
            if failures and self._scenario.attack:
                return judge_failure(step, failures)
            if failures:
                names = ", ".join(dict.fromkeys(failures))
                return "failed", f"step {step.index}, {step.action} (line {step.line}): {names}"
        self._performance.stage.transcript.leave_step()
        if self._scenario.attack and steps is self._scenario.steps:
            return judge_success(steps)
        return "passed", ""


class Performance:
    """Steps played on a stage, one at a time, each checked and written down.

    `quiet`: decision records and what passes between services are read only where a step
    expects something of them.
    """

    def __init__(self, stage: Stage, *, quiet: bool = False) -> None:
        self.stage = stage
        self._quiet = quiet
        # The last decision record and exchange seen, and how many requests had been sent by then.
        self._record = 0
        self._passage = 0
        self._sent = -1
        if not quiet:
            stage.take_exchanges = self.take_exchanges

    def play_step(self, step: Step) -> list[str]:
        """The names of the checks that failed; with `for each` it ends where some did.

        Raises UnreachableError and UnsendableError.
        """
        for values in self._each(step):
            failures = self._play_once(step, values)
            if failures:
                return failures
        return []

    def _each(self, step: Step) -> Iterator[Mapping[str, Any]]:
        """Each combination of the values of `for each`; one without names if there are none."""
        names = list(step.for_each)
        for values in itertools.product(*step.for_each.values()):
            self.stage.locals = {}
            try:
                filled = self.stage.fill(list(values))
            except StepFailedError:
                # The step fails for want of these names, and says so.
                filled, names = [], []
            yield dict(zip(names, filled, strict=True))

    def _play_once(self, step: Step, values: Mapping[str, Any]) -> list[str]:
        """The step with these values of `for each`."""
        stage, verb = self.stage, VERBS[step.verb]
        stage.locals = values
        try:
            filled = stage.fill(step.arguments)
        except StepFailedError as error:
            filled, trouble = step.arguments, str(error)
        else:
            trouble = ""
        stage.transcript.step(
            index=step.index,
            actor=step.actor.name,
            verb=step.verb,
            arguments=filled,
            note=step.note,
            line=step.line,
            role=step.role,
        )
        scene = Scene(stage, step.actor, verb, None, step.acts_for)
        try:
            if trouble:
                raise StepFailedError(trouble)
            scene.arguments = _read_arguments(verb.arguments, filled)
            expect = _read_expect(stage, step)
            self._do(scene, expect)
        except StepFailedError as error:
            scene.check(CAN_BE_DONE, expected=True, came=False, passed=False, message=str(error))
        return scene.failures

    def _do(self, scene: Scene, expect: dict[str, Any]) -> None:
        stage = self.stage
        _look_before(scene, expect)
        # Records are read for those who read transcripts, and for what is expected of them.
        recorded = not self._quiet or "audit" in expect
        if recorded:
            self._skip_records()
        answer = scene.verb.play(stage, scene.actor, scene.arguments)
        if scene.verb.restarts:
            self._record = self._passage = 0
        stage.take_exchanges()
        scene.decisions = self.take_records() if recorded else []
        if answer is None:
            return
        scene.answer = stage.answers[scene.actor.name] = answer
        if answer.planned:
            # What would be read again afterwards.
            _look_before(scene, expect)
            return
        if scene.verb.check is not None:
            scene.verb.check(scene)
        elif "status" not in expect:
            verb = scene.verb
            came = answer.status
            scene.check("status", expected=verb.success, came=came, passed=verb.succeeded(answer))
        for name, value in expect.items():
            EXPECTATIONS[name].check(scene, value)

    def _skip_records(self) -> None:
        """What was decided between the steps, on reads of our own, belongs to no step."""
        if self.stage.control is not None and self._sent != self.stage.wire.sent:
            self._read_records()

    def take_records(self) -> list[dict[str, Any]]:
        """The decision records since the last look, written into the transcript."""
        if self.stage.control is None:
            return []
        records = self._read_records()
        for record in records:
            self.stage.transcript.decision(record)
        return records

    def take_exchanges(self, *, finished: bool = False) -> None:
        """What passed between the services since the last look, written into the transcript.

        `finished`: only up to the first that still waits for its answer.
        """
        if self.stage.control is None or self.stage.seer_wire is None:
            return
        for passage in self.stage.control.exchanges_since(self._passage):
            if finished and passage.get("status") is None and not passage.get("error"):
                return
            self._passage = passage["id"]
            write_exchange(self.stage.transcript, passage)

    def _read_records(self) -> list[dict[str, Any]]:
        control = self.stage.need_control()
        records = control.decisions_since(self._record)
        if records:
            self._record = max(record["id"] for record in records)
        self._sent = self.stage.wire.sent
        return records


def _look_before(scene: Scene, expect: dict[str, Any]) -> None:
    for name, value in expect.items():
        if before := EXPECTATIONS[name].before:
            scene.before[name] = before(scene, value)


def _read_arguments(model: Any, filled: Any) -> Arguments:
    try:
        arguments: Arguments = model.model_validate(filled)
    except ValidationError as error:
        raise StepFailedError(_explain(error)) from None
    return arguments


def _read_expect(stage: Stage, step: Step) -> dict[str, Any]:
    try:
        return read_expectations(stage.fill_pattern(step.expect))
    except ValidationError as error:
        raise StepFailedError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"with its names filled in, {place or 'the step'} does not fit: {first['msg']}"
