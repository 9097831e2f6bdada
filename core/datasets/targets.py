"""Targets of a run: classes or numbers."""

from core.datasets.base import TaskChoice as AskedTask
from core.errors import reject_spec
from core.signatures.signature import Task
from core.uploads.description import ColumnDescription, ValueCount

_TRUTH = {"true": 1.0, "false": 0.0}

MOST_WHOLE_CLASSES = 20
"""Different whole numbers up to which `auto` takes them for classes."""


def find_task(target: ColumnDescription, asked: AskedTask, num_rows: int) -> Task:
    """Return whether classes or numbers are predicted.

    Raises:
        InvalidSpec: If the target has no values, or they are not what the spec wants to predict.
    """
    if target.num_missing >= num_rows or not target.num_distinct:
        reject_spec("/dataset/target", f"The target '{target.name}' has no values. Name another column.", "no_values")
    if target.type == "date":
        reject_spec(
            "/dataset/target",
            f"The target '{target.name}' holds dates, which are neither classes nor numbers. Name another column.",
            "target_is_a_date",
        )
    is_number = target.type in {"integer", "number"}
    if asked == "regression" and not is_number:
        reject_spec(
            "/dataset/task",
            f"The target '{target.name}' holds values of the type {target.type}; a regression needs numbers. "
            "Use classification.",
            "task_does_not_fit",
        )
    if asked != "auto":
        return Task(asked)
    is_classes = not is_number or has_few_whole_numbers(target.values, target.num_distinct)
    return Task.CLASSIFICATION if is_classes else Task.REGRESSION


def has_few_whole_numbers(values: tuple[ValueCount, ...], num_distinct: int) -> bool:
    """Return whether `auto` takes numbers for classes."""
    if not 0 < num_distinct <= MOST_WHOLE_CLASSES or len(values) < num_distinct:
        return False
    return all(number_of(entry.value).is_integer() for entry in values)


def number_of(value: str) -> float:
    """Return the number that a kept value of numbers or truth values stands for."""
    truth = _TRUTH.get(value.lower())
    return float(value) if truth is None else truth


def find_class_labels(
    values: tuple[ValueCount, ...], num_distinct: int, pointer: str, *, are_numbers: bool
) -> tuple[str, ...]:
    """Classes as they were written: numbers sorted by value, text by alphabet.

    Args:
        values: Those that were kept of all that occur.
        num_distinct: How many occur.
        pointer: Where the spec names them.
        are_numbers: Whether the values are numbers.

    Raises:
        InvalidSpec: If there is only one class, or there are more than were kept.
    """
    if num_distinct > len(values):
        reject_spec(
            pointer,
            f"The target has {num_distinct:,} different values; at most {max(1000, len(values)):,} can be classes. "
            "Set task to regression where they are numbers, or name another target.",
            "too_many_classes",
        )
    if num_distinct < 2:  # noqa: PLR2004 - one class leaves nothing to tell apart
        reject_spec(
            pointer,
            f"Every row has the same class, {values[0].value!r}. Upload rows of two classes or more.",
            "one_class",
        )
    labels = [entry.value for entry in values]
    return tuple(sorted(labels, key=number_of) if are_numbers else sorted(labels))
