"""Which steps of pydantic's error locations are steps into the JSON value.

The others name the member of a union that was tried. They can not be told apart by the value alone: a dataset with the
name `function` also has a field `function`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

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
