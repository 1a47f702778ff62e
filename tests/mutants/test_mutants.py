"""What is mutated and what is not, and the list of those that may live."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.mutants.__main__ import ROOT, mutate, read_modules, read_survivors
from tests.mutants.places import is_worthwhile, silent_spans

SOURCE = """\
@defence("one", cwe=20)
def check(value: int | None, *, more: int = 3) -> int | None:
    return more | 4 if value == 5 else None


@check.weakened("never")
def _(value: int | None) -> int:
    return 6


check.weakened("ever")(7)
LIMIT: int = 8


def helper() -> int:
    return 9
"""


def at(text: str) -> tuple[int, int]:
    """Line and column of a text that stands once in the source."""
    before = SOURCE[: SOURCE.index(text)]
    return before.count("\n") + 1, len(before.rpartition("\n")[2])


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("20", True),
        ("| None, *", True),
        ("3)", False),
        ("| 4", False),
        ("== 5", False),
        ("6", True),
        ("7", True),
        ("8", False),
        ("9", True),
    ],
)
def test_annotations_decorators_and_weakened_forms_are_left_alone(text: str, silent: bool) -> None:
    spans = silent_spans(SOURCE, frozenset({"helper"}))
    assert any(span.holds(*at(text)) for span in spans) is silent


@pytest.mark.parametrize(
    ("operator", "text", "worthwhile"),
    [
        ("core/ReplaceBinaryOperator_BitOr_BitAnd", "| 4", True),
        ("core/ReplaceBinaryOperator_BitOr_Pow", "| 4", False),
        # The star is no multiplication.
        ("core/ReplaceBinaryOperator_Mul_Add", "*, more", False),
        ("core/ReplaceComparisonOperator_Eq_NotEq", "== 5", True),
        ("core/ReplaceComparisonOperator_Eq_Is", "== 5", False),
        ("core/ReplaceComparisonOperator_Eq_Lt", "== 5", True),
        ("core/ReplaceComparisonOperator_IsNot_Is", "== 5", True),
        # None is equal to nothing else.
        ("core/ReplaceComparisonOperator_IsNot_NotEq", "== 5", False),
        ("core/NumberReplacer", "8", True),
    ],
)
def test_mistakes_that_nobody_makes_are_not_made(
    operator: str, text: str, worthwhile: bool
) -> None:
    assert is_worthwhile(operator, SOURCE, *at(text)) is worthwhile


def test_tests_that_fail_without_a_mutant_kill_nobody(tmp_path: Path) -> None:
    stand_in = tmp_path / "cosmic-ray"
    stand_in.write_text('#!/bin/sh\ntest "$1" != baseline\n')
    stand_in.chmod(0o755)
    with pytest.raises(click.UsageError, match=r"the tests of harness/\S+ fail as it stands"):
        mutate(read_modules()[0], tmp_path, stand_in)


def test_what_is_named_is_there() -> None:
    for module in read_modules():
        source = (ROOT / module.path).read_text("utf-8")
        assert all(
            re.search(rf"^(def )?{helper}\b", source, re.MULTILINE) for helper in module.helpers
        )
        assert all((ROOT / test).is_file() for test in module.tests)


def test_every_survivor_has_a_reason_and_is_still_in_the_source() -> None:
    paths = {module.path for module in read_modules()}
    for mutant, reason in read_survivors().items():
        assert mutant.module in paths
        assert len(reason) > 20, mutant
        source = " ".join((ROOT / mutant.module).read_text("utf-8").split())
        assert " ".join(mutant.was.split()) in source, mutant
