"""The flow of the lab: real steps, played one by one on a stage against the running services.

A session is the steps that were played since the last start. Going back starts the world
anew and plays again what is left. What somebody does by hand in the pages is told as well,
and the approval of the tour counts whoever gives it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from harness.document import DocumentError
from harness.lab.feed import Feed
from harness.lab.script import Done, RawStep, Script, explain
from harness.lab.story import Teller
from harness.lab.tour import APPROVAL, STOPS, Tour
from harness.lab.view import describe_state
from harness.redact import Redactor
from harness.scenario.model import Scenario, Step
from harness.scenario.play import Performance, find_company, open_stage
from harness.scenario.runner import DEFAULT_SEED, run_scenarios
from harness.scenario.targets import InProcess, Venue
from harness.scenario.verdict import CAN_BE_DONE
from harness.scenario.wire import UnreachableError, UnsendableError
from harness.transcript import Received, Sent, Transcript

#: Topic of the feed.
FLOW = "flow"

# Seconds between two looks at what passes between services, and looks without news until
# nobody looks any more.
_LOOK, _LOOKS = 0.15, 20
# Time that passes while somebody talks is part of a saved scenario from so many seconds on;
# where that is too coarse to come to the same result, from one second on.
_COARSE, _FINE = 60.0, 1.0


class BusyError(Exception):
    """Another step is being played."""


class StepRefusedError(Exception):
    """A step cannot be played; `reasons` say why."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Session:
    """The live flow; safe to use from several threads, one step at a time."""

    def __init__(self, feed: Feed, venue: Venue, tour: Tour, *, secrets: tuple[str, ...]) -> None:
        self._feed = feed
        self._venue = venue
        self._tour = tour
        self._secrets = secrets
        self._playing = threading.Lock()
        # Held by whoever plays, and for a moment by the follower, whom a player waits for.
        self._world = threading.Lock()
        self._taking = threading.Lock()
        self._stirred = threading.Event()
        self._closed = threading.Event()
        self._busy = False
        self._by_hand = False
        self._free = False
        self._state: dict[str, Any] = {}
        self._follower = threading.Thread(target=self._follow, name="lab", daemon=True)
        self._start()
        self._follower.start()

    def close(self) -> None:
        """Ends what looks on."""
        self._closed.set()
        self._stirred.set()
        self._follower.join()

    # -- what a presenter does

    @property
    def position(self) -> int:
        """How many stops of the tour are behind."""
        return max(
            (done.stop + 1 for done in self._script.done if done.stop is not None), default=0
        )

    def forward(self) -> None:
        """Plays the next stop of the tour. Raises BusyError, StepRefusedError."""
        with self._alone():
            if self.position < len(STOPS):
                stop = self.position
                for raw in self._tour.steps_of(stop):
                    self._play(raw, stop)

    def back(self) -> None:
        """As it was before the last stop, and what came after it. Raises BusyError."""
        with self._alone():
            last = self.position - 1
            kept = self._script.done
            if last >= 0:
                first = next(index for index, done in enumerate(kept) if done.stop == last)
                self._replay(kept[:first])

    def take_back(self) -> None:
        """As it was before the last step. Raises BusyError."""
        with self._alone():
            self._replay(self._script.done[:-1])

    def restart(self) -> None:
        """The start of the world, and no step. Raises BusyError."""
        with self._alone():
            self._start()

    def do(self, actor: str, verb: str, arguments: dict[str, Any]) -> None:
        """Plays a step and appends it. Raises BusyError, StepRefusedError."""
        with self._alone():
            self._play({f"{actor} {verb}": arguments or None}, None)

    def save(self) -> str:
        """What was done as a scenario file, which plays back to the same result.

        A comment says so where it does not.
        """
        saved = Script(self._script.frame)
        saved.done = list(self._script.done)
        if not saved.done:
            raise StepRefusedError(["nothing was done yet"])
        for least in (_COARSE, _FINE):
            text = saved.write(least=least)
            reason = _play_back(text)
            if not reason:
                return text
        return f"# Played back in process it came to another result: {reason}\n{text}"

    # -- what others do

    def note_by_hand(self, sent: Sent, received: Received) -> None:
        """Somebody went to a page of Sentry's by hand."""
        self._transcript.exchange(actor="browser", purpose="page", sent=sent, received=received)
        self._by_hand = True
        self._stirred.set()

    def now(self) -> datetime:
        """The clock of the mock. Raises UnreachableError."""
        return self._stage.need_control().now()

    def register(self, redactor: Redactor) -> None:
        """Makes every secret of the run one that `redactor` knows."""
        self._venue.description.register_secrets(redactor)
        for secret in self._secrets:
            redactor.register(secret, "lab token")

    # -- a start, and a step

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._playing.acquire(blocking=False):
            raise BusyError
        try:
            with self._world:
                self._busy = True
                self.publish()
                yield
        finally:
            self._busy = False
            self._playing.release()
            self.publish()

    def _start(self) -> None:
        redactor = Redactor()
        self.register(redactor)
        self._script = Script(self._tour.frame)
        scenario = self._script.read_with(self._tour.steps[0])
        company, missing = find_company(scenario, self._venue.description)
        if missing:
            raise StepRefusedError(missing)
        self._transcript = Transcript(redactor)
        self._stage = open_stage(scenario, self._venue, company, self._transcript)
        self._performance = Performance(self._stage)
        self._stage.take_exchanges = self._take
        self._stage.need_control().reset()
        self._feed.begin(FLOW)
        self._transcript.subscribe(Teller(self._tell))
        self._transcript.start(
            scenario=scenario.id,
            title="The flow, live",
            note="",
            target=self._stage.wire.url,
            cast=company.show(),
        )
        self.publish()

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        # A step of one's own expects nothing, so that a refusal is no failure.
        check = data["item"].get("check") if kind == "item" else None
        if check is None or not self._free or check["name"] == CAN_BE_DONE:
            self._feed.publish(FLOW, kind, data)

    def _replay(self, kept: list[Done]) -> None:
        self._start()
        for done in kept:
            self._play(done.raw, done.stop)

    def _play(self, raw: RawStep, stop: int | None) -> None:
        try:
            scenario = self._script.read_with(raw)
        except DocumentError as error:
            raise StepRefusedError(explain(error)) from None
        self._engage(scenario)
        step = scenario.steps[-1]
        before = self._stage.answers.get(step.actor.name)
        self._free = stop is None
        began = self.now()
        self._stirred.set()
        try:
            failures = self._performance.play_step(step)
        except (UnreachableError, UnsendableError) as error:
            self._transcript.leave_step()
            raise StepRefusedError([str(error)]) from None
        self._transcript.leave_step()
        if self._free:
            self._refuse_undone(failures)
            failures = []
        answer = self._stage.answers.get(step.actor.name)
        status = answer.status if answer is not None and answer is not before else None
        self._script.done.append(
            Done(raw, stop, began, self.now(), status, self._run_of(step), tuple(failures))
        )
        self.publish()

    def _refuse_undone(self, failures: list[str]) -> None:
        """A step of one's own that could not be done is none."""
        if CAN_BE_DONE in failures:
            checks = [one for one in self._transcript.as_json() if one["kind"] == "check"]
            raise StepRefusedError([f"this cannot be done: {checks[-1]['message']}"])

    def _engage(self, scenario: Scenario) -> None:
        """Whom the scenario needs; nobody who plays already is played by somebody else."""
        company, missing = find_company(scenario, self._venue.description)
        if missing:
            raise StepRefusedError(missing)
        playing, wanted = self._stage.company.show(), company.show()
        changed = [name for name, who in playing.items() if wanted.get(name, who) != who]
        if changed:
            raise StepRefusedError([f"{', '.join(changed)} cannot do that in this world"])
        self._stage.company = company
        self._stage.session_organizations = scenario.sessions

    def _run_of(self, step: Step) -> str | None:
        """The state of the run of Seer that a step was about."""
        name = step.arguments.get("run") or (step.verb == "asks" and step.arguments.get("as"))
        run = self._stage.values.get(name) if isinstance(name, str) else None
        status = run.get("status") if isinstance(run, dict) else None
        return status if isinstance(status, str) else None

    # -- looking on

    def _take(self) -> None:
        with self._taking:
            self._performance.take_exchanges()

    def _follow(self) -> None:
        while not self._closed.is_set():
            self._stirred.wait()
            self._stirred.clear()
            quiet = 0
            while quiet < _LOOKS and not self._closed.is_set():
                # An end, or a start that is just being made: the next look sees more.
                with suppress(UnreachableError):
                    quiet = 0 if self._look() else quiet + 1
                self._closed.wait(_LOOK)

    def _look(self) -> bool:
        """Tells what passed meanwhile; whether there was anything."""
        before = len(self._transcript.events)
        with self._taking:
            self._performance.take_exchanges(finished=True)
        if self._world.acquire(blocking=False):
            try:
                self._look_alone()
            finally:
                self._world.release()
        return self._busy or len(self._transcript.events) > before

    def _look_alone(self) -> None:
        """While no step is played: what was decided, and whether the approval was given."""
        if not self._by_hand:
            return
        self._by_hand = False
        self._performance.take_records()
        if self.position == APPROVAL and self._is_approved():
            self._note_approval()
        self.publish()

    def _approval(self) -> tuple[RawStep, Step]:
        raw = self._tour.steps_of(APPROVAL)[0]
        return raw, self._script.read_with(raw).steps[-1]

    def _is_approved(self) -> bool:
        _, step = self._approval()
        control = self._stage.need_control()
        session = self._stage.session(step.arguments["session"])
        wanted = set(step.arguments["scopes"])
        return any(
            grant["session"] == session and wanted <= set(grant["scopes"])
            for grant in control.grants()
        )

    def _note_approval(self) -> None:
        """The approval that the tour waits for was given in the page."""
        raw, step = self._approval()
        now = self.now()
        self._transcript.step(
            index=step.index,
            actor=step.actor.name,
            verb=step.verb,
            arguments=step.arguments,
            note=step.note,
            line=None,
        )
        self._transcript.remark("Done by hand, in the approval page.")
        self._transcript.leave_step()
        self._script.done.append(Done(raw, APPROVAL, now, now, 200, by_hand=True))

    def publish(self) -> None:
        """Tells how it stands: the tour, what was done, the grants, the names, the clock.

        Where the mock does not answer it stands as it stood; raises UnreachableError only
        where it never did.
        """
        try:
            self._state = describe_state(self._stage, self._script, self._tour, self.position)
        except UnreachableError:
            if not self._state:
                raise
        self._feed.publish(FLOW, "state", self._state | {"busy": self._busy}, state=True)


def _play_back(text: str) -> str:
    """Why a saved scenario does not pass; empty where it does."""
    from harness.lab.script import NAME
    from harness.scenario.loader import parse_scenario

    try:
        scenario = parse_scenario(text, name=NAME)
    except DocumentError as error:
        return "; ".join(explain(error))
    (result,) = run_scenarios([scenario], InProcess(), seed=DEFAULT_SEED).results
    return result.reason or ("" if result.outcome == "passed" else result.outcome)
