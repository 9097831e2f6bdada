"""Parse JSON values into models, reporting every mistake with its place."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import InvalidSpec, Problem, json_pointer
from core.nesting import MAX_DEPTH, is_too_deep
from core.specs.base import NUM_LISTED
from core.specs.schema import describe_model, find_schema
from core.specs.wording import WRONG_TYPES, describe_error, join_alternatives, list_expected, show

WHOLE_BELOW = 2**53
"""Below this every whole number is a double of its own."""


def check_depth(value: Any, pointer: str = "") -> None:
    """Reject values that nest too deep.

    Raises:
        InvalidSpec: If it does; its pointer is that of the whole value.
    """
    if is_too_deep(value):
        detail = f"Expected at most {MAX_DEPTH} nested objects and lists; got more. Nest fewer."
        raise InvalidSpec.at(pointer, detail, "too_deep")


def read_whole_numbers(value: Any) -> Any:
    """Return parsed JSON with every number without a fraction as an int.

    JSON has one kind of number: 1, 1.0 and 1e0 are the same, and integers (JSON Schema 2020-12, Core section 4.2.3).
    Doubles from 2^53 on stay as they are, because one may stand for several whole numbers.
    """
    match value:
        case float():
            return int(value) if value.is_integer() and abs(value) < WHOLE_BELOW else value
        case list():
            return [read_whole_numbers(item) for item in value]
        case dict():
            return {name: read_whole_numbers(item) for name, item in value.items()}
    return value


_LEAF: Mapping[str, Any] = {"type": "any"}


def steps_into_value(model: type[BaseModel], location: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the location without the names of union members, found by walking the model's schema (pydantic-core's)."""
    definitions: dict[str, Any] = {}
    schema: Mapping[str, Any] = model.__pydantic_core_schema__
    steps = []
    for step in location:
        schema = _unwrapped(schema, definitions)
        kind = schema["type"]
        if kind == "tagged-union":
            schema = schema["choices"].get(step, _LEAF)
            continue
        if kind == "union":
            # Unions without a tag have only plain values as members here.
            schema = _LEAF
            continue
        steps.append(step)
        if kind == "model-fields":
            schema = schema["fields"].get(step, {"schema": _LEAF})["schema"]
        elif kind == "tuple":
            schema = _item_schema(schema, step)
        elif kind == "list":
            schema = schema.get("items_schema", _LEAF)
        elif kind == "dict":
            schema = schema.get("values_schema", _LEAF)
    return tuple(steps)


def _unwrapped(schema: Mapping[str, Any], definitions: dict[str, Any]) -> Mapping[str, Any]:
    """Return the schema inside validators, defaults, references and the like."""
    definitions.update({entry["ref"]: entry for entry in schema.get("definitions", ())})
    is_reference = schema["type"] == "definition-ref"
    within = definitions[schema["schema_ref"]] if is_reference else schema.get("schema")
    if within is None:
        return schema
    return _unwrapped(within, definitions)


def _item_schema(schema: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
    items: list[Mapping[str, Any]] = schema["items_schema"]
    variadic: int | None = schema.get("variadic_item_index")
    if not isinstance(step, int):
        return _LEAF
    position = step if variadic is None else min(step, variadic)
    return items[position] if position < len(items) else _LEAF


Model = TypeVar("Model", bound=BaseModel)


def parse_as(model: type[Model], value: Any, pointer: str = "") -> Model:
    """Validate parsed JSON as a pydantic model.

    Raises:
        InvalidSpec: With a problem for each mistake.
    """
    check_depth(value, pointer)
    value = read_whole_numbers(value)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = find_problems(model, error, value, pointer)
        raise InvalidSpec(problems[0].detail if len(problems) == 1 else _summary(problems), problems) from error


def find_problems(model: type[BaseModel], error: ValidationError, value: Any, pointer: str = "") -> tuple[Problem, ...]:
    """Describe pydantic's errors as problems, one for each place in `value`."""
    entries = error.errors(include_url=False, include_input=True)
    found: dict[str, Problem] = {}
    # Places whose problem names all that is expected there, for every member of a union.
    whole: set[str] = set()
    for entry in entries:
        place = pointer + _pointer(model, entry, value)
        if entry["type"] == "too_short" and _holds_other(entry, entries):
            continue  # pydantic counts only the valid items.
        if place not in found and len(found) == NUM_LISTED:
            break
        expected = _list_expected(model, entry, value) if entry["type"] in WRONG_TYPES else ""
        detail = f"Expected {expected}; got {show(entry['input'])}." if expected else describe_error(entry)
        known = found.get(place)
        if known is None:
            found[place] = Problem(pointer=place, detail=detail, code=entry["type"])
            if expected:
                whole.add(place)
        elif place not in whole and detail not in known.detail:
            # Each member of a union reports what it expected.
            found[place] = Problem(pointer=place, detail=join_alternatives(known.detail, detail), code=known.code)
    return tuple(found.values())


def _list_expected(model: type[BaseModel], entry: Any, value: Any) -> str:
    """Return the types that the JSON Schema allows at the place of an error, with examples; "" if it does not say."""
    schema = describe_model(model)
    definitions = schema.get("$defs", {})
    place = find_schema(schema, definitions, value, steps_into_value(model, entry["loc"]))
    return list_expected(place, definitions)


def _holds_other(entry: Any, entries: list[Any]) -> bool:
    length = len(entry["loc"])
    return any(len(other["loc"]) > length and other["loc"][:length] == entry["loc"] for other in entries)


def _pointer(model: type[BaseModel], entry: Any, value: Any) -> str:
    """Return the JSON Pointer (RFC 6901) to the place of an error in `value`."""
    steps = steps_into_value(model, entry["loc"])
    if entry["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        steps = (*steps, str(entry["ctx"]["discriminator"]).strip("'"))
    pointer = ""
    current = value
    for position, step in enumerate(steps):
        if isinstance(current, list | tuple) and isinstance(step, int) and step < len(current):
            current = current[step]
        elif isinstance(current, dict) and step in current:
            current = current[step]
        elif not (isinstance(current, dict) and position == len(steps) - 1):
            # A short form, such as a name for an object, has no members; a missing field has a pointer of its own.
            break
        pointer += json_pointer(step)
    return pointer


def _summary(problems: tuple[Problem, ...]) -> str:
    number = f"{len(problems)} or more" if len(problems) == NUM_LISTED else str(len(problems))
    return f"{number} errors. The first is at {problems[0].pointer or 'the top level'}: {problems[0].detail}"
