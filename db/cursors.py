"""Pages of a list, each beginning after the last item of the previous one (keyset pagination)."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.errors import InvalidInput

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list.

    Attributes:
        items: In the order of the list.
        next_cursor: Cursor of the next page; None on the last.
    """

    items: list[Item]
    next_cursor: str | None


def write_cursor(*place: str | float | None) -> str:
    """Encode a place in a list as an opaque cursor."""
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type | tuple[type, ...]) -> tuple[Any, ...]:
    """Decode a cursor of `write_cursor`.

    Args:
        cursor: The cursor.
        kinds: Type of each part, or several that it may have.

    Raises:
        InvalidInput: If it is not a cursor with parts of these types.
    """
    try:
        place = json.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise bad_cursor(cursor) from error
    fits = isinstance(place, list) and len(place) == len(kinds)
    allowed = [kind if isinstance(kind, tuple) else (kind,) for kind in kinds]
    if not fits or not all(type(part) in options for part, options in zip(place, allowed, strict=True)):
        raise bad_cursor(cursor)
    return tuple(place)


def read_number(cursor: str, most: int) -> int:
    """Decode a cursor of one number from 1 to `most`.

    Raises:
        InvalidInput: If it is not one.
    """
    (number,) = read_cursor(cursor, int)
    if not 1 <= number <= most:
        raise bad_cursor(cursor)
    return int(number)


def bad_cursor(cursor: str) -> InvalidInput:
    """Return the error for an invalid cursor."""
    detail = (
        f"'{cursor[:80]}' is not a cursor. "
        "Send next_cursor of the previous page, unchanged; send none for the first page."
    )
    return InvalidInput.at("", detail, "bad_cursor")
