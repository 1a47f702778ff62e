"""What actors can do. Each module has a list `VERBS`; importing this adds them all."""

from __future__ import annotations

from harness.scenario.registry import add_verb
from harness.scenario.verbs import (
    approve,
    browse,
    call,
    capture,
    explore,
    forge,
    mint,
    operate,
    race,
    save,
    session,
)

for _module in (mint, call, approve, session, save, operate, forge, race, explore, capture, browse):
    for _verb in _module.VERBS:
        add_verb(_verb)
