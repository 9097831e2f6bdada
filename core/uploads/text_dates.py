"""Dates in texts: one grammar for uploads, which read columns in SQL, and for prediction requests.

Without a format, dates are those of RFC 3339, and similar forms of ISO 8601, databases and programs. The formats that
an upload may name are made of directives of strptime.

The patterns use syntax that RE2 (DuckDB) and Python's `re` share, and mean the same in both.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

YEAR = "(?P<year>[0-9]{4})"
OFFSET = "(?P<offset>[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)"
DAY = f"{YEAR}-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})"
TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9])(?:\.(?P<fraction>[0-9]+))?)?"
MOMENT = f"{DAY}(?:[Tt ]{TIME}(?: ?(?:[Zz]|UTC|utc|GMT|gmt|{OFFSET}))?)?"
"""A date alone is midnight; without an offset, the time is in UTC. 24:00 is midnight of the next day."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHORT = 3
"""Letters of short names of months and weekdays."""


def _names(names: Sequence[str]) -> str:
    return f"(?i:{'|'.join(names)})"


DIRECTIVES = {
    "Y": YEAR,
    "y": "(?P<short_year>[0-9]{2})",
    "m": "(?P<month>0[1-9]|1[0-2]|[1-9])",
    "d": "(?P<day>0[1-9]|[12][0-9]|3[01]|[1-9])",
    "b": f"(?P<month_name>{_names(tuple(name[:SHORT] for name in MONTHS))})",
    "B": f"(?P<month_name>{_names(MONTHS)})",
    "H": "(?P<hour>[01][0-9]|2[0-3]|[0-9])",
    "I": "(?P<hour>0[1-9]|1[0-2]|[1-9])",
    "p": "(?P<half>(?i:am|pm))",
    "M": "(?P<minute>[0-5][0-9]|[0-9])",
    "S": "(?P<second>[0-5][0-9]|[0-9])",
    "f": "(?P<fraction>[0-9]{1,6})",
    "z": OFFSET,
    "a": f"(?P<weekday>{_names(tuple(name[:SHORT] for name in WEEKDAYS))})",
    "A": f"(?P<weekday>{_names(WEEKDAYS)})",
}
"""Patterns of the directives. Single digits are accepted unless the next character is a digit, too."""
FIXED = {"m": "(?P<month>0[1-9]|1[0-2])", "d": "(?P<day>0[1-9]|[12][0-9]|3[01])"}
FIXED |= {"H": "(?P<hour>[01][0-9]|2[0-3])", "I": "(?P<hour>0[1-9]|1[0-2])"}
FIXED |= {"M": "(?P<minute>[0-5][0-9])", "S": "(?P<second>[0-5][0-9])", "f": "(?P<fraction>[0-9]{6})"}
NUMERIC = frozenset("YymdHIMSf")
REQUIRED = {"d": "mbB", "a": "d", "A": "d", "H": "d", "I": "p", "p": "I", "M": "HI", "S": "M", "f": "S", "z": "HI"}
"""Directives that need one of others."""

LAST_OF_THIS_CENTURY = 68
"""Years of two digits up to this are in 20xx, as in POSIX."""

PROBES = ("2003-02-01", "2003-02-01 04:05", "2003-02-01 04:05:06", "2003-02-01T04:05:06Z", "2003-02-01T04:05:06+07:00")
"""A format that reads one of these in another way than ISO 8601 would misread the dates that this service writes."""

HOURS_A_DAY = 24
HALF_A_DAY = 12
MICROSECOND_DIGITS = 6


def check_date_format(date_format: str) -> str:
    """Check a format, and return it.

    Raises:
        ValueError: If it has unknown directives, too few or repeated ones.
    """
    letters = [letter for kind, letter in _split(date_format) if kind == "directive"]
    for letter in letters:
        if letter not in DIRECTIVES:
            raise ValueError(f"unknown directive %{letter}: expected {', '.join(f'%{known}' for known in DIRECTIVES)}")
        needed = REQUIRED.get(letter, "")
        if needed and not set(needed) & set(letters):
            raise ValueError(f"%{letter} needs {' or '.join(f'%{other}' for other in needed)}")
    for alternatives in ("Yy", "mbB", "HI", *DIRECTIVES):
        if sum(letters.count(letter) for letter in alternatives) > 1:
            raise ValueError(f"expected only one of {', '.join(f'%{letter}' for letter in alternatives)}")
    if not set(letters) & set("Yy"):
        raise ValueError("a date needs a year: %Y or %y")
    for probe in PROBES:
        if format_pattern(date_format).fullmatch(probe) and read_date(probe, date_format) != read_date(probe):
            raise ValueError(f"it reads {probe} in another way than ISO 8601. Write such dates year, month, day")
    return date_format


def _split(date_format: str) -> list[tuple[str, str]]:
    """Return the directives and the characters of a format."""
    parts = []
    for found in re.finditer(r"%(.?)|(.)", date_format, re.DOTALL):
        if found[2] is None and found[1] != "%":
            parts.append(("directive", found[1]))
        else:
            parts.append(("text", found[2] or "%"))
    return parts


@lru_cache(maxsize=256)
def format_pattern(date_format: str) -> re.Pattern[str]:
    """Return the pattern of a checked format; it also accepts days that the month does not have."""
    parts = _split(date_format)
    pattern = ""
    for place, (kind, character) in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else ("text", "")
        before = parts[place - 1] if place else ("text", "")
        is_joined = any(
            (kind == "directive" and next_character in NUMERIC) or (kind == "text" and next_character.isdigit())
            for kind, next_character in (before, following)
        )
        if kind == "text":
            pattern += re.escape(character)
        else:
            pattern += FIXED.get(character, DIRECTIVES[character]) if is_joined else DIRECTIVES[character]
    return re.compile(pattern)


_MOMENT = re.compile(MOMENT)


def read_date(text: str, date_format: str | None = None) -> datetime:
    """Read a date or a time.

    Returns:
        The time in UTC, without a zone; midnight for a date. Digits beyond microseconds are cut off.

    Raises:
        ValueError: If the text is none, or not within the years 1 to 9999.
    """
    found = (_MOMENT if date_format is None else format_pattern(date_format)).fullmatch(text)
    if found is None:
        raise ValueError(text)
    part = found.groupdict()
    hour = int(part.get("hour") or 0)
    if half := part.get("half"):
        hour = hour % HALF_A_DAY + (HALF_A_DAY if half.lower() == "pm" else 0)
    is_end = hour == HOURS_A_DAY and not re.search("[1-9]", f"{part['minute']}{part['second']}{part['fraction']}")
    moment = datetime(  # noqa: DTZ001 -- In UTC.
        _year_of(part),
        _month_of(part),
        int(part.get("day") or 1),
        0 if is_end else hour,
        int(part.get("minute") or 0),
        int(part.get("second") or 0),
        int((part.get("fraction") or "")[:MICROSECOND_DIGITS].ljust(MICROSECOND_DIGITS, "0")),
    )
    try:
        return moment + timedelta(days=int(is_end)) - _offset_of(part.get("offset"))
    except OverflowError as error:
        raise ValueError(text) from error


def _year_of(part: dict[str, str | None]) -> int:
    if year := part.get("year"):
        return int(year)
    short = int(part.get("short_year") or 0)
    return short + (2000 if short <= LAST_OF_THIS_CENTURY else 1900)


def _month_of(part: dict[str, str | None]) -> int:
    if name := part.get("month_name"):
        return 1 + [month[:SHORT].lower() for month in MONTHS].index(name[:SHORT].lower())
    return int(part.get("month") or 1)


def _offset_of(offset: str | None) -> timedelta:
    if not offset:
        return timedelta()
    digits = offset[1:].replace(":", "")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -distance if offset[0] == "-" else distance
