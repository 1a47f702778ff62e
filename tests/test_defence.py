"""Defences: named, weakened by application, sound wherever nobody asked for less."""

from __future__ import annotations

import threading

import pytest

from harness import defence as registry
from harness.defence import UnknownWeaknessError, applied, defence, replacements


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "DEFENCES", {})
    monkeypatch.setattr(registry, "WEAKNESSES", {})


def make(name: str = "door") -> registry.Defence[[bool], str]:
    @defence(name, title="The door is locked", cwe=284, source="RFC 6750 section 3.1")
    def enter(has_key: bool) -> str:
        """Lets in who has a key."""
        return "in" if has_key else "out"

    @enter.weakened(f"{name}-open", title="The door stands open")
    def _(has_key: bool) -> str:
        return "in"

    @enter.weakened(f"{name}-walled", title="Nobody gets in")
    def _(has_key: bool) -> str:
        return "out"

    return enter


def test_a_defence_is_called_as_the_function_that_it_is() -> None:
    enter = make()

    assert (enter(True), enter(False), enter(False)) == ("in", "out", "out")
    assert enter.__doc__ == "Lets in who has a key."
    assert enter.__wrapped__(False) == "out"  # type: ignore[attr-defined]


def test_within_applied_the_weak_form_answers_and_outside_of_it_the_sound_one() -> None:
    enter = make()

    with applied(replacements(["door-open"])):
        inside = enter(False)

    assert (inside, enter(False)) == ("in", "out")


def test_a_weakness_ends_when_an_exception_passes() -> None:
    enter = make()

    with pytest.raises(KeyError), applied(replacements(["door-open"])):
        raise KeyError

    assert enter(False) == "out"


def test_other_defences_stay_sound() -> None:
    door, gate = make("door"), make("gate")

    with applied(replacements(["door-open"])):
        assert (door(False), gate(False)) == ("in", "out")


def test_other_threads_stay_sound() -> None:
    enter = make()
    seen: list[str] = []

    with applied(replacements(["door-open"])):
        other = threading.Thread(target=lambda: seen.append(enter(False)))
        other.start()
        other.join()

    assert seen == ["out"]


def test_an_unknown_weakness_is_named_with_those_that_there_are() -> None:
    make()

    with pytest.raises(UnknownWeaknessError, match="door-opne") as caught:
        replacements(["door-opne"])

    assert caught.value.known == ("door-open", "door-walled")


def test_two_weaknesses_of_one_defence_do_not_go_together() -> None:
    make()

    with pytest.raises(ValueError, match="weakened already"):
        replacements(["door-open", "door-walled"])


def test_ids_are_given_once() -> None:
    enter = make()

    with pytest.raises(ValueError, match="two defences are called door"):
        make()
    with pytest.raises(ValueError, match="two weaknesses are called door-open"):
        enter.weakened("door-open", title="Again")(enter.sound)
