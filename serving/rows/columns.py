"""Rows that are objects by column name."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from numpy.typing import NDArray

from core.errors import Problem, nearest
from serving.errors import MAX_PROBLEMS, reject_all, show
from serving.rows.elements import explain_element
from serving.rows.tensors import RowsPointer, read_numbers


def read_columns(
    rows: list[dict[str, Any]], columns: tuple[str, ...], place: RowsPointer, dtype: str = "float32"
) -> NDArray[Any]:
    """Read rows such as `{"sepal_length": 5.1, ...}`, with the names in any order.

    Returns:
        (num_rows, num_columns), of this type, in the order of `columns`.

    Raises:
        InvalidInstances: If a row has a missing or an unknown column, or a value is not a number.
    """
    num_columns = len(columns)
    try:
        values = [[row[name] for name in columns] for row in rows]
    except KeyError:
        pass
    else:
        batch = read_numbers(values, [(num_columns,)], dtype)
        if batch is not None and all(len(row) == num_columns for row in rows):
            return batch
    problems = chain.from_iterable(_explain(index, row, columns, place, dtype) for index, row in enumerate(rows))
    raise reject_all(list(islice(problems, MAX_PROBLEMS)))


def _explain(
    index: int, row: dict[str, Any], columns: tuple[str, ...], place: RowsPointer, dtype: str
) -> Iterator[Problem]:
    missing = [name for name in columns if name not in row]
    for name, value in row.items():
        if name not in columns:
            # A misspelt column is also a missing one, so the missing ones are the first candidates.
            detail = f"Row {index} has an unknown column '{show(name)}'.{nearest(name, missing or columns)}"
            yield Problem(place.pointer(index, name), detail, "unknown_column")
            continue
        fault = explain_element(value, dtype)
        if fault is not None:
            detail = f"Row {index} has {fault.what} for {name}, {fault.reason}."
            yield Problem(place.pointer(index, name), detail, fault.code)
    for name in missing:
        detail = f"Row {index} lacks the column '{name}'. The model expects {', '.join(columns)}."
        yield Problem(place.pointer(index, name), detail, "missing_column")
