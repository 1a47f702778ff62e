"""The section `attack`, the flags of steps, and the verdicts."""

from __future__ import annotations

import pickle

import pytest

from harness.defence import WEAKNESSES
from harness.document import DocumentError
from harness.scenario.attack import HOLDINGS, known_weaknesses
from harness.scenario.loader import parse_scenario
from harness.scenario.runner import Player, run_scenarios
from harness.scenario.targets import InProcess, Running
from tests.scenario.attacks import (
    ALWAYS_BREAKS,
    CONTROL,
    FORGED,
    MINT,
    SECTION,
    attack_of,
    play_attack,
)
from tests.scenario.theatre import CAST, StandIn, described, events_of, play_on, scenario_of

# -- verdicts


def test_held() -> None:
    result = play_attack(attack_of(MINT + CONTROL + FORGED))
    assert (result.verdict, result.outcome, result.word, result.reason) == (
        "held",
        "passed",
        "held",
        "",
    )


def test_broken_with_its_evidence() -> None:
    result = play_attack(attack_of(MINT + CONTROL + FORGED), "signature-not-checked")
    assert (result.verdict, result.outcome) == ("broken", "failed")
    assert result.reason == "step 4, attacker calls (line 15): status"
    (failed,) = (check for check in events_of(result, "check") if not check["passed"])
    assert (failed["name"], failed["expected"], failed["came"]) == ("status", 401, 200)


def test_the_attack_ends_at_its_first_broken_step() -> None:
    later = ALWAYS_BREAKS + ALWAYS_BREAKS
    result = play_attack(attack_of(MINT + CONTROL + later))
    assert [step["index"] for step in events_of(result, "step")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (MINT + FORGED, "there is no control: nothing shows that the honest form works"),
        (
            MINT + CONTROL.replace("status: 200", "status: 204") + FORGED,
            "the control failed: step 2, agent calls (line 11): status",
        ),
        (
            MINT.replace("}", "}\n    expect: {status: 404}") + CONTROL + FORGED,
            "set-up failed: step 1, agent mints (line 10): status",
        ),
        (
            # Nothing was minted under that name, so nothing is proved by not showing it.
            MINT
            + CONTROL
            + "  - operator removes member: {user: mel, in: first}\n"
            + "  - agent mints: {for: mel, session: s1, as: gone}\n    expect: {status: 403}\n"
            + ALWAYS_BREAKS.replace("honest", "gone"),
            "the attack could not be made: step 5, attacker calls (line 17): the step can be done",
        ),
    ],
)
def test_inconclusive(steps: str, reason: str) -> None:
    result = play_attack(attack_of(steps))
    assert (result.verdict, result.outcome, result.reason) == (
        "inconclusive",
        "inconclusive",
        reason,
    )


def test_a_broken_attack_stays_broken_without_a_control() -> None:
    assert play_attack(attack_of(MINT + ALWAYS_BREAKS)).verdict == "broken"


def test_what_is_done_afterwards_breaks_nothing() -> None:
    steps = MINT + CONTROL + FORGED
    afterwards = "afterwards:\n  - agent calls: {using: none, get: /api/0/nowhere/}\n"
    scenario = attack_of(steps + afterwards)
    result = play_attack(scenario)
    assert result.verdict == "inconclusive"
    assert result.reason.startswith("afterwards: set-up failed: step 1")


def test_a_server_that_does_not_answer_is_inconclusive() -> None:
    target = Running(described(sentry={"url": "http://127.0.0.1:9", "secret": "s"}, control=None))
    (result,) = run_scenarios([attack_of(MINT + CONTROL + FORGED)], target).results
    assert result.verdict == "inconclusive"


def test_exit_codes() -> None:
    held = attack_of(MINT + CONTROL + FORGED)
    broken = attack_of(MINT + CONTROL + ALWAYS_BREAKS)
    unsure = attack_of(MINT + FORGED)
    target = InProcess()
    assert run_scenarios([held], target).exit_code == 0
    assert run_scenarios([held, broken, unsure], target).exit_code == 1
    assert run_scenarios([held, unsure], target).exit_code == 3


def test_the_transcript_says_what_the_steps_are() -> None:
    result = play_attack(attack_of(MINT + CONTROL + FORGED))
    (started,), (ended,) = events_of(result, "started"), events_of(result, "ended")
    assert started["attack"]["breaks on"] == ["signature-not-checked"]
    assert started["attack"]["defences"] == ["agent-token.signature"]
    assert ended["verdict"] == "held"
    assert [step["role"] for step in events_of(result, "step")] == [None, "control", None, "attack"]


def test_other_scenarios_have_no_verdict() -> None:
    with Player(InProcess()) as player:
        result = player.play(scenario_of(MINT))
    assert (result.verdict, result.word) == (None, "passed")
    assert events_of(result, "started")[0]["attack"] is None


def test_an_attack_can_be_sent_to_another_process() -> None:
    scenario = attack_of(MINT + CONTROL + FORGED)
    assert pickle.loads(pickle.dumps(scenario)) == scenario  # noqa: S301 - our own bytes


def test_a_plan_has_no_verdict() -> None:
    with Player(InProcess()) as player:
        result = player.play(attack_of(MINT + CONTROL + FORGED), planned=True)
    assert (result.outcome, result.verdict) == ("planned", None)


# -- needs


def test_the_secret_is_needed_only_to_sign() -> None:
    resigned = FORGED.replace("as: forged", "sign with: secret, as: forged")
    kept, signing = attack_of(MINT + CONTROL + FORGED), attack_of(MINT + CONTROL + resigned)
    assert kept.secret == ()
    assert signing.secret == ("'forges' with the secret",)


def test_without_the_secret_it_is_inconclusive() -> None:
    resigned = FORGED.replace("as: forged", "sign with: secret, as: forged")
    sentry = {"url": "http://sentry.test", "secret": None}
    result = play_on(StandIn(), MINT + resigned.replace("    attack: true\n", ""), sentry=sentry)
    assert result.reason == "this target tells no secret for 'forges' with the secret"


def test_a_server_without_a_secret_is_one_of_our_own() -> None:
    scenario = attack_of(
        CONTROL.replace("with: honest", "using: token of olivia")
        + "  - attacker forges: {claims: {sub: '1'}, sign with: empty, as: forged}\n"
        + FORGED.partition("\n")[2],
        server="{secret: false}",
    )
    assert play_attack(scenario).verdict == "held"
    result = play_on(StandIn(), MINT, cast=f"server: {{secret: false}}\n{CAST}")
    assert result.reason == "this needs a server that was started with no shared secret"


# -- mistakes


def mistakes(text: str) -> list[str]:
    with pytest.raises(DocumentError) as raised:
        parse_scenario(text, name="it")
    return [str(mistake) for mistake in raised.value.mistakes]


HEAD = f"id: one\ntitle: One\nattack: {SECTION}\n{CAST}steps:\n"


@pytest.mark.parametrize(
    ("weaknesses", "told"),
    [
        ("signature-not-chekd", "did you mean 'signature-not-checked'?"),
        ("expiry-leeway, expiry-leeway", "'expiry-leeway' is listed twice"),
    ],
)
def test_weaknesses_are_looked_up(weaknesses: str, told: str) -> None:
    (mistake,) = mistakes(HEAD % weaknesses + MINT + CONTROL + FORGED)
    assert mistake.startswith("it:3:")
    assert 'attack["breaks on"][' in mistake
    assert told in mistake


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("stolen agent token", "stolen agent tokn", "did you mean 'stolen agent token'?"),
        ("token forging", "forging", "attack.category: "),
        ("high", "awful", "attack.severity: "),
        ("'API2:2023'", "'API11:2023'", "attack.owasp: "),
        ("cwe: 347", "cwe: '347'", "attack.cwe: "),
        (", breaks on: [%s]", "", "missing key 'breaks on'"),
        ("[%s]", "[]", 'attack["breaks on"]: '),
        ("severity: high, ", "severity: high, grade: A, ", "unknown key 'grade'"),
    ],
)
def test_the_section_is_checked(old: str, new: str, told: str) -> None:
    text = HEAD.replace(old, new).replace("%s", "expiry-leeway") + MINT + CONTROL + FORGED
    assert any(told in mistake and mistake.startswith("it:3:") for mistake in mistakes(text))


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            MINT + CONTROL,
            "it:3:1: attack: no step has 'attack: true', so there is nothing to judge",
        ),
        (
            MINT + ALWAYS_BREAKS.replace("    expect: {status: 401}\n", ""),
            "steps[1].attack: say under 'expect' what must be seen for the defence to hold",
        ),
        (
            MINT + FORGED.replace("as: forged}", "as: forged}\n    control: true"),
            "steps[1].control: 'forges' has no answer that could be judged",
        ),
        (
            MINT + CONTROL.replace("control: true", "control: true\n    attack: true") + FORGED,
            "steps[1]: a step is control or attack, not both",
        ),
        (
            MINT + FORGED + "afterwards:\n" + CONTROL,
            "afterwards[0].control: what is done afterwards decides nothing",
        ),
    ],
)
def test_the_flags_are_checked(steps: str, told: str) -> None:
    assert any(told in mistake for mistake in mistakes(HEAD % "expiry-leeway" + steps))


def test_only_attacks_have_flags() -> None:
    plain = HEAD.replace(f"attack: {SECTION}\n", "")
    assert mistakes(plain + MINT + CONTROL) == [
        "it:11:5: steps[1].control: only a scenario with a section 'attack' has such steps"
    ]


def test_an_attacker_signs_with_what_they_hold() -> None:
    head = HEAD.replace(", Seer secret", "") % "expiry-leeway"
    stolen = FORGED.replace("as: forged", "sign with: secret, as: forged")
    (mistake,) = mistakes(head + MINT + CONTROL + stolen)
    assert "this attacker does not hold the 'Seer secret'" in mistake
    assert mistake.startswith("it:14:")


def test_the_registry_is_filled_when_it_is_asked() -> None:
    assert known_weaknesses().keys() == WEAKNESSES.keys()
    assert len(known_weaknesses()) > 80
    assert all(meaning for meaning in HOLDINGS.values())
