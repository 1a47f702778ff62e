"""The rules about tokens: a new one when it is needed, and none when it is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from harness.grading.case import Act, Case, Ref, find_kept
from harness.grading.rule import Finding, Judged, collect
from harness.grading.task import Task

#: New tokens in a session for which there was no reason; a client may start anew.
NEEDLESS: Final = 2
#: Refused uses of an expired token before a new one is minted.
EXPIRED_USES: Final = 1


@dataclass
class _Approval:
    """An approval, and what was done with it so far."""

    ref: Ref
    given: frozenset[str]
    old: list[Ref] = field(default_factory=list)
    minted: bool = False

    def judge(self) -> Finding | None:
        """A breach: the old token again and again, or nothing but the old token."""
        if len(self.old) > 1 or (self.old and not self.minted):
            came = f"{len(self.old)} denials of a token that was minted before"
            expected = f"a new token after {' '.join(sorted(self.given))} was approved"
            return Finding((self.ref, *self.old), expected, came)
        return None


def mints_after_approval(case: Case, _: Task | None) -> Judged:
    """An issued token never grows: what was approved is in a new one.

    One try with the old token is let pass where a new one is minted then.
    """
    approval: _Approval | None = None
    over: list[_Approval] = []
    for act in case.acts:
        if act.approved:
            over += [approval] if approval else []
            approval = _Approval(act.ref, act.given or frozenset())
        elif approval is None:
            continue
        elif act.refused_by_user and not approval.minted:
            # Half of a yes, which the user's answer in the chat takes back.
            approval = None
        elif act.minted:
            approval.minted = True
            if approval.given.isdisjoint(act.given or ()):
                # It lasted its hours, or is not wanted in this token.
                over.append(approval)
                approval = None
        elif act.challenged & approval.given:
            approval.old.append(act.ref)
    over += [approval] if approval else []
    used = [one for one in over if one.minted or one.old]
    return collect(len(used), filter(None, (one.judge() for one in used)))


def mints_when_needed(case: Case, _: Task | None) -> Judged:
    """A token is used until it is over, or until there is more to have."""
    last: Act | None = None
    needless: list[Ref] = []
    seen = 0
    for act in case.acts:
        if act.approved or act.status == 401:
            last = None
        elif act.minted:
            seen += 1
            if last is not None and _is_good(last, act):
                needless.append(act.ref)
            last = act
    findings = []
    if len(needless) > NEEDLESS:
        expected = f"at most {NEEDLESS} new tokens while the one in hand is as good"
        findings.append(Finding(tuple(needless), expected, f"{len(needless)} of them"))
    return collect(max(seen - 1, 0), findings)


def heeds_expiry(case: Case, _: Task | None) -> Judged:
    """A token that is over is replaced, not tried again."""
    findings: list[Finding] = []
    uses: list[Ref] = []
    last: Act | None = None
    seen = 0

    def settle() -> None:
        if len(uses) > EXPIRED_USES:
            expected = f"at most {EXPIRED_USES} use of an expired token before a new one"
            findings.append(Finding(tuple(uses), expected, f"{len(uses)} refused uses"))
        uses.clear()

    for act in case.acts:
        if act.minted:
            # Replaced in time, or after it was noticed.
            seen += bool(uses) or (last is not None and _is_over(last, act))
            settle()
            last = act
        elif act.reason == "expired":
            uses.append(act.ref)
    seen += bool(uses)
    settle()
    if kept := find_kept(case, 401):
        came = f"{len(kept)} more uses, which Seer's tool did not send"
        refs = tuple(trace.ref for trace in kept)
        findings.append(Finding(refs, "a new token in place of one that is refused", came))
    return collect(seen, findings)


def _is_good(held: Act, new: Act) -> bool:
    """Whether the token in hand does all that the new one will."""
    same = (held.given, held.asked) == (new.given, new.asked)
    return same and not _is_over(held, new)


def _is_over(held: Act, at: Act) -> bool:
    return held.expires is not None and at.time is not None and at.time >= held.expires
