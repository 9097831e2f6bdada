"""Class labels, as they were uploaded: text, whole numbers, other numbers, true and false."""

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Strict

Label = Annotated[bool, Strict()] | Annotated[int, Strict()] | Annotated[float, Strict()] | Annotated[str, Strict()]
"""Label of a class; JSON keeps its type."""

LabelType = Literal["text", "integer", "number", "boolean", "mixed"]

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


def label_text(label: Label) -> str:
    """Return a label as text, for names in JSON objects: text unchanged, others as JSON writes them."""
    return label if isinstance(label, str) else json.dumps(label)


def label_type(labels: Sequence[Label]) -> LabelType:
    """Return the type that all labels have; `number` of whole and other numbers, `mixed` of types that differ."""
    types = {type(label) for label in labels}
    if types == {str}:
        return "text"
    if types == {bool}:
        return "boolean"
    if types == {int}:
        return "integer"
    return "number" if types <= {int, float} else "mixed"


def are_different(labels: Sequence[Label]) -> bool:
    """Return True if no two labels are equal, or written alike where names of JSON objects stand for them."""
    return len({label_text(label) for label in labels}) == len(labels) and len(_number_labels(labels)) == sum(
        map(_is_number, labels)
    )


def find_classes(names: Iterable[str], labels: Sequence[Label]) -> dict[str, int]:
    """Map names to the class that each stands for; names that stand for none are left out.

    A name stands for the label that is written like it, or the label that is the same number: `1` for 1.0. It is the
    number of a class only if no label is or looks like a number, so that nothing has to be guessed.
    """
    by_text = {label_text(label): number for number, label in enumerate(labels)}
    by_number = _number_labels(labels)
    if not any(_is_number(label) or (isinstance(label, str) and _NUMBER.fullmatch(label)) for label in labels):
        by_text = {str(number): number for number in range(len(labels))} | by_text
    found = {}
    for name in names:
        number = by_text.get(name)
        if number is None and by_number and _NUMBER.fullmatch(name):
            number = by_number.get(Decimal(name))
        if number is not None:
            found[name] = number
    return found


def _number_labels(labels: Sequence[Label]) -> dict[Label | Decimal, int]:
    # Equal numbers of any type have the same hash, and Python compares them exactly.
    return {label: number for number, label in enumerate(labels) if _is_number(label)}


def _is_number(label: Label) -> bool:
    return isinstance(label, int | float) and not isinstance(label, bool)
