"""Uploaded data: which of it a run learns from, and how it is prepared."""

from typing import NoReturn

from core.datasets.base import ColumnName
from core.datasets.columns import find_column
from core.datasets.splits import Split, SplitCounts, count_split
from core.errors import reject_spec
from core.uploads.description import SPLIT_NAMES, SplitName, TableDescription


class TableSplit(Split):
    """Which rows are held out: drawn, named by a column, the last in time, or as the upload divides them."""

    column: ColumnName | None = None
    """A column that says `train`, `validation` or `test` (or `val`, `valid`, `dev`) for each row."""
    order_by: ColumnName | None = None
    """Sort rows by this column first; with `shuffle` false the latest ones are held out."""


SPLIT_WORDS: dict[str, SplitName] = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
}
"""What the values of a split column mean, in lower case."""


def count_rows(split: TableSplit, description: TableDescription, num_rows: int) -> tuple[SplitCounts, tuple[str, ...]]:
    """Divide rows as the spec says, and say what of it is not used.

    Args:
        split: What to hold out.
        description: Of the table.
        num_rows: Rows with a target.

    Raises:
        InvalidSpec: If no row is left to train on, or a column of the split is not what it should be.
    """
    check_split(split, description)
    if split.column is not None:
        return _count_by_column(split.column, description), ()
    given = description.splits
    # Targets may be missing in any of the splits: in which is only known once the rows are read.
    share = num_rows / description.num_rows if description.num_rows else 0.0
    numbers = {name: round(given.get(name, 0) * share) for name in SPLIT_NAMES}
    num_rest = num_rows - numbers["test"] - numbers["validation"]
    own, warnings = without_given(split, bool(numbers["test"]), bool(numbers["validation"]))
    return count_split(own, num_rest, numbers["test"], numbers["validation"]), warnings


def check_split(split: TableSplit, description: TableDescription) -> None:
    """Refuse a split by columns that are not there, or not what they should be.

    Raises:
        InvalidSpec: With a pointer to the one.
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


def without_given(split: TableSplit, has_test: bool, has_validation: bool) -> tuple[TableSplit, tuple[str, ...]]:  # noqa: FBT001
    """The split without what the upload brings itself, and warnings that say so."""
    changes: dict[str, float] = {}
    warnings = []
    for name, is_given in (("test", has_test), ("validation", has_validation)):
        if is_given and getattr(split, name):
            changes[name] = 0.0
            warnings.append(f"The upload brings its own {name} rows; split.{name} is not used.")
    return split.model_copy(update=changes), tuple(warnings)


def _count_by_column(name: str, description: TableDescription) -> SplitCounts:
    column = find_column(name, "/dataset/split/column", description)
    numbers = dict.fromkeys(SPLIT_NAMES, 0)
    for entry in column.values:
        numbers[SPLIT_WORDS[entry.value.strip().lower()]] += entry.count
    if not numbers["train"]:
        _reject_column(f"The column '{name}' says train for no row.")
    return SplitCounts(**numbers)


def _reject_column(detail: str) -> NoReturn:
    detail += " It has to say train, validation or test for every row."
    reject_spec("/dataset/split/column", detail, "not_a_split")
