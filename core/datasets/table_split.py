"""Splits of uploaded tables."""

from typing import NoReturn

from core.datasets.base import ColumnName
from core.datasets.columns import find_column
from core.datasets.splits import Split, SplitCounts, count_split
from core.errors import reject_spec
from core.notices import Notice
from core.uploads.description import SPLIT_NAMES, SplitName, TableDescription


class TableSplit(Split):
    """Held-out rows of a table: drawn at random, marked by a column, the latest, or those of the upload's own split."""

    column: ColumnName | None = None
    """Column with `train`, `validation` or `test` (or `val`, `valid`, `dev`) for each row."""
    order_by: ColumnName | None = None
    """Column to sort the rows by; with `shuffle` false the last rows in this order are held out."""


SPLIT_WORDS: dict[str, SplitName] = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
}
"""Split of each value of a split column, in lower case."""


def count_rows(
    split: TableSplit, description: TableDescription, num_rows: int
) -> tuple[SplitCounts, tuple[Notice, ...]]:
    """Return the size of each split, and warnings about fields that are not used.

    Args:
        split: Rows to hold out.
        description: Description of the table.
        num_rows: Number of rows with a target.

    Raises:
        InvalidSpec: If no row is left to train on, or a column of the split is missing or not valid.
    """
    check_split(split, description)
    if split.column is not None:
        return _count_by_column(split.column, description), ()
    given = description.splits
    # Targets may be missing in any split; the rows are not read yet.
    share = num_rows / description.num_rows if description.num_rows else 0.0
    numbers = {name: round(given.get(name, 0) * share) for name in SPLIT_NAMES}
    num_rest = num_rows - numbers["test"] - numbers["validation"]
    own, warnings = without_given(split, bool(numbers["test"]), bool(numbers["validation"]))
    return count_split(own, num_rest, numbers["test"], numbers["validation"]), warnings


def check_split(split: TableSplit, description: TableDescription) -> None:
    """Reject a split by columns that do not exist or do not hold a split.

    Raises:
        InvalidSpec: With a pointer to the field.
    """
    if split.order_by is not None:
        find_column(split.order_by, "/dataset/split/order_by", description)
    if split.column is None:
        return
    column = find_column(split.column, "/dataset/split/column", description)
    strange = [entry.value for entry in column.values if entry.value.strip().lower() not in SPLIT_WORDS]
    if column.num_missing:
        _reject_column(f"The column '{column.name}' has {column.num_missing:,} rows without a value.")
    if strange or column.num_distinct > len(column.values):
        _reject_column(f"The column '{column.name}' holds '{strange[0] if strange else ''}'.")


def without_given(split: TableSplit, has_test: bool, has_validation: bool) -> tuple[TableSplit, tuple[Notice, ...]]:  # noqa: FBT001
    """Return the split without the parts that the upload has itself, and warnings about them."""
    changes: dict[str, float] = {}
    warnings = []
    for name, is_given in (("test", has_test), ("validation", has_validation)):
        if is_given and getattr(split, name):
            changes[name] = 0.0
            detail = f"The upload has its own {name} rows; split.{name} is not used."
            warnings.append(Notice("split_not_used", f"/dataset/split/{name}", detail))
    return split.model_copy(update=changes), tuple(warnings)


def _count_by_column(name: str, description: TableDescription) -> SplitCounts:
    column = find_column(name, "/dataset/split/column", description)
    numbers = dict.fromkeys(SPLIT_NAMES, 0)
    for entry in column.values:
        numbers[SPLIT_WORDS[entry.value.strip().lower()]] += entry.count
    if not numbers["train"]:
        _reject_column(f"The column '{name}' has no row with train.")
    return SplitCounts(**numbers)


def _reject_column(detail: str) -> NoReturn:
    detail += " Expected train, validation or test in every row."
    reject_spec("/dataset/split/column", detail, "not_a_split")
