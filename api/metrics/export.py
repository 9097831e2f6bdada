"""Every point of the curves of a run, as CSV, JSON lines or Parquet, written curve by curve."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from core.curves.axes import Numbers
from core.curves.points import Points

ROWS_AT_ONCE = 50_000

COPY_BYTES = 256 * 1024

COLUMNS = ("key", "step", "epoch", "time", "unix_seconds", "value")

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
"""Characters with which spreadsheets begin a formula, and the one that is put before them."""


class ExportFormat(StrEnum):
    """Format of exported points."""

    CSV = "csv"
    """A table as text (RFC 4180), with a header."""
    JSONL = "jsonl"
    """A JSON object a line."""
    PARQUET = "parquet"
    """A table with typed columns, packed with zstd."""


MEDIA_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.JSONL: "application/jsonl",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one curve.

    Attributes:
        key: Name of the curve.
        points: Its points.
        epochs: (n,), or None if the steps of an epoch are not known.
    """

    key: str
    points: Points
    epochs: Numbers | None

    def cut(self) -> Iterator["Table"]:
        """Yield parts of at most ROWS_AT_ONCE rows."""
        points = self.points
        for start in range(0, len(points), ROWS_AT_ONCE):
            here = slice(start, start + ROWS_AT_ONCE)
            part = Points(points.steps[here], points.values[here], points.times[here])
            yield Table(self.key, part, None if self.epochs is None else self.epochs[here])


def write_rows(tables: Iterator[Table], format_: ExportFormat) -> Iterator[bytes]:
    """Yield the pieces of a file with the rows of some curves."""
    match format_:
        case ExportFormat.CSV:
            return _write_csv(tables)
        case ExportFormat.JSONL:
            return _write_json_lines(tables)
    return _write_parquet(tables)


def _write_csv(tables: Iterator[Table]) -> Iterator[bytes]:
    yield (",".join(COLUMNS) + "\n").encode()
    for table in tables:
        line = _escape(quote_key(table.key).encode()) + b",%b,%b,%b,%b,%b\n"
        for part in table.cut():
            yield _join_rows(part, line, missing=b"", word=_bare)


def _write_json_lines(tables: Iterator[Table]) -> Iterator[bytes]:
    for table in tables:
        key = _escape(orjson.dumps(table.key))
        line = b'{"key":' + key + b',"step":%b,"epoch":%b,"time":"%b","unix_seconds":%b,"value":%b}\n'
        for part in table.cut():
            yield _join_rows(part, line, missing=b"null", word=_quoted)


def _escape(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


def quote_key(key: str) -> str:
    """Return a key as a field of CSV (RFC 4180), which no spreadsheet takes for a formula.

    A key that begins with =, +, -, @, a tab or a carriage return gets an apostrophe before it, as OWASP advises
    (CSV Injection), and so does one that begins with an apostrophe: taking one off gives the key again.
    """
    text = f"'{key}" if key.startswith(FORMULA_STARTS) else key
    if text and not any(character in text for character in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def _join_rows(table: Table, line: bytes, *, missing: bytes, word: Callable[[float], bytes]) -> bytes:
    """Return a line for each row.

    Args:
        table: The rows.
        line: Template with places for the columns but the key.
        missing: Text of an epoch that is not known.
        word: Text of a value that is not finite.
    """
    points = table.points
    columns = (
        _write_numbers(points.steps),
        [missing] * len(points) if table.epochs is None else _write_numbers(table.epochs),
        _write_times(points.times),
        _write_numbers(points.times),
        _write_values(points.values, word),
    )
    return b"".join(map(line.__mod__, zip(*columns, strict=True)))


def _write_numbers(numbers: NDArray[Any]) -> list[bytes]:
    """Return the shortest text of each number that reads back as it."""
    return orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")


def _write_times(times: NDArray[np.float64]) -> list[bytes]:
    """Return times in RFC 3339, in UTC, with microseconds."""
    moments = np.rint(times * 1e6).astype("datetime64[us]")
    return [text + b"Z" for text in moments.astype("S26").tolist()]


def _write_values(values: NDArray[np.float64], word: Callable[[float], bytes]) -> list[bytes]:
    texts = _write_numbers(values)
    for position in np.flatnonzero(~np.isfinite(values)).tolist():
        texts[position] = word(float(values[position]))
    return texts


def _bare(number: float) -> bytes:
    """Return a word that pandas, polars and DuckDB read as this number."""
    return b"NaN" if np.isnan(number) else b"inf" if number > 0 else b"-inf"


def _quoted(number: float) -> bytes:
    return b'"NaN"' if np.isnan(number) else b'"Infinity"' if number > 0 else b'"-Infinity"'


def _write_parquet(tables: Iterator[Table]) -> Iterator[bytes]:
    import duckdb  # noqa: PLC0415 - only this needs it, and it takes a tenth of a second and 20 MiB.

    # A Parquet file ends with its table of contents, so it is written as a whole first, to disk.
    with tempfile.TemporaryDirectory(prefix="trainyard-export-") as folder:
        with duckdb.connect(str(Path(folder, "points.duckdb"))) as connection:
            connection.execute("SET memory_limit = '256MB'; SET threads = 1; SET preserve_insertion_order = true")
            connection.execute(
                "CREATE TABLE points (key VARCHAR, step BIGINT, epoch DOUBLE, time TIMESTAMPTZ, unix_seconds DOUBLE, "
                "value DOUBLE)"
            )
            for table in tables:
                for part in table.cut():
                    _insert(connection, part)
            path = Path(folder, "points.parquet")
            connection.execute(f"COPY points TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        with path.open("rb") as file:
            while piece := file.read(COPY_BYTES):
                yield piece


def _insert(connection: Any, table: Table) -> None:
    points, num_rows = table.points, len(table.points)
    is_nan = np.isnan(points.values)
    part = {  # noqa: F841 - DuckDB finds the columns by the name of the variable.
        "step": points.steps,
        "epoch": np.zeros(num_rows) if table.epochs is None else table.epochs,
        "micros": np.rint(points.times * 1e6).astype(np.int64),
        "unix_seconds": points.times,
        # DuckDB reads NaN in an array as a missing value.
        "value": np.where(is_nan, 0.0, points.values),
        "is_nan": is_nan,
    }
    epoch = "NULL" if table.epochs is None else "epoch"
    connection.execute(
        f"INSERT INTO points SELECT ?, step, {epoch}, make_timestamptz(micros), unix_seconds, "  # noqa: S608 - ours.
        "CASE WHEN is_nan THEN 'NaN'::DOUBLE ELSE value END FROM part",
        [table.key],
    )
