"""Dialect of a CSV file: where the table begins, its delimiter and quotes, and whether its first line is a header.

Options that are given are heeded; the others are guessed, with a finding for each and a warning for what is doubtful.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.datasets.base import MAX_COLUMNS
from core.notices import Notice
from core.uploads.reading import NO_OPTIONS, Finding, ReadingOptions, Sureness
from ingest.column_names import name_columns
from ingest.csv_records import Record, Sample, fields_of, read_sample
from ingest.errors import RejectedUpload, quoted
from ingest.header_judgement import Judgement, judge_header
from ingest.table_start import TableStart, declared_delimiter, find_start
from ingest.values import MISSING_WORDS, looks_typed

DELIMITERS = "\t;|,"
"""In order of precedence where several fit: a comma also occurs in numbers and sentences."""
RARE_DELIMITERS = ": ~^\x01"
"""Accepted only if every record of the sample has the same number of fields."""
LEAST_SHARE = 0.5
"""Least share of records with the most common number of fields: below it, the character is part of the text."""
NEARLY_ALL = 0.9
"""Least share of rows of another width than the header from which the header is at fault, not the delimiter."""
APOSTROPHES = re.compile(r"""(?:^|(?<=[\t;|,]))[ ]*'(?:[^'\n]|'')*'[ ]*(?=[\t;|,]|$)""")
"""A field in single quotes."""
NUM_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Dialect:
    """Dialect of a CSV file.

    Attributes:
        delimiter: One character; a comma if there is only one column.
        quote: Mark around fields; "" for none.
        num_skipped: Lines before the table.
        has_header: True if the first record names the columns.
        names: Column names, in order.
        findings: How header, delimiter, quote and skip_rows were settled.
    """

    delimiter: str
    quote: str
    num_skipped: int
    has_header: bool
    names: tuple[str, ...]
    warnings: tuple[Notice, ...]
    findings: tuple[Finding, ...]


def detect_dialect(path: Path, options: ReadingOptions = NO_OPTIONS) -> Dialect:
    """Detect the dialect from the beginning of a text file.

    Raises:
        RejectedUpload: If there are too many columns, or no rows.
    """
    layout = _lay_out(path, options)
    records = layout.records[layout.start.index :]
    if not records:
        raise RejectedUpload("empty", f"The file has no rows{_after(layout)}. Expected a header and rows.")
    first, others = records[0].fields, fields_of(records[1:])
    if len(first) > MAX_COLUMNS:
        raise RejectedUpload(
            "too_many_columns",
            f"The first line has {len(first):,} fields; a table may have at most {MAX_COLUMNS:,} columns. Upload "
            "wider data as an NPY array.",
        )
    header, header_warnings = _settle_header(first, others, options, layout.num_skipped)
    if header.value and not others and layout.is_whole:
        raise RejectedUpload(
            "empty", "The file has a header but no rows. Add a row for each sample; or set header=false if it is a row."
        )
    names, name_warnings = name_columns(first if header.value else [""] * len(first), are_given=header.value)
    return Dialect(
        delimiter=layout.delimiter.value,
        quote=layout.quote.value,
        num_skipped=layout.num_skipped,
        has_header=header.value,
        names=names,
        warnings=(*layout.warnings(), *header_warnings, *name_warnings),
        findings=(header, layout.delimiter, *layout.other_findings(options)),
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """Layout of a text, before its header is judged.

    Attributes:
        records: After the lines that were skipped by an option, a declaration or as blank.
        start: Where the table begins among them.
        num_lines: Lines before the records.
    """

    delimiter: Finding
    quote: Finding
    records: list[Record]
    start: TableStart
    num_lines: int
    is_whole: bool

    @property
    def num_skipped(self) -> int:
        if self.start.index >= len(self.records):
            return self.num_lines
        return self.num_lines + self.records[self.start.index].num_lines_before

    def warnings(self) -> tuple[Notice, ...]:
        """Warn of what was guessed."""
        warnings = []
        if self.start.is_guessed:
            above = [record.fields for record in self.records[: self.start.index] if record.num_filled]
            shown = [quoted(" ".join(fields).strip()) for fields in above]
            more = ", …" if len(shown) > NUM_SHOWN else ""
            which = "line was" if self.num_skipped == 1 else f"{self.num_skipped} lines were"
            detail = (
                f"The first {which} skipped as comments or titles above the table: {', '.join(shown[:NUM_SHOWN])}"
                f"{more}. Set skip_rows to skip another number, 0 for none."
            )
            warnings.append(Notice("lines_skipped", "", detail))
        if self.quote.sureness != "certain":
            guess = f"Single quotes were read as marks around fields, since {self.quote.reason}"
            warnings.append(Notice("quote_guessed", "", f"{guess}. If that is wrong, set quotechar to quote or none."))
        if self.delimiter.sureness == "doubtful":
            choices = "comma, semicolon, tab, pipe or another character"
            detail = f"{self.delimiter.reason}. If that is wrong, set delimiter to {choices}."
            warnings.append(Notice("delimiter_guessed", "", detail))
        return tuple(warnings)

    def other_findings(self, options: ReadingOptions) -> tuple[Finding, ...]:
        """Return the findings of quote and skip_rows, where there is something to say."""
        found = []
        if options.quotechar is not None or self.quote.value != '"':
            found.append(self.quote)
        if options.skip_rows is not None:
            found.append(Finding(option="skip_rows", value=options.skip_rows, sureness="certain"))
        elif self.num_skipped:
            sureness: Sureness = "likely" if self.start.is_guessed else "certain"
            reason = (
                "comments or titles" if self.start.is_guessed else "blank lines or the declaration of the delimiter"
            )
            found.append(Finding(option="skip_rows", value=self.num_skipped, sureness=sureness, reason=reason))
        return tuple(found)


def _lay_out(path: Path, options: ReadingOptions) -> _Layout:
    num_lines = options.skip_rows or 0
    sample = read_sample(path, num_lines)
    declared = declared_delimiter(sample.text)
    blank = _count_blank_lines(sample.without_lines(1) if declared else sample) + (declared is not None)
    num_lines, sample = num_lines + blank, sample.without_lines(blank)
    quote = _settle_quote(sample, options)
    missing_words = MISSING_WORDS if options.missing_words is None else options.missing_words
    if options.delimiter is not None:
        delimiter = Finding(option="delimiter", value=options.delimiter, sureness="certain")
    elif declared is not None:
        delimiter = Finding(option="delimiter", value=declared, sureness="certain", reason="the first line declares it")
    else:
        delimiter = _detect_delimiter(sample, quote.value, missing_words, may_skip=options.skip_rows is None)
    records = sample.records(delimiter.value, quote.value)
    start = find_start(records, missing_words) if options.skip_rows is None else TableStart(0)
    return _Layout(delimiter, quote, records, start, num_lines, sample.is_whole)


def _count_blank_lines(sample: Sample) -> int:
    """Count the blank lines at the beginning, which the engine would take for a header."""
    lines = sample.text.split("\n")
    return next((number for number, line in enumerate(lines) if line.strip(" \t\r")), len(lines) - 1)


def _settle_quote(sample: Sample, options: ReadingOptions) -> Finding:
    if options.quotechar is not None:
        return Finding(option="quotechar", value=options.quotechar, sureness="certain")
    lines = [line for line in sample.text.split("\n")[:-1] if line.strip()]
    if len(lines) > 1 and '"' not in sample.text and all(APOSTROPHES.search(line) for line in lines[1:]):
        reason = "every line has fields in single quotes"
        return Finding(option="quotechar", value="'", sureness="likely", reason=reason)
    return Finding(option="quotechar", value='"', sureness="certain")


def _detect_delimiter(sample: Sample, quote: str, missing_words: Collection[str], *, may_skip: bool) -> Finding:
    shares: dict[str, float] = {}
    for delimiter in DELIMITERS:
        records = sample.records(delimiter, quote)
        start = find_start(records, missing_words).index if may_skip else 0
        shares[delimiter] = _share(records[start:])
    best = max(shares, key=lambda delimiter: shares[delimiter])
    if shares[best] >= LEAST_SHARE:
        others = [other for other in DELIMITERS if other != best and shares[other] == shares[best]]
        if others:
            reason = f"Fields are separated by {_name(best)}, although {_name(others[0])} would fit as well"
            return Finding(option="delimiter", value=best, sureness="doubtful", reason=reason)
        return Finding(option="delimiter", value=best, sureness="likely", reason="it makes the lines most even")
    for delimiter in RARE_DELIMITERS:
        records = sample.records(delimiter, quote)
        if len(records) > 1 and len(records[0].fields) > 1 and _share(records) == 1:
            reason = f"Fields are separated by {_name(delimiter)}"
            return Finding(option="delimiter", value=delimiter, sureness="doubtful", reason=reason)
    return Finding(option="delimiter", value=",", sureness="likely", reason="there is one column")


def _name(delimiter: str) -> str:
    return {"\t": "a tab", " ": "a space"}.get(delimiter, quoted(delimiter))


def _share(records: Sequence[Record]) -> float:
    """Return the share of records with the width of the first or the most common width; 0 if that is one field.

    Rows that nearly all have another width than the first record have its delimiter, too: the engine then names a line.
    """
    if not records:
        return 0.0
    first = len(records[0].fields)
    widths = Counter(len(record.fields) - _ends_with_delimiter(record, first) for record in records)
    width, count = widths.most_common(1)[0]
    if width == 1:
        return 0.0
    if first == 1:
        return count / len(records) / 2
    is_ragged = width != first and count >= NEARLY_ALL * (len(records) - 1)
    return max(widths[first] / len(records), LEAST_SHARE if is_ragged else 0.0)


def _ends_with_delimiter(record: Record, width: int) -> bool:
    """Return True for a row that ends with a delimiter, unlike the first; the engine ignores it."""
    return len(record.fields) == width + 1 > 2 and not record.fields[-1].strip()  # noqa: PLR2004 -- Two columns.


def _settle_header(
    first: list[str], others: list[list[str]], options: ReadingOptions, num_skipped: int
) -> tuple[Finding, tuple[Notice, ...]]:
    missing_words = MISSING_WORDS if options.missing_words is None else options.missing_words
    if options.header is not None:
        finding = Finding(option="header", value=options.header, sureness="certain")
        return finding, _warn_of_units(others, missing_words) if options.header else ()
    judgement = judge_header(first, others, missing_words)
    finding = Finding(option="header", value=judgement.has_header, sureness=judgement.sureness, reason=judgement.reason)
    return finding, (
        *_warn_of_header(judgement, first, num_skipped),
        *(_warn_of_units(others, missing_words) if judgement.has_header else ()),
    )


def _warn_of_header(judgement: Judgement, first: list[str], num_skipped: int) -> tuple[Notice, ...]:
    line = "The first line" if not num_skipped else f"Line {num_skipped + 1}"
    if not judgement.has_header:
        problem = f"{line} contains values, not names, so the columns are named column_1, column_2, …"
        detail = f"{problem}: {judgement.reason}. If it names them, set header=true."
        return (Notice("header_guessed", "", detail),)
    if judgement.sureness != "doubtful":
        return ()
    shown = ", ".join(quoted(" ".join(field.split())) for field in first[:NUM_SHOWN])
    more = ", …" if len(first) > NUM_SHOWN else ""
    problem = f"{line} ({shown}{more}) was taken for the names of the columns, but could be a row"
    return (Notice("header_guessed", "", f"{problem}: {judgement.reason}. If it is one, set header=false."),)


def _warn_of_units(others: list[list[str]], missing_words: Collection[str]) -> tuple[Notice, ...]:
    """Warn of a second line of words above numbers, such as units, which makes every column text."""
    if len(others) < 3:  # noqa: PLR2004 -- The line, and two below it.
        return ()
    second, rest = others[0], others[1:]
    spoilt = 0
    for place, word in enumerate(field.strip() for field in second):
        below = [value for record in rest if len(record) > place and (value := record[place].strip())]
        typed = [looks_typed(value) for value in below if value not in missing_words]
        spoilt += bool(word) and word not in missing_words and not looks_typed(word) and bool(typed) and all(typed)
    if not spoilt or any(map(looks_typed, second)):
        return ()
    shown = ", ".join(quoted(field.strip()) for field in second[:NUM_SHOWN])
    problem = f"The row below the header ({shown}{', …' if len(second) > NUM_SHOWN else ''}) is words above numbers"
    detail = f"{problem}, such as units, so that their columns are text. Remove that row."
    return (Notice("units_row", "/columns", detail),)


def _after(layout: _Layout) -> str:
    return f" after the {layout.num_skipped} lines that were skipped" if layout.num_skipped else ""
