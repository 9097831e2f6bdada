"""Parsing of table rows with columns of any type: objects by column name, or lists in the order of the columns.

An instance of a series is a list of such rows, in order of time.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances, Problem, nearest
from core.signatures.encoders import Encoder, NotEncodable, make_encoders
from core.signatures.encodings import TableEncoding
from core.signatures.signature import ModelSignature
from serving.errors import MAX_PROBLEMS, describe, join_pointer, reject_all, show
from serving.rows.tensors import RowsPointer

Pointer = Callable[[int], str]

SERIES_RANK = 2
NUM_NAMED = 12


def is_series(signature: ModelSignature) -> bool:
    """Return True if an instance is a list of rows instead of one row."""
    return len(signature.input.shape) == SERIES_RANK


def is_by_name(instance: object) -> bool:
    """Return True if an instance has column names: it is an object, or a list that begins with one."""
    return isinstance(instance[0] if isinstance(instance, list) and instance else instance, dict)


def read_table_rows(rows: list[Any], signature: ModelSignature, place: RowsPointer) -> NDArray[np.float32]:
    """Read instances for a model of table rows.

    Args:
        rows: Objects or lists, each a row; for a series, lists of as many rows as its window has.
        signature: Signature of the model; its `table` is the encoding of a row.
        place: Location of the rows in the body, for messages.

    Returns:
        (num_rows, *input shape), float32.

    Raises:
        InvalidInstances: If a row has a missing or an unknown column, or a value does not suit its column.
    """
    table = _table_of(signature)
    if not is_series(signature):
        return _encode(rows, table, place.pointer)
    window = signature.input.shape[0]
    for number, instance in enumerate(rows):
        if not isinstance(instance, list) or len(instance) != window:
            raise InvalidInstances.at(
                place.pointer(number),
                f"Instance {number} is {describe(instance)}; the model expects a list of {window} rows, oldest first.",
                "wrong_window",
            )
    steps = list(chain.from_iterable(rows))
    encoded = _encode(steps, table, lambda number: place.pointer(number // window, number % window))
    return encoded.reshape(len(rows), window, table.width)


def read_table_columns(columns: dict[str, Any], signature: ModelSignature, max_instances: int) -> list[list[Any]]:
    """Return rows of named columns sent by columns: `{"age": [31, 40], "city": ["Oslo", null]}`.

    Returns:
        Rows as lists, in the order of the model's columns.

    Raises:
        InvalidInstances: If a column is missing, unknown or not a list, or the columns differ in length.
    """
    names = signature.columns
    problems = [
        Problem(
            join_pointer("inputs", name), f"There is no column '{show(name)}'.{nearest(name, names)}", "unknown_column"
        )
        for name in columns
        if name not in names
    ]
    for name in names:
        detail = ""
        if name not in columns:
            detail = f"The column '{name}' is missing. The model expects {_list(names)}."
        elif not isinstance(columns[name], list):
            detail = f"The column '{name}' is {describe(columns[name])}, not a list with one value per row."
        if detail:
            problems.append(Problem(join_pointer("inputs", name), detail, "missing_column"))
    if problems:
        raise reject_all(problems[:MAX_PROBLEMS])
    lengths = {name: len(columns[name]) for name in names}
    if len(set(lengths.values())) > 1:
        detail = f"The columns differ in length: {', '.join(f'{name} {count}' for name, count in lengths.items())}."
        raise InvalidInstances.at("/inputs", detail, "wrong_length")
    if lengths[names[0]] > max_instances:
        detail = f"A request may contain at most {max_instances} rows; got {lengths[names[0]]}."
        raise InvalidInstances.at("/inputs", detail, "too_many_rows")
    if not lengths[names[0]]:
        raise InvalidInstances.at("/inputs", "The columns are empty. Send at least one row.", "no_rows")
    return [list(row) for row in zip(*(columns[name] for name in names), strict=True)]


def _table_of(signature: ModelSignature) -> TableEncoding:
    if signature.table is None:  # Excluded by the validation of the signature.
        raise ValueError("a signature of the kind 'table' needs a table")
    return signature.table


def _encode(rows: Sequence[Any], table: TableEncoding, pointer: Pointer) -> NDArray[np.float32]:
    encoders = make_encoders(table)
    names = table.names
    try:
        encoded = [_encode_row(row, names, encoders) for row in rows]
    except (KeyError, TypeError, ValueError, OverflowError):
        problems = chain.from_iterable(_explain(number, row, table, pointer) for number, row in enumerate(rows))
        raise reject_all(list(islice(problems, MAX_PROBLEMS))) from None
    return np.array(encoded, np.float32)


def _encode_row(row: Any, names: tuple[str, ...], encoders: tuple[Encoder, ...]) -> list[float]:
    if isinstance(row, dict):
        if len(row) != len(names):
            raise KeyError
        values = [row[name] for name in names]
    else:
        values = row
    return [number for value, encode in zip(values, encoders, strict=True) for number in encode(value)]


def _explain(number: int, row: object, table: TableEncoding, pointer: Pointer) -> Iterator[Problem]:
    names = table.names
    place = pointer(number)
    if isinstance(row, list):
        if len(row) != len(names):
            detail = f"Row {number} has {len(row)} values; the model expects {len(names)}: {_list(names)}."
            yield Problem(place, detail, "wrong_length")
            return
        named: dict[str, Any] = dict(zip(names, row, strict=True))
        places = {name: f"{place}/{index}" for index, name in enumerate(names)}
    elif isinstance(row, dict):
        named = row
        places = {name: place + join_pointer(name) for name in {*row, *names}}
    else:
        detail = f"Row {number} is {describe(row)}, not an object by column name: {_list(names)}."
        yield Problem(place, detail, "not_an_object")
        return
    missing = [name for name in names if name not in named]
    for name in named:
        if name not in names:
            # A misspelt column is also a missing one, so the missing ones are the first candidates.
            detail = f"Row {number} has an unknown column '{show(name)}'.{nearest(name, missing or names)}"
            yield Problem(places[name], detail, "unknown_column")
    for name, encode in zip(names, make_encoders(table), strict=True):
        if name in missing:
            detail = f"Row {number} lacks the column '{name}'. Send null if its value is not known."
            yield Problem(places[name], detail, "missing_column")
            continue
        try:
            encode(named[name])
        except NotEncodable as error:
            detail = f"Row {number} has {describe(named[name])} for {name}, {error}."
            yield Problem(places[name], detail, error.code)


def _list(names: tuple[str, ...]) -> str:
    more = "" if len(names) <= NUM_NAMED else ", …"
    return ", ".join(names[:NUM_NAMED]) + more
