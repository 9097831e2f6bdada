"""Text that both databases can hold: no NUL character and no half of a surrogate pair, which PostgreSQL refuses."""

import re
from typing import Any

from core.errors import InvalidInput, Problem

NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def check_storable(value: Any, pointer: str = "") -> None:
    """Refuse text from a client that can not be stored, wherever it stands in `value`.

    Raises:
        InvalidInput: Saying where the text stands.
    """
    match value:
        case str() if found := NOT_STORABLE.search(value):
            detail = f"The text holds the character U+{ord(found[0]):04X}, which can not be stored. Leave it out."
            raise InvalidInput(detail, [Problem(pointer=pointer, detail=detail, code="text_not_storable")])
        case dict():
            for key, item in value.items():
                check_storable(key, pointer)
                check_storable(item, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
        case list() | tuple():
            for position, item in enumerate(value):
                check_storable(item, f"{pointer}/{position}")


def made_storable(value: Any) -> Any:
    """The same value with U+FFFD in place of what can not be stored; for what our own processes report."""
    match value:
        case str():
            return NOT_STORABLE.sub(REPLACEMENT, value)
        case dict():
            return {made_storable(key): made_storable(item) for key, item in value.items()}
        case list() | tuple():
            return [made_storable(item) for item in value]
    return value
