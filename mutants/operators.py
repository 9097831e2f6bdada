"""Kinds of faults: those of Cosmic Ray that change what code does, and three that its list lacks."""

import re
from collections.abc import Iterator
from typing import Any

from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Keyword

Span = tuple[tuple[int, int], tuple[int, int]]
"""Where code begins and ends, each as (line, column)."""

_TEXTS = frozenset({"description", "examples", "title"})
"""Arguments with text for readers of the API's documentation."""

_CHOSEN = re.compile(
    r"AddNot|ExceptionReplacer|NumberReplacer|RemoveDecorator|ZeroIterationForLoop"
    r"|Replace(And|Or|True|False|Break|Continue)With\w+"
    r"|ReplaceUnaryOperator_Delete_(Not|USub)"
    r"|ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)"
    r"|ReplaceComparisonOperator_(Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt)"
    r"|ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_FloorDiv|Pow_Mul)"
    r"|ReplaceBinaryOperator_(BitAnd_BitOr|LShift_RShift|RShift_LShift)"
)
"""One or two replacements of each of Python's operators: of Cosmic Ray's eleven, most only raise TypeError. Those of
`|` are left out, because it mostly joins types."""


class StringReplacer(Operator):  # type: ignore[misc]
    """Changes a word: a name, a code, a pointer. Text with spaces is prose for a reader, and stays."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """Yield the position of a word."""
        if node.type == "string" and not re.search(r'\s|"""', node.get_code(include_prefix=False)):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Write XX at its end."""
        del index
        node.value = f"{node.value[:-1]}XX{node.value[-1]}"
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return code before and after."""
        return (Example("x = 'median'", "x = 'medianXX'"),)


class ArgumentRemover(Operator):  # type: ignore[misc]
    """Removes a keyword argument of a call."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """Yield the position of each keyword argument."""
        for argument in _keyword_arguments(node):
            yield argument.start_pos, argument.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Remove the argument, and the comma that follows it."""
        place = node.children.index(list(_keyword_arguments(node))[index])
        is_followed = node.type == "arglist" and place + 1 < len(node.children)
        del node.children[place : place + 1 + is_followed]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return code before and after."""
        return (Example("f(1, a=2, b=3)", "f(1, b=3)"), Example("f(1, a=2)", "f(1,)"), Example("f(a=2)", "f()"))


class StatementRemover(Operator):  # type: ignore[misc]
    """Removes a call that is made for its effect, or the raising of an error."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """Yield the position of the statement."""
        if node.parent is None or node.parent.type != "simple_stmt":
            return
        # assert_never is for mypy: no value leads to it.
        is_call = node.type == "atom_expr" and node.get_first_leaf().value != "assert_never"
        if is_call or node.get_first_leaf().value == "raise":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Write `pass` in its place."""
        del index
        return Keyword("pass", node.start_pos, node.get_first_leaf().prefix)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return code before and after."""
        return (Example("check(x)\n", "pass\n"), Example("raise E\n", "pass\n"))


def _keyword_arguments(node: Any) -> Iterator[Any]:
    if node.type not in {"arglist", "trailer"}:
        return
    for child in node.children:
        if child.type == "argument" and child.children[1] == "=" and child.children[0].value not in _TEXTS:
            yield child


OWN: tuple[type[Operator], ...] = (StringReplacer, ArgumentRemover, StatementRemover)

OPERATORS: dict[str, type[Operator]] = {operator.__name__: operator for operator in OWN} | {
    name: OperatorProvider()[name] for name in OperatorProvider() if _CHOSEN.fullmatch(name)
}
"""Kinds of faults by name."""
