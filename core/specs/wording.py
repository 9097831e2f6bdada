"""Messages of pydantic's errors: what was expected, what was sent."""

import json
from collections.abc import Mapping
from typing import Any

from core.errors import nearest
from core.specs.base import printable
from core.specs.schema import Schema, list_members, make_member, resolve

LONGEST_SHOWN = 60
"""Characters of a value quoted in a message: enough to recognise what was sent."""

LEAST_ROUNDED = 2**53
"""Floats at or above this are not exact and are written in short form."""

EXPECTED = {
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "tuple_type": "a list",
    "list_type": "a list",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a string",
    "string_unicode": "a string of valid Unicode",
}
"""Expected value by error type."""

WRONG_TYPES = frozenset(
    {*EXPECTED, "class_weight_type", "padding_type", "pair_type"} - {"finite_number", "string_unicode"}
)
"""Types of errors about a value of another type than the schema has."""

TYPES = {
    "object": "an object",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "string": "a string",
}
"""Words for the types of JSON Schema."""

JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
}

MOST_LISTED = 3
"""Values of an enumeration that are all listed in a message; of more one is an example."""

LONGEST_EXAMPLE = 300
"""Characters of an example: enough for a whole spec."""

BOUNDS = {
    "greater_than": ("gt", "a number above"),
    "greater_than_equal": ("ge", "a number of at least"),
    "less_than": ("lt", "a number below"),
    "less_than_equal": ("le", "a number of at most"),
    "string_pattern_mismatch": ("pattern", "text of the form"),
}
"""Key of the bound in the error's context, and the words before it, by error type."""

LENGTHS = {
    "too_short": ("min_length", "at least", "item"),
    "too_long": ("max_length", "at most", "item"),
    "string_too_short": ("min_length", "at least", "character"),
    "string_too_long": ("max_length", "at most", "character"),
}
"""Key of the bound in the error's context, the words before it and its unit, by error type."""


def describe_error(entry: Any) -> str:
    """Describe one of pydantic's errors in a sentence for the client."""
    context = entry.get("ctx", {})
    kind = entry["type"]
    match kind:
        case "missing":
            step = entry["loc"][-1]
            return f"Item {step + 1} of the list is missing." if isinstance(step, int) else _missing_field(step)
        case "unknown_field":
            return f"There is no field {show(context['field'])} here.{nearest(context['field'], context['known'])}"
        case "extra_forbidden":
            return f"There is no field {show(entry['loc'][-1])} here."
        case "union_tag_not_found":
            return _missing_field(str(context["discriminator"]).strip("'"))
        case "union_tag_invalid":
            return _wrong_tag(entry["input"], context)
        case "literal_error":
            return _unknown_name(entry["input"], str(context["expected"]))
        case "value_error":
            return f"{context.get('error', entry['msg'])}."
        case _ if kind in LENGTHS:
            return _wrong_length(entry["input"], context, *LENGTHS[kind])
        case _:
            return _wrong_value(kind, entry["input"], context, entry["msg"])


def list_expected(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """Return the types that a schema allows, each with an example, such as `a string like "sgd" or an object like {…}`.

    Returns:
        "" if the schema allows anything.
    """
    outer = resolve(schema, definitions)
    found: dict[str, str] = {}
    for member in list_members(schema, definitions):
        kind = member.get("type")
        values = [member["const"]] if "const" in member else member.get("enum", ())
        if kind == "boolean":
            values = (True, False)
        if 0 < len(values) <= MOST_LISTED:
            found |= {text: text for text in map(json.dumps, values)}
        elif kind in TYPES and kind not in found:
            found[kind] = TYPES[kind] + _example_of(kind, outer, member, definitions)
    *others, last = found.values() or ("",)
    return f"{', '.join(others)} or {last}" if others else last


def _example_of(kind: str, outer: Schema, member: Schema, definitions: Mapping[str, Schema]) -> str:
    given = [example for example in outer.get("examples", ()) if type(example) in JSON_TYPES[kind]]
    default = outer.get("default")
    if not given and type(default) in JSON_TYPES[kind] and not isinstance(default, dict):
        given = [default]
    text = json.dumps(given[0] if given else make_member(outer, member, definitions), ensure_ascii=False)
    return f" like {text}" if len(text) <= LONGEST_EXAMPLE else ""


def _missing_field(name: str) -> str:
    return f"The field '{name}' is missing."


def _unknown_name(value: Any, expected: str) -> str:
    known = [name.strip(" '") for name in expected.replace(" or ", ", ").split(",")]
    if isinstance(value, str) and len(known) > 1:
        return f"Unknown value {show(value)}.{nearest(value, known)}"
    return f"Expected {expected}; got {show(value)}."


def _wrong_tag(value: Any, context: Any) -> str:
    field = str(context["discriminator"]).strip("'")
    tags = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
    tag = value[field] if isinstance(value, dict) and field in value else str(context["tag"])
    if not isinstance(tag, str):
        return f"Expected a {field}; got {show(tag)}.{nearest('', tags)}"
    return f"Unknown {field} {show(tag)}.{nearest(tag, tags)}"


def _bound(bound: Any) -> str:
    if isinstance(bound, float):
        return str(int(bound)) if abs(bound) < LEAST_ROUNDED and bound.is_integer() else f"{bound:g}"
    return str(bound)


def _wrong_value(kind: str, value: Any, context: Any, message: str) -> str:
    if message.endswith("."):
        return message
    expected = message.replace("Input should be", "Expected")
    if kind in EXPECTED:
        expected = f"Expected {EXPECTED[kind]}"
    elif kind in BOUNDS:
        field, words = BOUNDS[kind]
        expected = f"Expected {words} {_bound(context[field])}"
    return f"{expected}; got {show(value)}."


def _wrong_length(value: Any, context: Any, field: str, words: str, unit: str) -> str:
    bound = context[field]
    return f"Expected {words} {bound} {unit if bound == 1 else unit + 's'}; got {len(value)}."


def show(value: Any) -> str:
    """Return a value for a message, shortened."""
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list() | tuple():
            return f"a list of {len(value)}"
        case bool():
            return str(value).lower()
        case str():
            text = repr(printable(value[: LONGEST_SHOWN + 1]))
        case _:
            text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}…"


def join_alternatives(one: str, other: str) -> str:
    """Join the messages of two members of a union, in one sentence where both say what they expected."""
    (expected, separator, got), (alternative, _, other_got) = one.partition("; got "), other.partition("; got ")
    if separator and got == other_got:
        return f"{expected} or {alternative.removeprefix('Expected ')}; got {got}"
    return f"{one} {other}"
