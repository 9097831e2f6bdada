"""Encode single values of a row, as parsed from JSON, as numbers of a model's input.

Training encodes whole columns at once (models.preparation); a test compares both on every row.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from math import inf, isfinite, isnan
from sys import float_info

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

SECONDS_A_DAY = 86_400

SHORTEST_DATE = len("2024-02-29")

MAX = float_info.max

TRUTH = {"true": 1.0, "false": 0.0}

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
    read = _make_reader(column)
    missing = (MISSING,) * column.width

    def encode(value: object) -> tuple[float, ...]:
        if value is None or (isinstance(value, float) and isnan(value)):
            if not column.allows_missing:
                raise NotEncodable("where a value is needed", "missing_value")
            return missing
        return read(value)

    return encode


def _make_reader(column: AnyColumnEncoding) -> Encoder:
    match column:
        case NumberEncoding():
            return _number_reader(column)
        case BooleanEncoding():
            return _read_boolean
        case CategoryEncoding():
            return _category_reader({value: (float(place),) for place, value in enumerate(column.values)})
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
            number = (value - origin) / unit
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
    raise NotEncodable("not a category (text or a number)", "not_a_category")


def _category_reader(places: dict[str, tuple[float]]) -> Encoder:
    unseen = (UNSEEN,)

    def read(value: object) -> tuple[float, ...]:
        return places.get(category_text(value), unseen)

    return read


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
    between = moment - origin
    return between.days + (between.seconds + between.microseconds / 1_000_000) / SECONDS_A_DAY


def _date_reader(column: DateEncoding) -> Encoder:
    origin = read_moment(column.origin)
    readers = [_PARTS[part] for part in column.parts]

    def read(value: object) -> tuple[float, ...]:
        if not isinstance(value, str):
            raise NotEncodable("not a date (text)", "not_a_date")
        try:
            moment = read_moment(value)
        except ValueError as error:
            raise NotEncodable("not a date such as 2024-02-29 or 2024-02-29T18:30:00Z", "not_a_date") from error
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
