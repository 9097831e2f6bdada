"""Warnings about the targets of a run, from the description of its data alone."""

from collections.abc import Iterable

from core.datasets.column_warnings import warn_of_text
from core.datasets.identities import find_identity
from core.datasets.look_alikes import warn_of_look_alikes
from core.notices import Notice
from core.uploads.description import ColumnDescription, TableDescription, ValueCount

FEW_ROWS = 5
"""Classes of fewer rows are too few to learn, to validate and to test."""

MANY_CLASSES = 20
"""A target of text with more different values is suspected to hold numbers."""

LARGE_SHARE = 0.95
"""Fraction of the rows of one class, from which always answering it looks good."""

NUM_NAMED = 5
"""Classes that a warning names."""

NUM_WORDS = 20
"""Words for missing values that it names."""

SHARE_OF_A_CLASS = 0.05
"""Fraction of rows without a target from which they may be a class of their own."""


def warn_of_target(target: ColumnDescription, description: TableDescription, *, are_classes: bool) -> list[Notice]:
    """Return the warnings about the target, a column of the table."""
    pointer = "/dataset/target"
    notices = []
    if target.num_missing:
        notices.append(_rows_dropped(target, description, are_classes=are_classes))
    if are_classes:
        notices += warn_of_classes(target.values, pointer)
        if target.type == "text":
            notices += warn_of_look_alikes(target, pointer, "classes")
        if target.type == "text" and target.num_distinct > MANY_CLASSES:
            notices += warn_of_text(target, pointer, "each of its values is a class")
    elif target.num_distinct == 1:
        detail = f"The target '{target.name}' has the same value in every row: there is nothing to learn."
        notices.append(Notice("constant_target", pointer, f"{detail} Name another column."))
    elif find_identity(description, description.columns.index(target)) == "row_number":
        detail = (
            f"The target '{target.name}' counts the rows: it holds every whole number from {int(target.least or 0)} to "
            f"{int(target.greatest or 0)}. Name another column, unless the order of the rows is to be predicted."
        )
        notices.append(Notice("row_number", pointer, detail))
    return notices


def warn_of_classes(values: Iterable[ValueCount], pointer: str) -> list[Notice]:
    """Warn of classes with few rows, and of one that nearly all rows have.

    Args:
        values: Every class with its number of rows.
        pointer: JSON pointer to the target in the spec.
    """
    counts = {entry.value: entry.count for entry in values}
    few = {label: count for label, count in counts.items() if count < FEW_ROWS}
    notices = []
    if few:
        is_one = len(few) == 1
        detail = (
            f"{'The class' if is_one else f'{len(few):,} classes'} {name_classes(few)} "
            f"{'has' if is_one else 'have'} fewer than {FEW_ROWS} rows: too few to learn from and to be judged by. "
            "Upload more of them, or leave them out; split.stratify divides what there is."
        )
        notices.append(Notice("few_rows_in_class", pointer, detail))
    num_rows = sum(counts.values())
    label = max(counts, key=lambda label: counts[label], default="")
    if len(counts) > 1 and counts[label] >= LARGE_SHARE * num_rows:
        share = 100 * counts[label] / num_rows
        detail = (
            f"{counts[label]:,} of {num_rows:,} rows have the class '{label}': a network that always answers it is "
            f"right in {share:.1f} % of them. Judge it by other measures than accuracy, and see "
            "training.class_weight."
        )
        notices.append(Notice("class_imbalance", pointer, detail))
    return notices


def name_classes(counts: dict[str, int]) -> str:
    """Name the first classes with their numbers of rows: `'a' (1), 'b' (3) and 2 more`."""
    named = ", ".join(f"'{label}' ({count:,})" for label, count in list(counts.items())[:NUM_NAMED])
    return f"{named} and {len(counts) - NUM_NAMED:,} more" if len(counts) > NUM_NAMED else named


def _rows_dropped(target: ColumnDescription, description: TableDescription, *, are_classes: bool) -> Notice:
    num_missing = target.num_missing
    rows, are = ("row", "is") if num_missing == 1 else ("rows", "are")
    detail = f"{num_missing:,} {rows} without a value of '{target.name}' {are} left out."
    least = min((entry.count for entry in target.values), default=0)
    is_frequent = num_missing >= max(least, SHARE_OF_A_CLASS * description.num_rows)
    if are_classes and target.type in {"text", "boolean"} and is_frequent:
        words = target.text.missing_words if target.text is not None else ()
        shown = ", ".join(words[:NUM_WORDS]) or "NA, None, null"
        detail = (
            f"{num_missing:,} of {description.num_rows:,} rows are left out, as many as a class has: they have no "
            f"value of '{target.name}', or a word that stands for none, such as {shown}. If such a word is a class "
            "of its own, upload the file again with missing_words, the words that do stand for a missing value."
        )
    return Notice("rows_dropped", "/dataset/target", detail)
