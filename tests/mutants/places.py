"""Where in a module a mutant would tell nothing, and is not made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

#: Replacements of an operator that are worth a run: of the others some raise TypeError on
#: sets and texts, and to compare by identity is no mistake that anybody makes.
_SET_OPERATORS = ("BitOr", "BitAnd", "Sub", "BitXor")


@dataclass(frozen=True)
class Span:
    """From a position up to another: (line from 1, column from 0)."""

    start: tuple[int, int]
    end: tuple[int, int]

    def holds(self, line: int, column: int) -> bool:
        return self.start <= (line, column) < self.end


def silent_spans(source: str, helpers: frozenset[str] = frozenset()) -> list[Span]:
    """Annotations, decorators and weakened forms; `helpers` are names for these alone.

    Annotations are never evaluated, decorators say what a defence is called, and a
    weakened form is wrong as it stands.
    """
    return [_span(node) for node in _silent(ast.parse(source), helpers)]


def is_worthwhile(operator: str, source: str, line: int, column: int) -> bool:
    """Whether the mutation operator makes a mistake that somebody could make there."""
    if operator.startswith("core/ReplaceBinaryOperator_"):
        before, after = operator.rpartition("core/ReplaceBinaryOperator_")[2].split("_")
        if not any(_span(node).holds(line, column) for node in _binary(ast.parse(source))):
            # The mark of keyword arguments looks like a multiplication.
            return False
        return before not in _SET_OPERATORS or after in _SET_OPERATORS
    if operator.startswith("core/ReplaceComparisonOperator_"):
        before, after = operator.rpartition("core/ReplaceComparisonOperator_")[2].split("_")
        # Of None and of types, one is equal to itself and to nothing else.
        if before in ("Is", "IsNot"):
            return (before, after) in (("Is", "IsNot"), ("IsNot", "Is"))
        return after not in ("Is", "IsNot")
    return True


def _binary(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp):
            yield node


def _silent(tree: ast.Module, helpers: frozenset[str]) -> Iterator[ast.AST]:
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        if _registers(statement) or _assigned(statement) in helpers:
            yield statement
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            if node.name == "_" or node.name in helpers:
                yield node
            yield from node.decorator_list
            if node.returns is not None:
                yield node.returns
        elif isinstance(node, ast.ClassDef):
            yield from node.decorator_list
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation


def _assigned(statement: ast.stmt) -> str | None:
    """The one name that a statement gives a value to."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def _registers(statement: ast.stmt) -> bool:
    """Whether a statement of a module registers a weakened form."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "weakened" for node in ast.walk(statement)
    )


def _span(node: ast.AST) -> Span:
    assert isinstance(node, ast.expr | ast.stmt)
    line, column = node.end_lineno or node.lineno, node.end_col_offset or 0
    # A decorator begins at the sign before it.
    return Span((node.lineno, max(0, node.col_offset - 1)), (line, column))
