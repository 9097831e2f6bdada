"""Encode single values of a row, as parsed from JSON, as numbers of a model's input.

Training encodes whole columns at once (models.preparation); a test compares both on every row.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import inf, isfinite, isnan
from sys import float_info
from unicodedata import normalize

from core.signatures.encodings import (
    MISSING,
    UNSEEN,
    AnyColumnEncoding,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    DatePart,
    NumberEncoding,
    TableEncoding,
)
from core.specs.base import FLOAT32_MAX
from core.uploads.reading import ColumnType, TextForm
from core.uploads.text_numbers import PLAIN, read_number
from core.uploads.text_values import AS_WRITTEN, read_value
from core.uploads.text_values import TRUTH as SPELLED_TRUTH

MICROSECOND = timedelta(microseconds=1)

MICROSECONDS_A_DAY = 86_400_000_000.0

SHORTEST_DATE = len("2024-02-29")

MAX = float_info.max

TRUTH = {"true": 1.0, "false": 0.0}

PLAIN_DIGITS = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")
"""Numbers of categories of text, which may begin with zeros."""

Encoder = Callable[[object], tuple[float, ...]]


class NotEncodable(ValueError):
    """The value does not suit its column; the text gives the reason, such as `not a number`.

    Attributes:
        code: A stable word for programs.
    """

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


@lru_cache(maxsize=128)
def make_encoders(encoding: TableEncoding) -> tuple[Encoder, ...]:
    """Return an encoder for each column, in order.

    An encoder takes a value parsed from JSON, None if it is missing, and raises NotEncodable.
    """
    return tuple(_make_encoder(column) for column in encoding.columns)


def _make_encoder(column: AnyColumnEncoding) -> Encoder:
    read_uploaded = _make_uploaded_reader(column)
    read = _make_reader(column)
    missing = (MISSING,) * column.width

    def encode(value: object) -> tuple[float, ...]:
        if value is not None and read_uploaded is not None:
            value = read_uploaded(value)
        if value is None or (isinstance(value, float) and isnan(value)):
            if not column.allows_missing:
                raise NotEncodable("where a value is needed", "missing_value")
            return missing
        return read(value)

    return encode


def _make_uploaded_reader(column: AnyColumnEncoding) -> Callable[[object], object] | None:
    """Return a function that reads a value from JSON as the upload would have; None for models stored earlier.

    It returns the value as the type of the column in the upload, and None for one that the upload took for missing.
    """
    if column.source is None:
        return None
    form = column.text
    read_text = _make_text_reader(column.source, form, is_category=isinstance(column, CategoryEncoding))
    missing_numbers = find_missing_numbers(form)
    has_format = form is not None and form.date_format is not None
    is_number_of_boolean = column.source == "boolean" and isinstance(column, NumberEncoding)

    def read(value: object) -> object:
        if isinstance(value, str) or (has_format and type(value) is int):
            value = read_text(str(value))  # Dates such as 20241231 are numbers in JSON.
        elif missing_numbers and type(value) in {int, float} and value in missing_numbers:
            return None
        return int(value) if is_number_of_boolean and isinstance(value, bool) else value

    return read


def _make_text_reader(type_: ColumnType, form: TextForm | None, *, is_category: bool) -> Callable[[str], object]:
    def read(text: str) -> object:
        if form is None and type_ in {"integer", "number"}:
            # Numbers were not texts in the upload, except that the empty text is always missing.
            return text or None
        try:
            return read_value(text, type_, form or AS_WRITTEN)
        except ValueError as error:
            if is_category:
                return text  # A category that the upload does not have.
            raise NotEncodable(*_refusal(type_, form)) from error

    return read


def find_missing_numbers(form: TextForm | None) -> frozenset[int | float]:
    """Return the numbers among the words for a missing value, such as -999: JSON has them as numbers."""
    numbers: set[int | float] = set()
    for word in form.missing_words if form else ():
        with suppress(ValueError):
            numbers.add(read_number(word, PLAIN))
    return frozenset(numbers)


def _refusal(type_: ColumnType, form: TextForm | None) -> tuple[str, str]:
    match type_:
        case "integer" | "number":
            mark, unit = (form.decimal, form.unit) if form else (".", "")
            such_as = f" such as 12{mark}5{unit}" if mark != "." or unit else ""
            return f"not a number{such_as}", "not_a_number"
        case "boolean":
            return "not true or false", "not_a_boolean"
        case _:
            in_format = f"in the format {form.date_format}, or one " if form and form.date_format else ""
            return f"not a date {in_format}such as 2024-02-29 or 2024-02-29T18:30:00Z", "not_a_date"


def _make_reader(column: AnyColumnEncoding) -> Encoder:
    match column:
        case NumberEncoding():
            return _number_reader(column)
        case BooleanEncoding():
            return _read_boolean
        case CategoryEncoding():
            return _category_reader(column.values)
        case DateEncoding():
            return _date_reader(column)


def _number_reader(column: NumberEncoding) -> Encoder:
    origin, unit = column.origin, column.unit
    are_whole = isinstance(origin, int)
    greatest = f"{min(FLOAT32_MAX * unit, MAX):.2g}"
    reason = "beyond the range of 32-bit floats (3.4e38)" if unit == 1 else f"beyond what the model takes ({greatest})"

    def read(value: object) -> tuple[float, ...]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NotEncodable("not a number", "not_a_number")
        if are_whole and isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            # Python subtracts whole numbers exactly, of any size.
            number = (value - origin) / unit + 0.0  # Negative zero becomes zero, as an integer would.
        except OverflowError:
            number = inf
        if not abs(number) <= FLOAT32_MAX:
            raise NotEncodable(reason, "out_of_range")
        return (number,)

    return read


def _read_boolean(value: object) -> tuple[float, ...]:
    if isinstance(value, str):
        value = TRUTH.get(value.lower())
    if not isinstance(value, bool | int | float) or value not in (0, 1):
        raise NotEncodable("not true or false", "not_a_boolean")
    return (float(value),)


def category_text(value: object) -> str:
    """Return a category as text: strings unchanged, numbers as JSON writes them (3.0 as 3), true and false.

    Dates are as in RFC 3339, without the time if it is midnight.

    Raises:
        NotEncodable: If the value is none of these.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int) and value.bit_length() <= 64:  # noqa: PLR2004 - no column holds longer ones
        return str(value)
    if isinstance(value, date):
        text = value.isoformat().removesuffix("T00:00:00")
        return f"{text}Z" if "T" in text else text
    raise NotEncodable("not a category (text or a number)", "not_a_category")


def _category_reader(values: tuple[str, ...]) -> Encoder:
    places = {value: (float(place),) for place, value in enumerate(values)}
    unseen = (UNSEEN,)

    def read(value: object) -> tuple[float, ...]:
        place = places.get(category_text(value))
        if place is None:
            place = places.get(_index_categories(values).get(_meaning_of(value), ""), unseen)
        return place

    return read


@lru_cache(maxsize=32)
def _index_categories(values: tuple[str, ...]) -> dict[object, str]:
    """Return the category of each meaning that only one has: the number of `3.0` or `007`, the truth of `True`."""
    index: dict[object, str] = {}
    for value in values:
        for meaning in _meanings_of_text(value):
            index[meaning] = "" if meaning in index else value
    return index


def _meanings_of_text(text: str) -> Iterator[object]:
    yield _meaning_of(text)
    if text in SPELLED_TRUTH:
        yield _meaning_of(SPELLED_TRUTH[text])
    elif PLAIN_DIGITS.fullmatch(text):
        yield "number", Decimal(text)


def _meaning_of(value: object) -> object:
    """Return what a value from JSON means, with its type: JSON has numbers and true where an upload has texts."""
    if isinstance(value, bool):
        return "truth", value
    if isinstance(value, int | float):
        return "number", Decimal(category_text(value))
    # The same letters can be written with combining marks or without (Unicode's forms NFD and NFC).
    return "text", normalize("NFC", category_text(value))


def read_moment(text: str) -> datetime:
    """Parse a date or a time in ISO 8601; the default time is midnight, the default zone UTC.

    Raises:
        ValueError: If the text is neither.
    """
    if len(text) < SHORTEST_DATE:
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def elapsed_days(moment: datetime, origin: datetime) -> float:
    """Return the days between two times, with fractions."""
    # Rounded as where training encodes whole columns.
    return float((moment - origin) // MICROSECOND) / MICROSECONDS_A_DAY


def _date_reader(column: DateEncoding) -> Encoder:
    origin = read_moment(column.origin)
    readers = [_PARTS[part] for part in column.parts]

    def read(value: object) -> tuple[float, ...]:
        if isinstance(value, datetime):
            moment = value.replace(tzinfo=UTC)
        elif isinstance(value, str):
            # Only of models stored earlier; see _make_uploaded_reader.
            try:
                moment = read_moment(value)
            except ValueError as error:
                raise NotEncodable(*_refusal("date", None)) from error
        else:
            raise NotEncodable("not a date (text)", "not_a_date")
        return tuple(part(moment, origin) for part in readers)

    return read


def _day_of_year(day: date) -> int:
    return day.timetuple().tm_yday


_PARTS: dict[DatePart, Callable[[datetime, datetime], float]] = {
    "elapsed_days": elapsed_days,
    "year": lambda moment, _: float(moment.year),
    "month": lambda moment, _: float(moment.month),
    "day": lambda moment, _: float(moment.day),
    # Monday is 0, as in Python.
    "day_of_week": lambda moment, _: float(moment.weekday()),
    "day_of_year": lambda moment, _: float(_day_of_year(moment)),
    "hour": lambda moment, _: float(moment.hour),
    "minute": lambda moment, _: float(moment.minute),
}
