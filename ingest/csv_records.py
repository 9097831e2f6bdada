"""First records of a CSV file, for judging its dialect: split as the engine splits them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.datasets.base import MAX_COLUMNS
from ingest.text_files import MAX_LINE_BYTES

SAMPLE_BYTES = MAX_LINE_BYTES + 1
MAX_SAMPLE_RECORDS = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the sample.

    Attributes:
        fields: As written, without the quotes around them.
        num_lines_before: Lines of the sample before its first.
    """

    fields: list[str]
    num_lines_before: int

    @property
    def num_filled(self) -> int:
        """Number of fields that are not blank."""
        return sum(1 for field in self.fields if field.strip())


@dataclass(frozen=True, slots=True)
class Sample:
    r"""The beginning of a text with `\n` as line ending.

    Attributes:
        is_whole: True if it is all of the text.
    """

    text: str
    is_whole: bool

    def without_lines(self, num_lines: int) -> "Sample":
        """Return the sample without its first lines."""
        start = 0
        for _ in range(num_lines):
            start = self.text.find("\n", start) + 1
            if start == 0:
                return Sample("", self.is_whole)
        return Sample(self.text[start:], self.is_whole)

    def records(self, delimiter: str, quote: str) -> list[Record]:
        """Return the first records that are not blank, without the last one if the sample may truncate it."""
        csv.field_size_limit(2 * SAMPLE_BYTES)
        # Only a line feed ends a line, as in the engine: neither U+2028 nor a form feed do, nor a carriage return.
        lines = io.StringIO(self.text.replace("\r", " "), newline="\n")
        reader = csv.reader(
            lines,
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            skipinitialspace=True,
        )
        records: list[Record] = []
        num_lines_before = 0
        for fields in reader:
            if len(fields) > 1 or (fields and fields[0].strip()):
                records.append(Record(fields, num_lines_before))
            num_lines_before = reader.line_num
            num_cells = len(records) * len(records[0].fields if records else ())
            if len(records) > MAX_SAMPLE_RECORDS or num_cells > 10 * MAX_COLUMNS:
                return records
        return records if self.is_whole or len(records) == 1 else records[:-1]


def read_sample(path: Path, num_skipped: int) -> Sample:
    """Return the beginning of a text file, after these lines."""
    with path.open("rb") as file:
        for _ in range(num_skipped):
            file.readline(MAX_LINE_BYTES + 1)
        sample = file.read(SAMPLE_BYTES)
        is_whole = not file.read(1)
    return Sample(sample.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "ignore"), is_whole)


def fields_of(records: Sequence[Record]) -> list[list[str]]:
    """Return the fields of each record."""
    return [record.fields for record in records]
