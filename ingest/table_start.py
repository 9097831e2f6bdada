"""Lines above a table: blank ones, comments, titles, and the line with which Excel declares the delimiter."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ingest.csv_records import Record, fields_of
from ingest.header_judgement import judge_header

SEPARATOR_LINE = re.compile(r"[ \t]*\"?[ \t]*sep=(?:(\\t)|([^\n\"]))\"?[;,\t ]*\r?(?:\n|$)", re.IGNORECASE)
"""`sep=;`, which Excel heeds in the first line and writes into what it exports for other countries."""
COMMENT = "#"
MOST_LINES = 50
LEAST_TITLED = 3
"""Columns from which a record with one filled field is a title rather than a row or a header with a blank name."""


@dataclass(frozen=True, slots=True)
class TableStart:
    """Place where a table begins.

    Attributes:
        index: Of its first record.
        is_guessed: True if records with words were left out.
    """

    index: int
    is_guessed: bool = False


def declared_delimiter(text: str) -> str | None:
    """Return the delimiter that the first line declares; None if it declares none."""
    match = SEPARATOR_LINE.match(text)
    if match is None:
        return None
    return "\t" if match[1] else match[2]


def find_start(records: Sequence[Record], missing_words: Collection[str]) -> TableStart:
    """Return where the table begins after comments and titles.

    Titles are left out only if a header that leaves no doubt follows, and every row after it has its width.
    """
    if not records:
        return TableStart(0)
    width = Counter(len(record.fields) for record in records).most_common(1)[0][0]
    num_above = next((index for index, record in enumerate(records) if not _is_above(record, width)), 0)
    if not 0 < num_above <= MOST_LINES:
        return TableStart(0)
    num_above -= _last_comment_is_header(records, num_above, width, missing_words)
    above, table = records[:num_above], records[num_above:]
    if not above:
        return TableStart(0)
    if any(not _is_comment(record) and record.num_filled for record in above):
        judgement = judge_header(table[0].fields, fields_of(table[1:]), missing_words)
        is_even = len({len(record.fields) for record in table}) == 1
        if len(table) == 1 or not is_even or not judgement.has_header or judgement.sureness == "doubtful":
            return TableStart(0)
    return TableStart(num_above, any(record.num_filled for record in above))


def _is_above(record: Record, width: int) -> bool:
    if width == 1:
        return False
    if _is_comment(record) or not record.num_filled:
        return True
    return record.num_filled == 1 and (len(record.fields) == 1 or (len(record.fields) == width >= LEAST_TITLED))


def _is_comment(record: Record) -> bool:
    return record.fields[0].lstrip().startswith(COMMENT)


def _last_comment_is_header(
    records: Sequence[Record], num_above: int, width: int, missing_words: Collection[str]
) -> bool:
    """Return True for `#id,name` right above rows that do not begin with a header of their own."""
    last = records[num_above - 1]
    if not _is_comment(last) or len(last.fields) != width or num_above == len(records):
        return False
    judgement = judge_header(records[num_above].fields, fields_of(records[num_above + 1 :]), missing_words)
    return not judgement.has_header or judgement.sureness == "doubtful"
