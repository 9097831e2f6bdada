"""Warnings about the column by which a spec sorts rows, from the description of the data alone."""

from core.datasets.columns import find_column
from core.datasets.table_split import TableSplit
from core.notices import Notice
from core.uploads.description import ColumnDescription, TableDescription


def warn_of_split_order(split: TableSplit, description: TableDescription) -> tuple[Notice, ...]:
    """Return warnings about the order by which the last rows of a table are held out."""
    if split.order_by is None:
        return ()
    pointer = "/dataset/split/order_by"
    if split.shuffle and (split.test or split.validation):
        detail = (
            f"The rows are sorted by '{split.order_by}', but held-out rows are drawn at random from all of them, so "
            "that training rows are later than some of these. To hold out the last rows, set shuffle to false."
        )
        return (Notice("order_not_used", pointer, detail),)
    return warn_of_order(find_column(split.order_by, pointer, description), pointer)


def warn_of_order(column: ColumnDescription, pointer: str) -> tuple[Notice, ...]:
    """Return warnings about a column whose values may not sort as they are meant to.

    Args:
        column: Column to sort by.
        pointer: JSON pointer to the field that names it.
    """
    name, notices = column.name, []
    if column.type == "text":
        detail = (
            f"The rows are sorted by the texts of '{name}', letter by letter: '10' comes before '9', and '01.02.2024' "
            "before '31.01.2023'. If they are numbers or dates, correct the upload, or set their type or date_format "
            "there."
        )
        notices.append(Notice("sorted_as_text", pointer, detail))
    if column.num_missing:
        rows, come = ("row", "comes") if column.num_missing == 1 else ("rows", "come")
        detail = (
            f"{column.num_missing:,} {rows} without a value of '{name}' {come} last, as if later than all others. "
            "Fill them in, or leave these rows out."
        )
        notices.append(Notice("sorted_last", pointer, detail))
    return tuple(notices)


def warn_of_joint_series(
    column: ColumnDescription, group: ColumnDescription | None, description: TableDescription, pointer: str
) -> tuple[Notice, ...]:
    """Return a warning if several rows of a series certainly have the same moment, as if they were several series.

    Args:
        column: Column to sort by.
        group: Column that identifies the series of a row; None if all rows are one series.
        description: Description of the table.
        pointer: JSON pointer to the field that names the column to sort by.
    """
    num_known = description.num_rows - column.num_missing
    longest = num_known if group is None else max((entry.count for entry in group.values), default=0)
    if longest - column.num_missing * (group is not None) <= column.num_distinct:
        return ()
    remedy = "group_by, the column that tells them apart" if group is None else "another column as group_by"
    detail = (
        f"Several rows of a series have the same value of '{column.name}': {column.num_distinct:,} different values in "
        f"{longest:,} rows. Windows contain them one after the other, in the order of the upload. If they belong to "
        f"different series, set {remedy}."
    )
    return (Notice("same_moment", pointer, detail),)
