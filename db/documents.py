"""Encoding of JSON columns, in which every float and every object of a client reads back unchanged.

JSON has no NaN and no infinities, and PostgreSQL rejects the words that Python writes for them. They are stored as
`{"$float": "nan"}`. An object that a client sent with that very key is stored with its value in a list, which a float
never is, so the two cannot be confused. Text that no database can store is rejected or replaced.
"""

import json
import math
import re
from typing import Any

from core.errors import InvalidInput, Problem

FLOAT_KEY = "$float"

NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
"""The NUL character and lone surrogates, which PostgreSQL rejects."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


# Made once: json.dumps would make one for each call.
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def to_json(value: Any) -> str:
    """Encode a value as JSON without NaN or Infinity."""
    try:
        text = _encode(value)
    except ValueError:  # NaN or an infinity, somewhere within.
        text = ""
    if not text or f'"{FLOAT_KEY}"' in text:
        text = _encode(_marked(value))
    return text


def from_json(text: str | bytes) -> Any:
    """Decode a text of `to_json`; tuples come back as lists."""
    value = text.decode() if isinstance(text, bytes) else text
    if f'"{FLOAT_KEY}"' in value:
        return json.loads(value, object_hook=_unmarked)
    return json.loads(value)


def _marked(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return {FLOAT_KEY: str(value)}
        case dict() if len(value) == 1 and FLOAT_KEY in value:
            return {FLOAT_KEY: [_marked(value[FLOAT_KEY])]}
        case dict():
            return {key: _marked(item) for key, item in value.items()}
        case list() | tuple():
            return [_marked(item) for item in value]
    return value


def _unmarked(value: dict[str, Any]) -> Any:
    if len(value) != 1 or FLOAT_KEY not in value:
        return value
    marked = value[FLOAT_KEY]
    return {FLOAT_KEY: marked[0]} if isinstance(marked, list) else float(marked)


def check_storable(value: Any, pointer: str = "") -> None:
    """Reject text from a client that cannot be stored, anywhere in `value`.

    Raises:
        InvalidInput: With a pointer to the text.
    """
    match value:
        case str() if found := NOT_STORABLE.search(value):
            detail = f"The text contains the character U+{ord(found[0]):04X}, which cannot be stored. Leave it out."
            raise InvalidInput(detail, [Problem(pointer=pointer, detail=detail, code="text_not_storable")])
        case dict():
            for key, item in value.items():
                check_storable(key, pointer)
                check_storable(item, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
        case list() | tuple():
            for position, item in enumerate(value):
                check_storable(item, f"{pointer}/{position}")


def replace_unstorable(value: Any) -> Any:
    """Replace text that cannot be stored by U+FFFD, in reports of the service's own processes."""
    match value:
        case str():
            return NOT_STORABLE.sub(REPLACEMENT, value)
        case dict():
            return {replace_unstorable(key): replace_unstorable(item) for key, item in value.items()}
        case list() | tuple():
            return [replace_unstorable(item) for item in value]
    return value
