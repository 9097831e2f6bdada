"""Errors of prediction requests: one error with a problem for each place, and their wording."""

import json
from collections.abc import Collection, Sequence
from itertools import islice

from core.errors import InvalidInstances, Problem, json_pointer

MAX_PROBLEMS = 20
MAX_SHOWN_CHARACTERS = 60
MAX_SHOWN_NAMES = 4
MAX_SHOWN_BITS = 256
MAX_TOKEN_CHARACTERS = 200


def reject_all(problems: Sequence[Problem]) -> InvalidInstances:
    """Return the error for one or more problems: the text of the first, and the number of others."""
    detail = problems[0].detail
    num_others = len(problems) - 1
    if num_others:
        others = "1 more problem was" if num_others == 1 else f"{num_others} more problems were"
        detail = f"{detail} ({others} found.)"
    return InvalidInstances(detail, problems)


def join_pointer(*tokens: str | int) -> str:
    """Return a JSON Pointer (RFC 6901) of names and indices: `/instances/2/sepal_width`.

    It ends before a name of more than 200 characters, so that a response does not repeat a whole request.
    """
    pointer = ""
    for token in map(str, tokens):
        if len(token) > MAX_TOKEN_CHARACTERS:
            break
        pointer += json_pointer(token).encode(errors="backslashreplace").decode()
    return pointer


def describe(value: object) -> str:
    """Describe a value in few words: `the number 3`, `the string "abc"`, `a list of 3`."""
    match value:
        case None | bool():
            text = json.dumps(value)
        case int() | float():
            text = _describe_number(value)
        case str():
            text = f'the string "{show(value)}"'
        case list():
            text = f"a list of {len(value)}" if value else "an empty list"
        case dict():
            text = "an object"
        case _:
            text = f"a {type(value).__name__}"
    return text


def _describe_number(value: float) -> str:
    # Python does not convert whole numbers of thousands of digits to text; the limit can be set.
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN_BITS:
        return f"a whole number of {value.bit_length()} bits"
    return f"the number {value!r}"


def show(text: str) -> str:
    """Return text of a request, shortened and printable, for a message."""
    shortened = text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "…"
    # Half of a surrogate pair is legal in a JSON string but cannot be encoded in a response.
    return shortened.encode(errors="backslashreplace").decode()


def show_names(names: Collection[str]) -> str:
    """List the first few names of an object: `'sepal_length', 'sepal_width', …`."""
    if not names:
        return "no names"
    shown = ", ".join(f"'{show(name)}'" for name in islice(names, MAX_SHOWN_NAMES))
    return shown if len(names) <= MAX_SHOWN_NAMES else f"{shown}, …"
