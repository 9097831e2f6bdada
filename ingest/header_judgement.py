"""Judgement of a table's first record: the names of the columns, or a row like those below it.

Both may look alike. The judgement says how sure it is, and a doubtful one becomes a warning that names the option.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.uploads.reading import Sureness
from core.uploads.text_dates import MOMENT
from ingest.errors import quoted
from ingest.values import MISSING_WORDS, OTHER_DAY, looks_typed

LEAST_ROWS = 3
"""Rows below the first that make it remarkable to lie outside their range, or for words to repeat."""
LEAST_SERIES = 3
"""Numbers that make it remarkable to rise, or to be equally spaced, from left to right."""
FIRST_YEAR, LAST_YEAR = 1500, 2200
NO_DIGITS = re.compile(r"[^0-9.,eE+\-\u2212]")
MINUS_SIGN = "\u2212"
DATE = re.compile(f"{MOMENT}|{OTHER_DAY}")
NAME = re.compile(r"[^\W\d]\w*")
MOST_ROWS_COMPARED = 100


@dataclass(frozen=True, slots=True)
class Judgement:
    """Judgement of the first record.

    Attributes:
        reason: In a sentence without a full stop.
        is_above_others: True if a name stands above values of another kind.
    """

    has_header: bool
    sureness: Sureness
    reason: str
    is_above_others: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """The first field of a column, and what stands below it, without missing values."""

    word: str
    below: list[str]
    num_rows: int

    @property
    def is_typed(self) -> bool:
        return bool(self.below) and all(map(looks_typed, self.below))

    @property
    def repeats(self) -> bool:
        """Words repeat below, as classes do, and the first word is none of them."""
        return len(self.below) >= LEAST_ROWS and len(set(self.below)) < len(self.below) and not self.comes_again

    @property
    def comes_again(self) -> bool:
        return self.word in self.below

    @property
    def is_unnamed(self) -> bool:
        return not self.word and len(self.below) == self.num_rows


def judge_header(
    first: Sequence[str], others: Sequence[Sequence[str]], missing_words: Collection[str] = MISSING_WORDS
) -> Judgement:
    """Judge from the first record and those below it whether it names the columns.

    A word above numbers names them, and so do dates above numbers. Numbers above numbers name them (years,
    wavelengths) if they form a series that the rows do not form, next to a word above other words that repeat.
    """
    rest = [record for record in others if list(record) != list(first)]
    if len(rest) < len(others):
        judgement = judge_header(first, rest, missing_words)
        if judgement.has_header and judgement.is_above_others:
            reason = f"it comes again in a later line, as in files that were joined; {judgement.reason} otherwise"
            return Judgement(True, "doubtful", reason)
    columns = list(_columns(first, others, missing_words))
    typed = [column for column in columns if column.is_typed]
    named = [column for column in typed if _is_name(column, missing_words)]
    alike = [column for column in typed if not _is_name(column, missing_words) and looks_typed(column.word)]
    if named:
        reason = f"{quoted(named[0].word)} stands above values of another kind"
        sureness: Sureness = "likely" if not alike or _is_series(alike) else "doubtful"
        return Judgement(True, sureness, reason, is_above_others=True)
    labels = [column for column in columns if column.below and (not column.is_typed or not column.word)]
    if alike:
        return _judge_numbers(alike, labels)
    return _judge_words(columns, labels, missing_words)


def _columns(
    first: Sequence[str], others: Sequence[Sequence[str]], missing_words: Collection[str]
) -> Iterator[_Column]:
    for place, word in enumerate(first):
        fields = [record[place].strip() for record in others if len(record) > place]
        below = [field for field in fields if field and field not in missing_words]
        yield _Column(word.strip(), below, len(fields))


def _is_name(column: _Column, missing_words: Collection[str]) -> bool:
    """Return True for a word above values, or a value above values that are all of another kind."""
    if not column.word or column.word in missing_words:
        return False
    if not looks_typed(column.word):
        return True
    kind = _kind(column.word)
    return all(_kind(value) != kind for value in column.below)


def _judge_numbers(alike: list[_Column], labels: list[_Column]) -> Judgement:
    """Judge a first record with values above values of their kind."""
    again = next((column for column in labels if column.comes_again), None)
    if again:
        return Judgement(False, "likely", f"{quoted(again.word)} comes again in a row below it")
    label = next((column for column in labels if column.repeats or column.is_unnamed), None)
    shown = quoted(alike[0].word)
    if _is_series(alike):
        if label is None:
            return Judgement(True, "doubtful", f"{shown} and the other numbers of the first line form a series")
        what = f"{quoted(label.word)} is no value of its column" if label.word else "a name is left out"
        return Judgement(True, "likely", f"its numbers form a series that begins with {shown}, and {what}")
    if label is not None and len(alike) == 1 and _is_outside(alike[0]) and alike[0].word.isdecimal():
        return Judgement(True, "doubtful", f"{shown} lies outside the range of its column")
    if labels:
        return Judgement(False, "doubtful", f"it has values like those below it, such as {shown}")
    return Judgement(False, "likely", f"it has values like those below it, such as {shown}")


def _judge_words(columns: list[_Column], labels: list[_Column], missing_words: Collection[str]) -> Judgement:
    """Judge a first record without values above values of their kind."""
    given = [column.word for column in columns if column.word]
    if not given:
        return Judgement(False, "doubtful", "it is blank")
    again = [column for column in labels if column.word and column.comes_again]
    new = [column for column in labels if column.word and column.repeats]
    if again:
        reason = f"{quoted(again[0].word)} comes again in a row below it"
        return Judgement(False, "doubtful" if new else "likely", reason)
    could_be_names = len(set(given)) == len(given) and not any(word in missing_words for word in given)
    if new and could_be_names:
        return Judgement(True, "likely", f"{quoted(new[0].word)} is no value of its column, whose words repeat")
    if could_be_names and all(map(NAME.fullmatch, given)) and any(map(_holds_sentences, labels)):
        return Judgement(True, "likely", "it has single words above longer texts")
    has_values = any(map(looks_typed, given))
    reason = "all columns hold text, which no rule tells from names"
    return Judgement(could_be_names and not has_values, "doubtful", reason)


def _holds_sentences(column: _Column) -> bool:
    return len(column.below) >= LEAST_ROWS and not any(map(NAME.fullmatch, column.below))


def _is_series(columns: list[_Column]) -> bool:
    """Return True if the first fields of these columns look like names: a series unlike the rows below.

    Of rows whose order means nothing, one in k! rises from left to right over k columns, and two in n + 1 lie outside
    the range of the n others in a column.
    """
    words = [_number(column.word) for column in columns]
    numbers = [number for number in words if number is not None]
    if len(numbers) < len(words):
        # Dates as names above dates: too rare to judge.
        return False
    is_outside = all(map(_is_outside, columns))
    if _are_years(columns, numbers):
        return True
    if not _is_monotone(numbers):
        return is_outside and len(set(numbers)) == len(numbers) >= LEAST_SERIES
    if len(numbers) >= LEAST_SERIES:
        return is_outside or any(is_so(numbers) and _is_rare(is_so, columns) for is_so in (_is_monotone, _is_regular))
    return is_outside and all(number.is_integer() for number in numbers) and _have_fractions(columns)


def _are_years(columns: list[_Column], numbers: Sequence[float]) -> bool:
    """Return True for years in their order above numbers that are none."""
    return (
        len(numbers) > 1
        and all(map(_is_year, numbers))
        and _is_monotone(numbers)
        and not any(_is_year(_number(value)) for column in columns for value in column.below)
    )


def _is_year(number: float | None) -> bool:
    return number is not None and number.is_integer() and FIRST_YEAR <= number <= LAST_YEAR


def _is_rare(is_so: Callable[[Sequence[float]], bool], columns: list[_Column]) -> bool:
    """Return True if less than half of the rows are so."""
    rows = list(zip(*(column.below[:MOST_ROWS_COMPARED] for column in columns), strict=False))
    numbers = [[_number(value) or 0.0 for value in row] for row in rows]
    return 2 * sum(map(is_so, numbers)) < len(numbers)


def _is_regular(numbers: Sequence[float]) -> bool:
    """Return True for whole numbers at equal distances, such as years."""
    steps = {after - before for before, after in pairwise(numbers)}
    return len(steps) == 1 and steps != {0.0} and all(number.is_integer() for number in numbers)


def _is_monotone(numbers: Sequence[float]) -> bool:
    steps = [after - before for before, after in pairwise(numbers)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def _is_outside(column: _Column) -> bool:
    numbers = [number for value in column.below if (number := _number(value)) is not None]
    first = _number(column.word)
    return len(numbers) >= LEAST_ROWS and first is not None and not min(numbers) <= first <= max(numbers)


def _have_fractions(columns: list[_Column]) -> bool:
    return all(any(not (_number(value) or 0.0).is_integer() for value in column.below) for column in columns)


def _number(word: str) -> float | None:
    """Return the number in a text, roughly: its units are left out, and the last of several marks is the decimal."""
    digits = NO_DIGITS.sub("", word).replace(MINUS_SIGN, "-")
    whole, mark, fraction = digits.rpartition("." if digits.rfind(".") > digits.rfind(",") else ",")
    plain = f"{re.sub('[.,]', '', whole)}.{fraction}" if mark else digits
    try:
        return float(plain)
    except ValueError:
        return None


def _kind(word: str) -> str:
    if not looks_typed(word):
        return "text"
    if word.lower() in {"true", "false"}:
        return "boolean"
    return "date" if DATE.fullmatch(word) else "number"
