"""Parts of a result: Parquet files of consecutive rows, complete or absent, from which the next attempt goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.batch_predictions import MAX_REFUSALS, RefusedRow
from core.syncing import sync
from serving.batch_prediction.answers import AnswerColumn
from serving.batch_prediction.carried import CarriedColumns
from serving.batch_prediction.columns import Refusals
from serving.batch_prediction.sql import literal

ORDER = "order.json"
"""File with the order that the parts belong to."""


@dataclass(frozen=True, slots=True)
class PartAnswers:
    """Answers to consecutive rows.

    Attributes:
        start: Number of the first row in the dataset.
        columns: Columns of answers (num_rows,).
        refusals: Reasons of rows without an answer, by their place in the part.
    """

    start: int
    columns: Sequence[NDArray[Any]]
    refusals: Refusals

    @property
    def stop(self) -> int:
        """Return the number of the row after the last one."""
        return self.start + len(self.columns[0])


class PartFolder:
    """Folder of the parts of one batch prediction.

    Attempts that overlap, because one does not know yet that it has lost its lease, write the same parts: a file
    depends on the order alone, and appears by a rename.

    Args:
        path: The folder; created if it does not exist.
        order: Text of the order; parts of another are removed.
        attempt: Number of the attempt.
        bounds: First row of each part and the row after its last, in order.
    """

    def __init__(self, path: Path, order: str, attempt: int, bounds: Sequence[tuple[int, int]]) -> None:
        self.path = path
        self._attempt = attempt
        self._bounds = bounds
        path.mkdir(parents=True, exist_ok=True)
        known = path / ORDER
        if not known.is_file() or known.read_text(encoding="utf-8") != order:
            for part in path.glob("*.parquet"):
                part.unlink(missing_ok=True)
            unfinished = self._unfinished(known)
            unfinished.write_text(order, encoding="utf-8")
            _complete(unfinished, known)

    @property
    def paths(self) -> list[Path]:
        """Return the path of each part, whether or not it exists."""
        return [self._path(start, stop) for start, stop in self._bounds]

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Return the bounds of the parts that do not exist."""
        return [bounds for bounds in self._bounds if not self._path(*bounds).is_file()]

    def write(
        self,
        connection: duckdb.DuckDBPyConnection,
        part: PartAnswers,
        columns: Sequence[AnswerColumn],
        carried: CarriedColumns,
        num_carried: int,
    ) -> None:
        """Write a part, synced to disk before it appears.

        Its columns are `row`, `k0`, … of the dataset, `a0`, … of the answers, and `error`.
        """
        errors = np.full(part.stop - part.start, None, object)
        for place, reason in part.refusals.items():
            errors[place] = reason
        answers = {f"a{place}": values for place, values in enumerate(part.columns)}
        connection.register("answers", {"row": np.arange(part.start, part.stop), **answers, "error": errors})
        relation = carried.select(connection, part.start, part.stop)
        named = [f"k{place}" for place in range(num_carried)]
        named += [f"CASE WHEN error IS NULL THEN {_value(c, p)} END AS a{p}" for p, c in enumerate(columns)]
        # A column of NULL alone would have another type.
        chosen = ", ".join(["answers.row", *named, "error::VARCHAR AS error"])
        path = self._path(part.start, part.stop)
        unfinished = self._unfinished(path)
        connection.execute(
            f"COPY (SELECT {chosen} FROM answers JOIN {relation} AS carried ON answers.row = carried.row "  # noqa: S608 - quoted.
            f"ORDER BY answers.row) TO {literal(unfinished)} (FORMAT parquet)"
        )
        connection.unregister("answers")
        _complete(unfinished, path)

    def count_refused(self, connection: duckdb.DuckDBPyConnection) -> tuple[int, tuple[RefusedRow, ...]]:
        """Return the number of rows without an answer in all parts, and the first of them."""
        files = ", ".join(map(literal, self.paths))
        refused = f"FROM read_parquet([{files}]) WHERE error IS NOT NULL"
        (count,) = connection.execute(f"SELECT count(*) {refused}").fetchone() or (0,)
        first = connection.execute(f"SELECT row, error {refused} ORDER BY row LIMIT {MAX_REFUSALS}").fetchall()
        return count, tuple(RefusedRow(row, reason) for row, reason in first)

    def _path(self, start: int, stop: int) -> Path:
        return self.path / f"{start:012d}-{stop:012d}.parquet"

    def _unfinished(self, path: Path) -> Path:
        return path.with_name(f".{path.name}.{self._attempt}")


def _value(column: AnswerColumn, place: int) -> str:
    """Return the value of a column of answers in SQL."""
    if column.labels is None or column.sql_type is None:
        return f"a{place}"
    # A list has one type; texts of labels are those of JSON.
    labels = ", ".join(literal(text) for text in column.texts)
    return f"CAST(list_extract([{labels}], a{place} + 1) AS {column.sql_type})"


def _complete(unfinished: Path, path: Path) -> None:
    """Sync a file to disk, and give it its name."""
    sync(unfinished)
    unfinished.replace(path)
    sync(path.parent)
