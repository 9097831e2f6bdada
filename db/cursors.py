"""Pages of a list, each found by where the one before it ended (keyset pagination)."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.errors import InvalidInput

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page.

    Attributes:
        items: In the order of the list.
        next_cursor: Where the next page starts; None at the end of the list.
    """

    items: list[Item]
    next_cursor: str | None


def write_cursor(*place: str | int) -> str:
    """An opaque word for a place in a list."""
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The place that `write_cursor` was given.

    Raises:
        InvalidInput: If no `write_cursor` made this for parts of these kinds.
    """
    try:
        place = json.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise bad_cursor(cursor) from error
    fits = isinstance(place, list) and len(place) == len(kinds)
    if not fits or not all(type(part) is kind for part, kind in zip(place, kinds, strict=True)):
        raise bad_cursor(cursor)
    return tuple(place)


def bad_cursor(cursor: str) -> InvalidInput:
    """What to raise for a cursor that leads nowhere."""
    return InvalidInput(
        f"'{cursor[:80]}' is not a cursor. Send next_cursor of the page before, unchanged, or none for the first page."
    )
