"""Columns of a dataset that a result repeats, as relations of DuckDB with the columns `row`, `k0`, `k1` and so on."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.uploads.description import ArraysDescription, DatasetDescription, ImagesDescription
from core.uploads.folder import DatasetFolder
from core.uploads.table_reader import ROW_NUMBER
from serving.batch_prediction.sql import literal, quote

CARRIED = "carried"
"""Name of the registered relation."""


class CarriedColumns(ABC):
    """Columns that a result repeats."""

    @abstractmethod
    def select(self, connection: duckdb.DuckDBPyConnection, start: int, stop: int) -> str:
        """Return a relation in SQL with the rows from `start` to before `stop`."""


def open_carried(folder: DatasetFolder, description: DatasetDescription, names: Sequence[str]) -> CarriedColumns:
    """Return the columns of these names, which `checks.check_columns` has accepted."""
    match description:
        case ArraysDescription():
            return ArrayColumns(folder, names)
        case ImagesDescription():
            return ImageColumns(folder, description, names)
    return TableColumns(folder, names)


class TableColumns(CarriedColumns):
    """Columns of a table, whose values never pass through Python."""

    def __init__(self, folder: DatasetFolder, names: Sequence[str]) -> None:
        self._path = folder.table
        self._names = names

    def select(self, connection: duckdb.DuckDBPyConnection, start: int, stop: int) -> str:  # noqa: ARG002 - of others.
        """Return a relation in SQL with the rows from `start` to before `stop`."""
        named = "".join(f", {quote(name)} AS k{place}" for place, name in enumerate(self._names))
        return (
            f"(SELECT {ROW_NUMBER} AS row{named} "  # noqa: S608 - quoted.
            f"FROM read_parquet({literal(self._path)}, file_row_number = true) "
            f"WHERE {ROW_NUMBER} >= {start:d} AND {ROW_NUMBER} < {stop:d})"
        )


class RegisteredColumns(CarriedColumns):
    """Columns that are read as arrays."""

    def select(self, connection: duckdb.DuckDBPyConnection, start: int, stop: int) -> str:
        """Return a relation in SQL with the rows from `start` to before `stop`."""
        columns = {f"k{place}": values for place, values in enumerate(self.read(start, stop))}
        connection.register(CARRIED, {"row": np.arange(start, stop), **columns})
        return CARRIED

    @abstractmethod
    def read(self, start: int, stop: int) -> list[NDArray[Any]]:
        """Return the values of each column."""


class ArrayColumns(RegisteredColumns):
    """Arrays with one axis."""

    def __init__(self, folder: DatasetFolder, names: Sequence[str]) -> None:
        self._arrays = [np.load(folder.arrays / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names]

    def read(self, start: int, stop: int) -> list[NDArray[Any]]:
        """Return the values of each column."""
        values = [np.asarray(array[start:stop]) for array in self._arrays]
        # DuckDB has no numbers of 16 bits.
        return [column.astype(np.float32) if column.dtype == np.float16 else column for column in values]


class ImageColumns(RegisteredColumns):
    """The class of each image."""

    def __init__(self, folder: DatasetFolder, description: ImagesDescription, names: Sequence[str]) -> None:
        self._names = names
        self._records = np.load(folder.image_records, mmap_mode="r", allow_pickle=False)
        self._classes = np.array([known.value for known in description.classes], object)

    def read(self, start: int, stop: int) -> list[NDArray[Any]]:
        """Return the values of each column."""
        return [self._classes[self._records["label"][start:stop]] for _ in self._names]
