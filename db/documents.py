"""JSON columns: every float survives, and so does whatever a client sent; text that no database can hold does not.

JSON has no NaN and no infinities, and PostgreSQL refuses the words that Python writes for them. They are stored as
`{"$float": "nan"}`. An object that a client sent with that very key is stored with its value in a list, which no float
ever is, so the two can't be confused.
"""

import json
import math
import re
from typing import Any

from core.errors import InvalidInput, Problem

FLOAT_KEY = "$float"

NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
"""The NUL character and halves of surrogate pairs, which PostgreSQL refuses."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def to_json(value: Any) -> str:
    """A JSON text without NaN or Infinity."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:  # NaN or an infinity, somewhere within.
        text = ""
    if not text or f'"{FLOAT_KEY}"' in text:
        text = json.dumps(_marked(value), allow_nan=False, separators=(",", ":"))
    return text


def from_json(text: str | bytes) -> Any:
    """What `to_json` was given, with tuples as lists."""
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
