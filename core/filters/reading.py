"""From the text of a filter or an order to its tree."""

from datetime import datetime

from core.filters.mistakes import Source
from core.filters.run_fields import find_field, find_sortable
from core.filters.syntax import Branch, Comparison, Node, parse_filter, parse_order
from core.filters.tree import And, Condition, Field, Kind, Not, Operator, Or, Order, Tree
from core.filters.values import read_value

EQUALITY = frozenset({Operator.EQUAL, Operator.IN, Operator.IS_NULL})
ORDERED = EQUALITY | {Operator.LESS, Operator.LESS_OR_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL}

OPERATORS = {
    Kind.ID: EQUALITY,
    Kind.WORD: EQUALITY,
    Kind.NUMBER: ORDERED,
    Kind.TIME: ORDERED,
    Kind.TEXT: ORDERED | {Operator.CONTAINS},
    Kind.JSON: ORDERED | {Operator.CONTAINS},
}
"""Operators of each type; each negation goes with its operator."""


def read_filter(text: str, now: datetime) -> Tree:
    """Return the tree of a filter of runs.

    Args:
        text: The filter.
        now: Time that relative times count from.

    Raises:
        InvalidFilter: If it has a mistake; the detail points at the character.
    """
    source = Source("filter", text)
    return _read(source, parse_filter(source), now)


def read_order(text: str) -> Order:
    """Return the order of a list of runs: `-created_at`, or `created_at desc`.

    Raises:
        InvalidFilter: If it has a mistake; the detail points at the character.
    """
    source = Source("sort", text)
    names, is_falling = parse_order(source)
    return Order(find_sortable(source, names), is_falling)


def _read(source: Source, node: Node, now: datetime) -> Tree:
    if isinstance(node, Comparison):
        return _read_condition(source, node, now)
    parts = tuple(_read(source, part, now) for part in node.parts)
    match node:
        case Branch(word="not"):
            return Not(parts[0])
        case Branch(word="and"):
            return And(parts)
        case _:
            return Or(parts)


def _read_condition(source: Source, written: Comparison, now: datetime) -> Tree:
    field = find_field(source, written.field)
    nulls = [value for value in written.values if not value.is_quoted and value.text.lower() == "null"]
    if nulls and written.operator in {"=", "!="}:
        missing = Condition(field, Operator.IS_NULL)
        return missing if written.operator == "=" else Not(missing)
    if nulls:
        reason = f"null is not compared with {written.operator}. Write {field} is null, or quote a text."
        raise source.mistake(nulls[0].position, reason, "wrong_type")
    operator = Operator.EQUAL if written.operator == "!=" else Operator(written.operator)
    _check_operator(source, field, operator, written)
    values = tuple(read_value(source, field, value, now) for value in written.values)
    if operator is not Operator.EQUAL and operator is not Operator.IN:
        _check_json(source, field, operator, written, values)
    condition = Condition(field, operator, values)
    return Not(condition) if written.operator == "!=" else condition


def _check_operator(source: Source, field: Field, operator: Operator, written: Comparison) -> None:
    legal = OPERATORS[field.kind]
    if operator in legal:
        return
    known = ", ".join(one for one in Operator if one in legal)
    reason = f"{field} is {field.kind}, which is not compared with {operator}, but with {known}."
    raise source.mistake(written.position, reason, "wrong_operator")


def _check_json(
    source: Source, field: Field, operator: Operator, written: Comparison, values: tuple[object, ...]
) -> None:
    """Reject what is always false: `contains` with a number, and the order of booleans."""
    for value, name in zip(values, written.values, strict=True):
        if isinstance(value, bool) or (operator is Operator.CONTAINS and not isinstance(value, str)):
            fits = "only texts contain others" if operator is Operator.CONTAINS else "booleans have no order"
            reason = f"{field} {operator} {name.text[:40]} is never true: {fits}."
            raise source.mistake(name.position, reason, "wrong_type")
