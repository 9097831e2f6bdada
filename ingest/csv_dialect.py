"""Dialect of a CSV file: its delimiter, and whether its first line is a header."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.datasets.base import MAX_COLUMNS
from ingest.column_names import name_columns
from ingest.errors import RejectedUpload
from ingest.text_files import MAX_LINE_BYTES
from ingest.values import MISSING_WORDS, looks_typed

SAMPLE_BYTES = MAX_LINE_BYTES + 1
MAX_SAMPLE_RECORDS = 500
DELIMITERS = "\t;|,"
"""In order of precedence where several fit: a comma also occurs in numbers and sentences."""
RARE_DELIMITERS = ": ~^\x01"
"""Accepted only if every record of the sample has the same number of fields."""
LEAST_SHARE = 0.5
"""Least share of records with the most common number of fields: below it, the character is part of the text."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Dialect of a CSV file.

    Attributes:
        delimiter: One character; a comma if there is only one column.
        has_header: True if the first record names the columns.
        names: Column names, in order.
    """

    delimiter: str
    has_header: bool
    names: tuple[str, ...]
    warnings: tuple[str, ...]


def detect_dialect(path: Path) -> Dialect:
    """Detect the dialect from the beginning of a text file.

    Raises:
        RejectedUpload: If there are too many columns, or no rows.
    """
    text, is_whole = _read_sample(path)
    delimiter = _best_delimiter(text, is_whole=is_whole)
    records = _records(text, delimiter, is_whole=is_whole)
    if not records:
        raise RejectedUpload("empty", "The file has no rows. Expected a header line and a row for each sample.")
    first, others = records[0], records[1:]
    if len(first) > MAX_COLUMNS:
        raise RejectedUpload(
            "too_many_columns",
            f"The first line has {len(first):,} fields; a table may have at most {MAX_COLUMNS:,} columns. Upload "
            "wider data as an NPY array.",
        )
    has_header = _has_header(first, others)
    if has_header and not others and is_whole:
        raise RejectedUpload("empty", "The file has a header but no rows. Add a row for each sample.")
    names, warnings = name_columns(first if has_header else [""] * len(first), are_given=has_header)
    return Dialect(delimiter, has_header, names, warnings)


def _read_sample(path: Path) -> tuple[str, bool]:
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
        is_whole = not file.read(1)
    return sample.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "ignore"), is_whole


def _records(text: str, delimiter: str, *, is_whole: bool) -> list[list[str]]:
    """Return the first records that are not blank, without the last one if the sample may truncate it."""
    csv.field_size_limit(2 * SAMPLE_BYTES)
    records: list[list[str]] = []
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    for record in reader:
        if record and (len(record) > 1 or record[0].strip()):
            records.append(record)
        if len(records) > MAX_SAMPLE_RECORDS or len(records) * len(records[0] if records else ()) > 10 * MAX_COLUMNS:
            return records
    return records if is_whole or len(records) == 1 else records[:-1]


def _best_delimiter(text: str, *, is_whole: bool) -> str:
    shares = {delimiter: _share(_records(text, delimiter, is_whole=is_whole)) for delimiter in DELIMITERS}
    best = max(shares, key=lambda delimiter: shares[delimiter])
    if shares[best] >= LEAST_SHARE:
        return best
    for delimiter in RARE_DELIMITERS:
        records = _records(text, delimiter, is_whole=is_whole)
        if len(records) > 1 and len(records[0]) > 1 and _share(records) == 1:
            return delimiter
    return ","


def _share(records: list[list[str]]) -> float:
    """Return the share of records with the width of the first or the most common width; 0 if that is one field."""
    widths = Counter(len(record) for record in records)
    if not records or widths.most_common(1)[0][0] == 1:
        return 0.0
    first = len(records[0])
    return widths[first] / len(records) if first > 1 else widths.most_common(1)[0][1] / len(records) / 2


def _has_header(first: list[str], others: list[list[str]]) -> bool:
    """Return True if the first record is a header: text above numbers. Numbers above numbers are a row.

    If neither is found, as in tables of text only, the first line is a header if all its fields differ.
    """
    words = [field.strip() for field in first]
    for place, word in enumerate(words):
        below = [record[place].strip() for record in others if len(record) > place]
        typed = [looks_typed(value) for value in below if value not in MISSING_WORDS]
        if typed and all(typed) and not looks_typed(word) and word:
            return True
    if any(looks_typed(word) for word in words):
        return False
    given = [word for word in words if word]
    return bool(given) and len(set(given)) == len(given) and not any(re.fullmatch(r"\?|NaN|NA", word) for word in given)
