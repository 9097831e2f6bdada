"""Targets of a run: class labels or numbers."""

from core.datasets.base import TaskChoice as AskedTask
from core.errors import reject_spec
from core.signatures.labels import Label
from core.signatures.signature import Task
from core.uploads.description import ColumnDescription, ValueCount
from core.uploads.reading import ColumnType

_TRUTH = {"true": True, "false": False, "1": True, "0": False}

MOST_WHOLE_CLASSES = 20
"""Largest number of different whole numbers that `auto` treats as classes."""


def find_task(target: ColumnDescription, asked: AskedTask, num_rows: int) -> Task:
    """Return the task: classification or regression.

    Raises:
        InvalidSpec: If the target has no values, or they do not suit the task of the spec.
    """
    if target.num_missing >= num_rows or not target.num_distinct:
        reject_spec("/dataset/target", f"The target '{target.name}' has no values. Name another column.", "no_values")
    if target.type == "date":
        reject_spec(
            "/dataset/target",
            f"The target '{target.name}' holds dates; expected classes or numbers. Name another column.",
            "target_is_a_date",
        )
    is_number = target.type in {"integer", "number"}
    if asked == "regression" and not is_number:
        reject_spec(
            "/dataset/task",
            f"The target '{target.name}' holds values of type {target.type}; a regression needs numbers. "
            "Use classification.",
            "task_does_not_fit",
        )
    if asked != "auto":
        return Task(asked)
    is_classes = not is_number or has_few_whole_numbers(target.values, target.num_distinct)
    return Task.CLASSIFICATION if is_classes else Task.REGRESSION


def has_few_whole_numbers(values: tuple[ValueCount, ...], num_distinct: int) -> bool:
    """Return True if `auto` treats the numbers as classes."""
    if not 0 < num_distinct <= MOST_WHOLE_CLASSES or len(values) < num_distinct:
        return False
    return all(float(_TRUTH.get(entry.value.lower(), entry.value)).is_integer() for entry in values)


def find_class_labels(
    values: tuple[ValueCount, ...], num_distinct: int, pointer: str, type_: ColumnType
) -> tuple[Label, ...]:
    """Return the class labels as they are in the data: numbers in order of value, text in alphabetical order.

    Args:
        values: Values in the description, which may be a part of all.
        num_distinct: Number of all different values.
        pointer: JSON pointer to the target in the spec.
        type_: Type of the values; whole numbers stay exact.

    Raises:
        InvalidSpec: If there is only one class, or the description does not contain all of them.
    """
    if num_distinct > len(values):
        reject_spec(
            pointer,
            f"The target has {num_distinct:,} different values; a classification may have {max(1000, len(values)):,}. "
            "Set task to regression if they are numbers, or name another target.",
            "too_many_classes",
        )
    if num_distinct < 2:  # noqa: PLR2004 - one class cannot be learned
        reject_spec(
            pointer,
            f"Every row has the same class, {values[0].value!r}. Upload rows of two or more classes.",
            "one_class",
        )
    match type_:
        case "integer":
            return tuple(sorted(int(entry.value) for entry in values))
        case "number":
            return tuple(sorted(float(entry.value) for entry in values))
        case "boolean":
            return tuple(sorted(_TRUTH[entry.value.lower()] for entry in values))
        case _:
            return tuple(sorted(entry.value for entry in values))
