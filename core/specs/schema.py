"""JSON Schema of models (draft 2020-12), with titles and examples, for editors and for error messages."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

Schema = Mapping[str, Any]

MAX_DEPTH = 8
"""Levels of an example that is made up: a block of layers holds layers."""


class InOrder(GenerateJsonSchema):
    """Leaves keys in their order: a spec is read from its name to its training, not by the alphabet."""

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002 - pydantic's arguments.
        """Return a schema as it is."""
        return value


@cache
def describe_model(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a model, completed."""
    schema = model.model_json_schema(schema_generator=InOrder)
    complete(schema, schema.get("$defs", {}))
    return schema


def complete(schema: dict[str, Any], definitions: Mapping[str, dict[str, Any]]) -> None:
    """Add what editors complete from: a title to every field, and an example to every object and field without one."""
    for name, definition in definitions.items():
        definition.setdefault("title", name)
    for definition in (schema, *definitions.values()):
        if "properties" in definition and "examples" not in definition:
            definition["examples"] = [make_example(definition, definitions)]
        for name, field in definition.get("properties", {}).items():
            if "$ref" not in field:
                field.setdefault("title", name.replace("_", " ").title())
            if field.keys().isdisjoint({"$ref", "default", "const", "enum", "examples"}):
                field["examples"] = [make_example(field, definitions)]


def find_schema(schema: Schema, definitions: Mapping[str, Schema], value: Any, steps: Sequence[str | int]) -> Schema:
    """Return the schema of a place in a value, with the variants of unions that the value says it is.

    Returns:
        {} if the schema says nothing about the place.
    """
    for step in steps:
        inner = (_step_into(member, step) for member in list_members(schema, definitions, value))
        schema = next((found for found in inner if found is not None), {})
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None
    return schema


def list_members(schema: Schema, definitions: Mapping[str, Schema], value: Any = None) -> Iterator[Schema]:
    """Yield the members of a union, of unions within too; of those with a discriminator only the one of the value."""
    schema = resolve(schema, definitions)
    members = schema.get("oneOf") or schema.get("anyOf")
    if members is None:
        yield schema
        return
    discriminator = schema.get("discriminator", {})
    tag = value.get(discriminator.get("propertyName")) if isinstance(value, dict) else None
    if isinstance(tag, str) and tag in discriminator.get("mapping", {}):
        members = [{"$ref": discriminator["mapping"][tag]}]
    for member in members:
        yield from list_members(member, definitions, value)


def resolve(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return a schema with the definition that it refers to; what stands beside the reference counts more."""
    if "$ref" not in schema:
        return schema
    return {**resolve(definitions[schema["$ref"].rpartition("/")[2]], definitions), **schema}


def make_example(schema: Schema, definitions: Mapping[str, Schema], depth: int = 0) -> Any:
    """Return a value that a schema allows: its example, its default, or one made up of as little as it asks for."""
    schema = resolve(schema, definitions)
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("default") is not None:
        return schema["default"]
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    members = schema.get("oneOf") or schema.get("anyOf")
    if members:
        return make_member(schema, next(one for one in members if one.get("type") != "null"), definitions, depth)
    match schema.get("type"):
        case "object":
            return _make_object(schema, definitions, depth)
        case "array":
            return _make_list(schema, definitions, depth)
        case "integer" | "number":
            return _make_number(schema)
        case "boolean":
            return True
    return "text"


def make_member(union: Schema, member: Schema, definitions: Mapping[str, Schema], depth: int = 0) -> Any:
    """Return a value of a member of a union, with the fields that the union itself asks for."""
    example = make_example(member, definitions, depth)
    if not isinstance(example, dict):
        return example
    fields = resolve(member, definitions).get("properties", {})
    names = [name for name in union.get("required", ()) if name in fields and name not in example]
    return {name: make_example(fields[name], definitions, depth) for name in names} | example


def _step_into(schema: Schema, step: str | int) -> Schema | None:
    found: Any
    if isinstance(step, str):
        found = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    else:
        first = schema.get("prefixItems", ())
        found = first[step] if step < len(first) else schema.get("items")
    return found if isinstance(found, dict) else None


def _make_object(schema: Schema, definitions: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    fields = schema.get("properties", {})
    values = schema.get("additionalProperties")
    if not fields and isinstance(values, dict):
        return {"name": make_example(values, definitions, depth + 1)}
    # Of an object that needs none of its fields one shows the form.
    names = schema.get("required") or [name for name in fields if "examples" in fields[name]][:1] or list(fields)[:1]
    if depth == MAX_DEPTH:
        return {}
    return {name: make_example(fields[name], definitions, depth + 1) for name in names}


def _make_list(schema: Schema, definitions: Mapping[str, Schema], depth: int) -> list[Any]:
    first = schema.get("prefixItems")
    if first:
        return [make_example(item, definitions, depth + 1) for item in first]
    return [make_example(schema.get("items", {}), definitions, depth + 1)] * max(schema.get("minItems", 0), 1)


def _make_number(schema: Schema) -> float:
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    numbers = (1, least, most) if schema["type"] == "integer" else (1.0, 0.5, least, most)
    for number in numbers:
        if (
            number is not None
            and (least is None or number >= least)
            and (above is None or number > above)
            and (most is None or number <= most)
            and (below is None or number < below)
        ):
            return number
    return 0
