"""The tree of a filter: conditions on fields, joined by and, or and not.

Its logic has two values. A condition on a field without a value is false, but for `IS_NULL`, and `Not` turns it true.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

PLAIN = re.compile(r"[\w/@-]+")
"""A name that needs no quotes below a field."""

Value: TypeAlias = str | int | float | bool | datetime | UUID


class Kind(StrEnum):
    """Type of the values of a field."""

    TEXT = "a text"
    WORD = "a word"
    """One of a few known words, such as a state."""
    NUMBER = "a number"
    TIME = "a time"
    ID = "an id"
    JSON = "a JSON value"
    """A number, a text or a boolean. Only values of the same type are compared; all other comparisons are false."""


class Operator(StrEnum):
    """Comparison of a field with values. `!=` and `not in` are the negations of `=` and `in`."""

    EQUAL = "="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    IN = "in"
    CONTAINS = "contains"
    """The field contains the text, letter by letter."""
    IS_NULL = "is null"
    """The field has no value."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of what is filtered or sorted.

    Attributes:
        name: Such as `state`, or `metrics` with the path `("epoch/train/loss", "best")`.
        kind: Type of its values.
        path: Names below it, if it has any.
    """

    name: str
    kind: Kind
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        """Return the field as it is written."""
        return ".".join((self.name, *map(_write_step, self.path)))


@dataclass(frozen=True, slots=True)
class Condition:
    """Comparison of a field with values of its type: one, several of `IN`, none of `IS_NULL`."""

    field: Field
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """True if its part is false."""

    part: "Tree"


@dataclass(frozen=True, slots=True)
class And:
    """True if all parts are."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True if any part is."""

    parts: tuple["Tree", ...]


Tree: TypeAlias = Condition | Not | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    """Order of a list: by one field; items without a value come last, and equal ones are ordered by id.

    Attributes:
        is_falling: True for the greatest value first.
    """

    field: Field
    is_falling: bool


def _write_step(step: str | int) -> str:
    if isinstance(step, int) or (PLAIN.fullmatch(step) and not step.isdigit()):
        return str(step)
    return '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
