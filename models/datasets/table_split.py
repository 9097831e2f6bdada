"""Division of a table's rows into training, validation and test."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.splits import count_split
from core.datasets.table_split import SPLIT_WORDS, TableSplit, without_given
from core.errors import InvalidInput
from core.uploads.description import SPLIT_NAMES
from core.uploads.folder import SPLIT_COLUMN
from core.uploads.table_reader import TableReader
from models.datasets.splits import split_rows
from models.preparation.columns import category_texts

Parts = npt.NDArray[np.int8]
"""(rows,): index into SPLIT_NAMES; LEFT_OUT for rows that are not used."""

TRAIN, VALIDATION, TEST = range(3)

LEFT_OUT = -1


def divide_rows(
    reader: TableReader, split: TableSplit, is_used: npt.NDArray[np.bool_], classes: npt.NDArray[Any], seed: int
) -> Parts:
    """Divide rows into splits.

    Args:
        reader: Reader of the table, sorted so that the last rows can be held out.
        split: Rows to hold out.
        is_used: (rows,): True for rows with a target.
        classes: (rows,): class of each row, for `stratify`.
        seed: Seed of the experiment.

    Raises:
        InvalidSpec: If no row is left to train on.
        InvalidInput: If the table's own split leaves none, or contains other values than names of splits.
    """
    given = read_parts(reader, split)
    parts = np.zeros(len(is_used), np.int8) if given is None else given
    parts[~is_used] = LEFT_OUT
    if not (parts == TRAIN).any():
        raise InvalidInput("No row with a target is left to train on. Upload more rows, or another split.")
    if split.column is not None:
        return parts
    rest = np.flatnonzero(parts == TRAIN)
    num_validation, num_test = (int((parts == part).sum()) for part in (VALIDATION, TEST))
    own, _ = without_given(split, bool(num_test), bool(num_validation))
    counts = count_split(own, len(rest), num_test, num_validation)
    _, validation, test = split_rows(
        len(rest), counts.validation - num_validation, counts.test - num_test, own, seed, classes[rest]
    )
    parts[rest[validation]] = VALIDATION
    parts[rest[test]] = TEST
    return parts


def read_parts(reader: TableReader, split: TableSplit) -> Parts | None:
    """Read the split of each row from the table; None if the table has no splits.

    Raises:
        InvalidInput: If a row has another value.
    """
    name = split.column or (SPLIT_COLUMN if reader.has_splits else None)
    if name is None:
        return None
    parts = np.zeros(reader.num_rows, np.int8)
    for rows, chunk in reader.read([name]):
        parts[rows] = [_part(name, text) for text in category_texts(chunk[name])]
    return parts


def _part(name: str, text: str | None) -> int:
    word = SPLIT_WORDS.get("" if text is None else text.strip().lower())
    if word is None:
        raise InvalidInput(f"The column '{name}' contains {text!r}. Expected train, validation or test in every row.")
    return SPLIT_NAMES.index(word)


def masks_of(parts: Parts) -> list[npt.NDArray[np.bool_]]:
    """Return masks of the rows for training, for validation and for test."""
    return [parts == part for part in (TRAIN, VALIDATION, TEST)]
