"""`-k`: an expression that selects scenarios by words in their id, title and tags.

expression = and {"or" and}      and = not {"and" not}
not = "not" not | "(" expression ")" | WORD
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.commands.failure import Misuse
from harness.scenario.model import Scenario

Test = Callable[[str], bool]

_TOKEN = re.compile(r"[()]|[^\s()]+")
# Parsed and judged by recursion; nobody means more.
_MOST_TOKENS = 200


def select(scenarios: Sequence[Scenario], expression: str | None) -> list[Scenario]:
    """The scenarios that `expression` means; all without one.

    Upper and lower case are alike. Raises Misuse for what is no expression.
    """
    if expression is None:
        return list(scenarios)
    test = compile_expression(expression)
    return [scenario for scenario in scenarios if test(_text(scenario))]


def compile_expression(expression: str) -> Test:
    """A test of a text in lower case. Raises Misuse."""
    tokens = _TOKEN.findall(expression.lower())
    if len(tokens) > _MOST_TOKENS:
        raise Misuse(f"-k: more than {_MOST_TOKENS} words and parentheses")
    parser = _Parser(tokens, expression)
    return parser.parse()


def _text(scenario: Scenario) -> str:
    return "\n".join((scenario.id, scenario.title, *scenario.tags)).lower()


class _Parser:
    def __init__(self, tokens: list[str], expression: str) -> None:
        self._tokens = tokens
        self._expression = expression

    def parse(self) -> Test:
        test = self._either()
        if self._tokens:
            raise self._wrong(f"did not expect {self._tokens[0]!r}")
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda text: any(test(text) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._take("and"):
            tests.append(self._single())
        return lambda text: all(test(text) for test in tests)

    def _single(self) -> Test:
        if self._take("not"):
            negated = self._single()
            return lambda text: not negated(text)
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise self._wrong("a ')' is missing")
            return inner
        if not self._tokens or self._tokens[0] in ("and", "or", ")"):
            raise self._wrong("a word is missing")
        word = self._tokens.pop(0)
        return lambda text: word in text

    def _take(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

    def _wrong(self, what: str) -> Misuse:
        return Misuse(f"-k {self._expression!r}: {what}; write for example 'mint and not expiry'")
