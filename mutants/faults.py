"""The faults that can be put into a module."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from mutants.operators import OPERATORS, Span


@dataclass(frozen=True)
class Fault:
    """One change of the code of one module.

    Attributes:
        path: Path of the module, relative to the repository.
        operator: Kind of the fault, of `OPERATORS`.
        occurrence: Number of the place among those in the module where this kind applies.
        line: Line of the place, from 1.
    """

    path: Path
    operator: str
    occurrence: int
    line: int

    @cached_property
    def code(self) -> str:
        """Code of the module with the fault."""
        code: str | None = mutate_code(self.path.read_text(), OPERATORS[self.operator](), self.occurrence)
        if code is None:
            raise RuntimeError(f"{self.path} has no occurrence {self.occurrence} of {self.operator}.")
        return code


def list_faults(path: Path) -> list[Fault]:
    """List the faults of a module that can change what it does."""
    tree = get_ast(path.read_text())
    idle = [span for node in ast_nodes(tree) for span in _idle_spans(node)]
    return [
        Fault(path, name, occurrence, start[0])
        for name, operator in OPERATORS.items()
        for occurrence, (start, _end) in enumerate(_places(tree, operator()))
        if not any(first <= start < last for first, last in idle)
    ]


def draw_faults(path: Path, most: int | None) -> list[Fault]:
    """Draw at most this many faults of a module, or all of them for None.

    Of the same code they are always the same, and fewer are a part of more.
    """
    faults = list_faults(path)
    # Only a fixed order can be repeated; nothing secret depends on it.
    random.Random(str(path)).shuffle(faults)  # noqa: S311
    return faults[:most]


def _places(tree: Any, operator: Any) -> Iterator[Span]:
    for node in ast_nodes(tree):
        yield from operator.mutation_positions(node)


def _idle_spans(node: Any) -> Iterator[Span]:
    """Yield what only readers and mypy use, such as annotations of functions, and what only looks like an operator."""
    match node.type:
        case "funcdef" | "lambdef":
            yield from _spans_of_signature(node)
        case "dictorsetmaker" | "atom":
            yield from (_span(leaf) for leaf in node.children if leaf == "**")
        case "decorator" if node.children[1].get_code().startswith("dataclass("):
            # Whether a class is frozen or has slots is for mypy and for speed.
            yield _span(node.children[1].children[1])
        case "except_clause" if node.children[1].type == "atom_expr":
            # Cosmic Ray replaces plain names only.
            yield _span(node)


def _spans_of_signature(node: Any) -> Iterator[Span]:
    parameters = node.children[2 if node.type == "funcdef" else 1]
    yield from (_span(leaf) for leaf in getattr(parameters, "children", ()) if leaf.type == "operator")
    for parameter in node.get_params():
        if parameter.annotation is not None:
            yield _span(parameter.annotation)
        if parameter.star_count:
            yield parameter.start_pos, parameter.name.start_pos
    if node.annotation is not None:
        yield _span(node.annotation)


def _span(node: Any) -> Span:
    return node.start_pos, node.end_pos
