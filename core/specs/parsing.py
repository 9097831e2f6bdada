"""Parse JSON values: to an object, or to a list of everything that is wrong with them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import InvalidSpec, Problem, json_pointer
from core.nesting import MAX_DEPTH, is_too_deep
from core.specs.base import NUM_LISTED
from core.specs.wording import describe_error, join_alternatives


def check_depth(value: Any, pointer: str = "") -> None:
    """Reject what nests too deep.

    Raises:
        InvalidSpec: Pointing at the whole, for the way down is too long to be read.
    """
    if is_too_deep(value):
        detail = f"More than {MAX_DEPTH} objects and lists stand within one another; no spec needs that many."
        raise InvalidSpec.at(pointer, detail, "too_deep")


_LEAF: Mapping[str, Any] = {"type": "any"}


def steps_into_value(model: type[BaseModel], location: Sequence[str | int]) -> tuple[str | int, ...]:
    """The location without the names of union members, found by walking the model's schema (pydantic-core's)."""
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
    """The schema within validators, defaults, references and the like."""
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
    """Read a pydantic model from parsed JSON, reporting mistakes as this project does.

    Raises:
        InvalidSpec: With a problem for each mistake.
    """
    check_depth(value, pointer)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = find_problems(model, error, value, pointer)
        raise InvalidSpec(problems[0].detail if len(problems) == 1 else _summary(problems), problems) from error


def find_problems(model: type[BaseModel], error: ValidationError, value: Any, pointer: str = "") -> tuple[Problem, ...]:
    """Describe pydantic's errors as problems, one for each place in `value`."""
    entries = error.errors(include_url=False, include_input=True)
    found: dict[str, Problem] = {}
    for entry in entries:
        place = pointer + _pointer(model, entry, value)
        if entry["type"] == "too_short" and _holds_other(entry, entries):
            continue  # pydantic counts only the items that were right.
        if place not in found and len(found) == NUM_LISTED:
            break
        detail = describe_error(entry)
        known = found.get(place)
        if known is None:
            found[place] = Problem(pointer=place, detail=detail, code=entry["type"])
        elif detail not in known.detail:
            # The members of a union each say what they would have taken.
            found[place] = Problem(pointer=place, detail=join_alternatives(known.detail, detail), code=known.code)
    return tuple(found.values())


def _holds_other(entry: Any, entries: list[Any]) -> bool:
    length = len(entry["loc"])
    return any(len(other["loc"]) > length and other["loc"][:length] == entry["loc"] for other in entries)


def _pointer(model: type[BaseModel], entry: Any, value: Any) -> str:
    """A JSON Pointer (RFC 6901) to the place in `value` that an error is about."""
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
            # A short form, such as a name alone for an object, has no places within; an absent field has its own.
            break
        pointer += json_pointer(step)
    return pointer


def _summary(problems: tuple[Problem, ...]) -> str:
    number = f"{len(problems)} or more" if len(problems) == NUM_LISTED else str(len(problems))
    return f"{number} things are wrong; the first, at {problems[0].pointer or 'the top'}: {problems[0].detail}"
