"""The same value, otherwise spelt."""

from __future__ import annotations

from typing import Any

import pytest

from harness.attacks.raw_json import write
from harness.attacks.respelling import WAYS, CannotRespell, respell


@pytest.mark.parametrize(
    ("value", "how", "written"),
    [
        (42, "text", '"42"'),
        (["a", "b"], "text", '"[\\"a\\",\\"b\\"]"'),
        ("42", "number", "42"),
        (42, "float", "42.0"),
        (42, "fraction", "42.5"),
        ("42", "exponent", "42e0"),
        (1, "boolean", "true"),
        ("42", "list", '["42"]'),
        (["a", "b"], "mapping", '{"a":true,"b":true}'),
        (["a", "b"], "words", '"a b"'),
        ("42", "plus", '"+42"'),
        ("42", "leading-zero", '"042"'),
        ("42", "underscore", '"4_2"'),
        ("4", "underscore", '"0_4"'),
        ("42", "spaces", '" 42 "'),
        ("42", "newline", '"42\\n"'),
        ("42", "arabic", '"\\u0664\\u0662"'),
        ("42", "full-width", '"\\uff14\\uff12"'),
    ],
)
def test_spellings(value: Any, how: str, written: str) -> None:
    assert write(respell(value, how)) == written


def test_python_reads_digits_of_other_scripts() -> None:
    """That is why they are worth an attack."""
    for how in ("arabic", "full-width", "plus", "underscore", "spaces", "leading-zero", "newline"):
        assert int(respell("42", how)) == 42


@pytest.mark.parametrize(("value", "how"), [("abc", "number"), (["a"], "float"), ("x", "plus")])
def test_what_has_no_such_spelling(value: Any, how: str) -> None:
    with pytest.raises(CannotRespell, match=how):
        respell(value, how)


def test_what_is_no_spelling() -> None:
    with pytest.raises(CannotRespell, match="no spelling 'backwards'"):
        respell(1, "backwards")
    assert "backwards" not in WAYS
