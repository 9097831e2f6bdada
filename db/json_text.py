"""JSON columns as text: every float survives, and so does whatever a client sent.

JSON has no NaN and no infinities, and PostgreSQL refuses the words that Python writes for them. They are stored as
`{"$float": "nan"}`. An object that a client sent with that very key is stored with its value in a list, which no float
ever is, so the two can't be confused.
"""

import json
import math
from typing import Any

FLOAT_KEY = "$float"


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
