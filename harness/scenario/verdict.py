"""From the steps of an attack to its verdict; what the verdicts mean stands in `attack`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.events import Outcome
from harness.scenario.attack import Attack, Verdict
from harness.scenario.model import Step
from harness.scenario.registry import VERBS

CAN_BE_DONE = "the step can be done"
"""The check that fails when a step lacks what an earlier one should have given."""

VERDICTS: dict[Outcome, Verdict] = {
    "passed": "held",
    "failed": "broken",
    "inconclusive": "inconclusive",
}
"""The verdict that stands for each outcome of an attack; one that was planned has none."""

Finding = tuple[tuple[str | int, ...], bool, str]


def judge_failure(step: Step, failures: Iterable[str]) -> tuple[Outcome, str]:
    """Outcome and reason of an attack that ends at `step` for these failed checks."""
    names = ", ".join(dict.fromkeys(failures))
    where = f"step {step.index}, {step.action} (line {step.line})"
    if step.role == "attack" and CAN_BE_DONE not in failures:
        return "failed", f"{where}: {names}"
    what = {"control": "the control failed", "attack": "the attack could not be made"}
    return "inconclusive", f"{what.get(step.role or '', 'set-up failed')}: {where}: {names}"


def judge_success(steps: Sequence[Step]) -> tuple[Outcome, str]:
    """Outcome and reason of an attack whose steps all went as expected."""
    if any(step.role == "control" for step in steps):
        return "passed", ""
    return "inconclusive", "there is no control: nothing shows that the honest form works"


def review_steps(
    steps: Sequence[Step], afterwards: Sequence[Step], attack: Attack | None, *, is_attack: bool
) -> list[Finding]:
    """What is wrong with the flags of steps: path, whether the key is meant, and message.

    `is_attack`: whether there is a section `attack`; `attack` is None where that is wrong.
    """
    found: list[Finding] = [
        ((section, step.index - 1, step.role), True, message)
        for section, group in (("steps", steps), ("afterwards", afterwards))
        for step in group
        if step.role and (message := _misplaced(section, step, is_attack=is_attack))
    ]
    if is_attack and not any(step.role == "attack" for step in steps):
        found.append(
            (("attack",), True, "no step has 'attack: true', so there is nothing to judge")
        )
    if attack is not None and "Seer secret" not in attack.attacker:
        found += _find_theft(steps)
    return found


def _misplaced(section: str, step: Step, *, is_attack: bool) -> str:
    if not is_attack:
        return "only a scenario with a section 'attack' has such steps"
    if section == "afterwards":
        return "what is done afterwards decides nothing"
    if not VERBS[step.verb].answers:
        return f"{step.verb!r} has no answer that could be judged"
    if step.role == "attack" and not _expects(step):
        return "say under 'expect' what must be seen for the defence to hold"
    return ""


def _expects(step: Step) -> bool:
    """Whether a step, or one of those that it does at once, says what it expects."""
    together = step.arguments.get("together")
    lanes = together if isinstance(together, list) else []
    return bool(step.expect) or any(isinstance(lane, dict) and lane.get("expect") for lane in lanes)


def _find_theft(steps: Sequence[Step]) -> Iterator[Finding]:
    for step in steps:
        if step.actor.kind == "attacker" and step.arguments.get("sign with") == "secret":
            path = ("steps", step.index - 1, step.action, "sign with")
            yield path, False, "this attacker does not hold the 'Seer secret'"
