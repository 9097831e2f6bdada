"""Values of a filter, from how they are written to the type of their field."""

import math
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.errors import nearest
from core.filters.mistakes import Source
from core.filters.run_fields import WORDS
from core.filters.syntax import Name
from core.filters.tree import Field, Kind, Value

NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
WHOLE = re.compile(r"[-+]?\d{1,18}", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# RFC 3339 section 5.6; a space may stand for the T.
TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?(?P<zone>[Zz]|[-+]\d{2}:\d{2})?", re.ASCII)
RELATIVE = re.compile(r"now(?:(?P<sign>[-+])(?P<number>\d{1,9})(?P<unit>[smhdw]))?", re.ASCII | re.IGNORECASE)
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
EXAMPLE_TIMES = "2026-03-02, 2026-03-02T09:30:00Z or now-7d"


def read_value(source: Source, field: Field, name: Name, now: datetime) -> Value:
    """Return a value of the type of its field.

    Args:
        source: The whole filter.
        field: The field that it is compared with.
        name: The value as it was written.
        now: Time that relative times count from.

    Raises:
        InvalidFilter: If it is of another type, or malformed.
    """
    match field.kind:
        case Kind.NUMBER:
            return _read_number(source, field, name)
        case Kind.TIME:
            return _read_time(source, field, name, now)
        case Kind.ID:
            return _read_id(source, field, name)
        case Kind.WORD:
            return _read_word(source, field, name)
        case Kind.JSON:
            return _read_json(source, name)
        case Kind.TEXT:
            return _read_text(source, field, name)


def _read_text(source: Source, field: Field, name: Name) -> str:
    if not name.is_quoted:
        came = "a number" if NUMBER.fullmatch(name.text) else "a boolean" if name.text in {"true", "false"} else ""
        if came:
            reason = f'{field} is a text, and {name.text[:40]} is {came}. Write "{name.text[:40]}".'
            raise source.mistake(name.position, reason, "wrong_type")
    return name.text


def _read_word(source: Source, field: Field, name: Name) -> str:
    words = WORDS[field.name]
    if name.text not in words:
        hint = nearest(name.text.lower(), words)
        raise source.mistake(name.position, f"'{name.text[:80]}' is no {field.name}.{hint}", "unknown_word")
    return name.text


def _read_number(source: Source, field: Field, name: Name) -> int | float:
    number = None if name.is_quoted else _parse_number(source, name)
    if number is None:
        shown = f'"{name.text[:40]}"' if name.is_quoted else name.text[:40]
        hint = " A value that is not a number is stored as none: write `is null`." if name.text.lower() == "nan" else ""
        reason = f"{field} is a number, and {shown} is not.{hint}"
        raise source.mistake(name.position, reason, "wrong_type")
    return number


def _parse_number(source: Source, name: Name) -> int | float | None:
    if not NUMBER.fullmatch(name.text):
        return None
    if WHOLE.fullmatch(name.text):
        return int(name.text)
    number = float(name.text)
    if math.isinf(number):
        raise source.mistake(name.position, "the number is over 1.8e308.", "number_too_large")
    return number


def _read_json(source: Source, name: Name) -> str | float | bool:
    if name.is_quoted:
        return name.text
    if name.text in {"true", "false"}:
        return name.text == "true"
    number = _parse_number(source, name)
    # All numbers of JSON are compared as doubles: 1 equals 1.0.
    return name.text if number is None else float(number)


def _read_id(source: Source, field: Field, name: Name) -> UUID:
    try:
        parsed = UUID(name.text)
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != name.text.lower():
        reason = f"{field} is the id of a run, such as 01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62."
        raise source.mistake(name.position, reason, "wrong_type")
    return parsed


def _read_time(source: Source, field: Field, name: Name, now: datetime) -> datetime:
    text = name.text
    try:
        if found := RELATIVE.fullmatch(text):
            return _count_from(now, found)
        if DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if found := TIME.fullmatch(text):
            if found["zone"] is None:
                reason = f"{text} has no time zone. Write {text}Z for UTC, or the offset: {text}+01:00."
                raise source.mistake(name.position, reason, "no_time_zone")
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise source.mistake(name.position, f"there is no time {text[:40]}.", "no_such_time") from None
    reason = f"{field} is a time, and '{text[:40]}' is not. Write {EXAMPLE_TIMES}."
    raise source.mistake(name.position, reason, "wrong_type")


def _count_from(now: datetime, found: re.Match[str]) -> datetime:
    if found["sign"] is None:
        return now
    seconds = int(found["number"]) * SECONDS[found["unit"].lower()]
    return now + timedelta(seconds=-seconds if found["sign"] == "-" else seconds)
