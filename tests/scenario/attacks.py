"""What the tests of attacks share: small attacks in few words."""

from __future__ import annotations

from harness.scenario.model import Scenario
from harness.scenario.result import Result
from harness.scenario.runner import Player
from harness.scenario.targets import InProcess
from tests.scenario.theatre import CAST, scenario_of

SECTION = (
    "{category: token forging, severity: high, cwe: 347, owasp: 'API2:2023',"
    " source: RFC 8725, attacker: [stolen agent token, Seer secret], breaks on: [%s]}"
)

MINT = "  - agent mints: {for: olivia, in: first, session: s1, as: honest}\n"
CONTROL = """\
  - agent calls: {with: honest, get: "/api/0/organizations/{first}/"}
    control: true
    expect: {status: 200}
"""
FORGED = """\
  - attacker forges: {from: honest, set: {scopes: [org:admin]}, as: forged}
  - attacker calls: {with: forged, get: "/api/0/organizations/{first}/"}
    attack: true
    expect: {status: 401}
"""
# On a sound server an honest token is not refused: this attack breaks everywhere.
ALWAYS_BREAKS = """\
  - attacker calls: {with: honest, get: "/api/0/organizations/{first}/"}
    attack: true
    expect: {status: 401}
"""
# A made-up token is refused whatever is weak.
NEVER_BREAKS = """\
  - attacker calls: {get: "/api/0/organizations/{first}/"}
    attack: true
    expect: {status: 401}
"""


def attack_of(
    steps: str, *, name: str = "one", breaks_on: str = "signature-not-checked", **keys: str
) -> Scenario:
    """An attack with these steps."""
    return scenario_of(steps, id=name, attack=SECTION % breaks_on, cast=CAST, **keys)


def play_attack(scenario: Scenario, *weaknesses: str) -> Result:
    """Plays an attack on a fresh mock Sentry with these weaknesses."""
    with Player(InProcess(weaknesses=weaknesses)) as player:
        return player.play(scenario)
