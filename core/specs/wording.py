"""pydantic's errors in this project's words: what came, what was expected."""

from typing import Any

from core.errors import nearest
from core.specs.base import printable

LONGEST_SHOWN = 60
"""Characters of a value that are repeated to the client: enough to recognise what was sent."""

LEAST_ROUNDED = 2**53
"""Floats from here on are not exact and are written short."""

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
    "string_type": "text",
    "string_unicode": "text without halves of surrogate pairs",
}

BOUNDS = {
    "greater_than": ("gt", "more than", ""),
    "greater_than_equal": ("ge", "at least", ""),
    "less_than": ("lt", "less than", ""),
    "less_than_equal": ("le", "at most", ""),
    "too_short": ("min_length", "at least", "item"),
    "too_long": ("max_length", "at most", "item"),
    "string_too_short": ("min_length", "at least", "character"),
    "string_too_long": ("max_length", "at most", "character"),
    "string_pattern_mismatch": ("pattern", "the form", ""),
}
"""For each of pydantic's error types: where its context holds the bound, how it is said, and of what it is a number."""


def describe_error(entry: Any) -> str:
    """Put one of pydantic's errors into a sentence for the client."""
    context = entry.get("ctx", {})
    kind = entry["type"]
    came = _shown(entry["input"])
    match kind:
        case "missing":
            step = entry["loc"][-1]
            what = f"Number {step + 1} of the list" if isinstance(step, int) else f"The field '{step}'"
            return f"{what} is missing."
        case "unknown_field":
            return f"There is no field {_shown(context['field'])} here.{nearest(context['field'], context['known'])}"
        case "union_tag_not_found":
            field = str(context["discriminator"]).strip("'")
            return f"Say which kind it is in the field '{field}'."
        case "union_tag_invalid":
            return _wrong_tag(entry["input"], context)
        case "literal_error":
            return _unknown_name(entry["input"], str(context["expected"]))
        case "value_error":
            return f"{context.get('error', entry['msg'])}."
        case _ if kind in EXPECTED:
            return f"{came} came; expected {EXPECTED[kind]}."
        case _ if kind in BOUNDS:
            return f"{came} came; expected {_bound(kind, context)}."
        case _:
            expected = entry["msg"].removesuffix(".").replace("Input should be", "expected")
            return f"{came} came; {expected[0].lower()}{expected[1:]}."


def _unknown_name(value: Any, expected: str) -> str:
    known = [name.strip(" '") for name in expected.replace(" or ", ", ").split(",")]
    if isinstance(value, str) and len(known) > 1:
        return f"{_shown(value)} is not known here.{nearest(value, known)}"
    return f"{_shown(value)} came; expected {expected}."


def _wrong_tag(value: Any, context: Any) -> str:
    field = str(context["discriminator"]).strip("'")
    tags = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
    tag = value[field] if isinstance(value, dict) and field in value else str(context["tag"])
    if not isinstance(tag, str):
        return f"{_shown(tag)} came; expected a {field}.{nearest('', tags)}"
    return f"{_shown(tag)} is not a {field} known here.{nearest(tag, tags)}"


def _bound(kind: str, context: Any) -> str:
    field, words, unit = BOUNDS[kind]
    bound = context[field]
    if isinstance(bound, float):
        bound = int(bound) if abs(bound) < LEAST_ROUNDED and bound.is_integer() else f"{bound:g}"
    plural = unit if bound == 1 or not unit else f"{unit}s"
    return f"{words} {bound} {plural}".rstrip()


def _shown(value: Any) -> str:
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
    """One sentence from what two members of a union would each have taken."""
    came, separator, expected = other.partition(" came; expected ")
    if separator and one.startswith(came + separator):
        return f"{one.removesuffix('.')} or {expected}"
    return f"{one} {other}"
