"""The table of attacks and weaknesses: what it shows, and everything that makes it fall."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from harness.defence import DEFENCES, WEAKNESSES
from harness.scenario.loader import load_scenarios
from harness.scenario.model import Scenario
from harness.scenario.proof import SOUND, Problem, Proof, list_weaknesses
from harness.scenario.prover import choose, prove
from tests.scenario.attacks import ALWAYS_BREAKS, CONTROL, FORGED, MINT, NEVER_BREAKS, attack_of
from tests.scenario.theatre import scenario_of

SIGNATURE = "signature-not-checked"
FORGERY = attack_of(MINT + CONTROL + FORGED, name="forgery")


def proof_of(
    *attacks: Scenario,
    weaknesses: Sequence[str] = (SIGNATURE,),
    chosen: Sequence[str] = (),
    **options: Any,
) -> Proof:
    choice = choose(attacks, attack_ids=chosen, weakness_ids=weaknesses)
    return prove(choice, **options)


def problems_of(proof: Proof) -> list[tuple[str, str, str]]:
    return [(problem.kind, problem.attack, problem.weakness) for problem in proof.problems]


def test_an_attack_that_finds_its_hole() -> None:
    proof = proof_of(FORGERY)
    assert (proof.exit_code, proof.problems, proof.complete) == (0, [], False)
    assert proof.sound["forgery"].mark == "held"
    cell = proof.cells[SIGNATURE]["forgery"]
    assert (cell.mark, cell.verdict) == ("broken", "broken")
    assert cell.reason == "step 4, attacker calls (line 15): status"
    assert proof.breakers(SIGNATURE) == ["forgery"]
    assert proof.counts == {"broken": 1, "held": 0, "unreached": 0, "inconclusive": 0}
    assert proof.conclusion == (
        "The proof stands: 1 attack held on the sound server, each broke on every played "
        "weakness that it lists."
    )


def test_the_evidence_is_each_step_and_all_of_the_last() -> None:
    cell = proof_of(FORGERY).cells[SIGNATURE]["forgery"]
    assert [(step["index"], step["role"]) for step in cell.steps] == [
        (1, None),
        (2, "control"),
        (3, None),
        (4, "attack"),
    ]
    assert cell.steps[1]["exchanges"] == ["GET http://sentry.test/api/0/organizations/acme/ → 200"]
    assert cell.steps[3]["checks"] == [{"name": "status", "passed": False}]
    kinds = [event["kind"] for event in cell.events]
    assert kinds[0] == "step"
    assert {"exchange", "decision", "check"} <= set(kinds)


def test_an_attack_that_breaks_the_sound_server() -> None:
    proof = proof_of(FORGERY, attack_of(MINT + CONTROL + ALWAYS_BREAKS, name="always"))
    assert problems_of(proof) == [("broken when sound", "always", "")]
    assert proof.exit_code == 1
    assert "always breaks the sound server: step 3" in proof.problems[0].message
    assert proof.conclusion == "The proof does not stand."


def test_an_attack_that_misses_what_it_lists() -> None:
    missing = attack_of(MINT + CONTROL + NEVER_BREAKS, name="missing")
    proof = proof_of(FORGERY, missing)
    assert problems_of(proof) == [("not broken", "missing", SIGNATURE)]
    assert proof.problems[0].message.endswith("does not break on it: it is held there")
    assert proof.exit_code == 1


def test_an_attack_that_never_comes_to_what_it_lists() -> None:
    missing = attack_of(MINT + CONTROL + FORGED, name="missing", breaks_on="sudo-not-asked")
    proof = proof_of(missing, weaknesses=["sudo-not-asked"], chosen=["missing"])
    assert proof.problems[0].message == (
        "missing lists sudo-not-asked and does not break on it: "
        "it never comes to the defence sudo.asked"
    )
    assert proof.cells["sudo-not-asked"]["missing"].verdict == "held"


def test_a_weakness_that_nobody_finds() -> None:
    proof = proof_of(FORGERY, weaknesses=[SIGNATURE, "expiry-leeway"])
    assert problems_of(proof) == [("found by nobody", "", "expiry-leeway")]
    assert proof.exit_code == 1
    # With some of the attacks nobody can say that.
    assert proof_of(FORGERY, weaknesses=["expiry-leeway"], chosen=["forgery"]).problems == []


def test_an_attack_and_a_weakness_that_have_nothing_to_do_with_each_other() -> None:
    """Nothing broke, and nothing had to: that is no proof of anything."""
    proof = proof_of(FORGERY, weaknesses=["expiry-leeway"], chosen=["forgery"])
    assert proof.exit_code == 3
    assert proof.conclusion == (
        "Nothing is proved: 1 attack held on the sound server, and none lists a weakness "
        "that was played."
    )


def test_an_attack_that_breaks_nothing_at_all() -> None:
    never = attack_of(MINT + CONTROL + NEVER_BREAKS, name="never", breaks_on="expiry-leeway")
    proof = proof_of(never, weaknesses=(), chosen=["never"])
    assert ("never breaks", "never", "") in problems_of(proof)
    # With some of the weaknesses nobody can say that.
    assert problems_of(proof_of(never, chosen=["never"])) == []


def test_an_attack_that_cannot_be_judged_on_the_sound_server() -> None:
    unsure = attack_of(MINT + FORGED, name="unsure", breaks_on="expiry-leeway")
    proof = proof_of(FORGERY, unsure)
    assert problems_of(proof) == [("inconclusive when sound", "unsure", "")]
    assert proof.exit_code == 3
    assert proof.conclusion == "The proof is inconclusive."


def test_an_attack_that_cannot_be_judged_on_what_it_lists() -> None:
    """Set-up fails there: that proves nothing."""
    steps = MINT.replace("}", "}\n    expect: {headers: {cache-control: no-store}}") + CONTROL
    unsure = attack_of(steps + NEVER_BREAKS, name="unsure", breaks_on="answers-cached")
    proof = proof_of(unsure, weaknesses=["answers-cached"], chosen=["unsure"])
    assert proof.cells["answers-cached"]["unsure"].mark == "inconclusive"
    assert "it is inconclusive there: set-up failed" in proof.problems[0].message
    assert proof.exit_code == 1


def test_nothing_to_play() -> None:
    """That nobody finds a weakness is no news where nobody looked."""
    for weaknesses in ((), (SIGNATURE,)):
        proof = proof_of(scenario_of(MINT), weaknesses=weaknesses)
        assert (proof.attacks, proof.problems, proof.exit_code) == ([], [], 3)


def test_no_attack_at_all_is_inconclusive() -> None:
    proof = Proof("0", [], [], {SOUND: {}}, [])
    assert (proof.exit_code, proof.conclusion) == (
        3,
        "Nothing is proved: no attack was played.",
    )


def test_what_is_found_counts_more_than_what_is_unsure() -> None:
    problems = [
        Problem("inconclusive when sound", "one", "", "…"),
        Problem("found by nobody", "", "two", "…"),
    ]
    assert Proof("0", [], [], {SOUND: {}}, problems).exit_code == 1


# -- how it is played

SUBSET = (
    "forged-scopes",
    "approvals-at-once",
    "refused-token-in-the-log",
    "token-after-removal",
    "grant-of-another-session",
    "subject-respelled",
    "other-organization-by-slug",
    "approval-beside-a-bearer",
)
AIMED = (
    SIGNATURE,
    "grant-merged-unlocked",
    "grant-made-unguarded",
    "refused-token-logged",
    "removed-member-served",
    "grant-for-any-session",
    "subject-coerced",
    "slug-crosses",
    "cookie-beside-bearer-approves",
)


@pytest.fixture(scope="module")
def subset() -> list[Scenario]:
    return load_scenarios(SUBSET)


@pytest.fixture(scope="module")
def proved(subset: list[Scenario]) -> Proof:
    return prove(choose(subset, weakness_ids=AIMED))


def test_the_attacks_to_imitate_find_their_holes(proved: Proof) -> None:
    assert proved.problems == []
    assert all(cell.mark == "held" for cell in proved.sound.values())
    assert {row for row in AIMED if proved.breakers(row)} == set(AIMED)


def test_however_many_processes_it_is_the_same(subset: list[Scenario], proved: Proof) -> None:
    assert prove(choose(subset, weakness_ids=AIMED), jobs=2) == proved


def test_another_order_and_another_company_make_no_difference(
    subset: list[Scenario], proved: Proof
) -> None:
    alone = prove(choose(subset[::-1], attack_ids=[SUBSET[0]], weakness_ids=[AIMED[0]]))
    assert alone.cells[AIMED[0]][SUBSET[0]] == proved.cells[AIMED[0]][SUBSET[0]]


def test_what_is_left_out_would_have_been_held(subset: list[Scenario], proved: Proof) -> None:
    whole = prove(choose(subset, weakness_ids=AIMED, exhaustive=True))
    assert whole.counts["unreached"] == 0 < proved.counts["unreached"]
    for name, row in proved.cells.items():
        for attack, cell in row.items():
            assert whole.cells[name][attack].verdict == cell.verdict


def test_another_seed_proves_the_same(subset: list[Scenario]) -> None:
    choice = choose(subset, attack_ids=[SUBSET[0]], weakness_ids=[AIMED[0]])
    proof = prove(choice, seed="another")
    assert (proof.seed, proof.exit_code) == ("another", 0)


def test_progress_counts_every_cell(subset: list[Scenario]) -> None:
    told: list[tuple[int, int, str]] = []
    choice = choose(subset, weakness_ids=AIMED[:2])
    prove(choice, on_progress=lambda done, whole, label: told.append((done, whole, label)))
    assert told[-1][:2] == (24, 24)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert {label for _, _, label in told} == {"the sound server", *AIMED[:2]}


def test_attacks_stand_by_category_and_weaknesses_by_defence(subset: list[Scenario]) -> None:
    choice = choose(subset)
    assert (choice.all_attacks, choice.all_weaknesses) == (True, True)
    categories = [attack.attack.category for attack in choice.attacks if attack.attack]
    assert categories == sorted(categories)
    defences = [weakness.defence for weakness in choice.weaknesses]
    assert defences == sorted(defences)
    assert {weakness.id for weakness in choice.weaknesses} == WEAKNESSES.keys()


def test_ids_that_there_are_not() -> None:
    with pytest.raises(KeyError):
        choose([FORGERY], attack_ids=["forgry"])
    with pytest.raises(KeyError):
        choose([FORGERY], weakness_ids=["nothing"])


def test_a_weakness_is_told_with_its_defence() -> None:
    (found,) = (weakness for weakness in list_weaknesses() if weakness.id == SIGNATURE)
    assert found.defence == "agent-token.signature"
    assert (found.cwe, found.rule) == (347, DEFENCES[found.defence].title)


def test_secrets_do_not_come_into_a_proof(proved: Proof) -> None:
    assert not re.search(r"sntry[a-z]+_\w|eyJ", repr(proved))
    assert "<agent token 1>" in repr(proved)
