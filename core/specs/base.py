"""Base class and field types of specs: frozen, strict about names and types."""

from collections.abc import Callable
from typing import Annotated, Any, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    Strict,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

NUM_LISTED = 20
"""Most problems listed in one error."""

LONGEST_NAME = 200
"""Longest name, in characters, that is quoted in an error."""

FLOAT32_MAX = 3.4028234663852886e38
"""Largest number of a spec: networks compute in float32, where anything greater is infinite."""

# JSON has numbers, strings and booleans; a spec never converts one to another.
Bool = Annotated[bool, Strict()]
Int = Annotated[int, Strict()]
Float = Annotated[float, Strict(), Field(ge=-FLOAT32_MAX, le=FLOAT32_MAX)]
Fraction = Annotated[float, Strict(), Field(ge=0, lt=1)]
PositiveInt = Annotated[Int, Field(ge=1, le=2**31 - 1)]
NonNegativeInt = Annotated[Int, Field(ge=0, le=2**31 - 1)]
PositiveFloat = Annotated[float, Strict(), Field(gt=0, le=FLOAT32_MAX)]
NonNegativeFloat = Annotated[float, Strict(), Field(ge=0, le=FLOAT32_MAX)]


class SpecModel(BaseModel):
    """Base class of specs. An unknown field is an error of type `unknown_field`; its context has the known fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )

    @model_validator(mode="wrap")
    @classmethod
    def _report_unknown_fields(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        # The attribute behind `model_fields`, which takes a while to return it.
        fields = cls.__pydantic_fields__
        if data.keys() <= fields.keys():
            return handler(data)
        unknown = [key for key in data if key not in fields]
        mistakes = [_unknown_field(key, data[key], list(fields)) for key in unknown[:NUM_LISTED]]
        try:
            handler({key: value for key, value in data.items() if key in fields})
        except ValidationError as error:
            # The other mistakes are reported in the same response, so that they can all be corrected at once.
            mistakes += [_as_detail(entry) for entry in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(cls.__name__, mistakes)


def name_alone(union: Any) -> BeforeValidator:
    """Accept a name in place of an object of that name, every other field at its default.

    Args:
        union: Type of the objects: a union that their field `name` tells apart.
    """
    members: list[type[BaseModel]] = list(get_args(get_args(union)[0]))
    names = [name for member in members for name in get_args(member.model_fields["name"].annotation)]
    return BeforeValidator(
        object_of_name, json_schema_input_type=Annotated[str, WithJsonSchema({"type": "string", "enum": names})] | union
    )


def object_of_name(value: Any) -> Any:
    """Convert a name to an object of that name."""
    return {"name": value} if isinstance(value, str) else value


def at_most(max_length: int) -> BeforeValidator:
    """Reject a longer list before its items are validated: listing the mistakes of a million items takes seconds."""

    def check(items: Any) -> Any:
        if isinstance(items, list | tuple) and len(items) > max_length:
            context = {"max_length": max_length}
            raise PydanticCustomError("too_long", "The list may have at most {max_length} items", context)
        return items

    return BeforeValidator(check)


def cut_after_mistakes(is_right: Callable[[Any], bool]) -> BeforeValidator:
    """Drop the items after the last mistake that is listed, so that a long list of mistakes is rejected quickly.

    Args:
        is_right: False only for items that cannot be valid.
    """

    def cut(items: Any) -> Any:
        if not isinstance(items, list | tuple):
            return items
        num_wrong = 0
        for number, item in enumerate(items, start=1):
            num_wrong += not is_right(item)
            if num_wrong == NUM_LISTED:
                return items[:number]
        return items

    return BeforeValidator(cut)


def _unknown_field(name: str, value: Any, known: list[str]) -> InitErrorDetails:
    shown = printable(name)
    # A JSON Pointer must resolve in what was sent; a name that cannot be quoted is reported at its object instead.
    location = (name,) if shown == name and len(name) <= LONGEST_NAME else ()
    error = PydanticCustomError("unknown_field", "There is no field '{field}' here", {"field": shown, "known": known})
    return {"type": error, "loc": location, "input": value}


def printable(text: str) -> str:
    """Replace each unpaired surrogate, which UTF-8 cannot encode, by a replacement character."""
    return text.encode(errors="replace").decode() if not text.isascii() else text


def _as_detail(entry: Any) -> InitErrorDetails:
    kind, context = entry["type"], entry.get("ctx", {})
    # Text in braces would be replaced from the context.
    message = entry["msg"].replace("{", "(").replace("}", ")")
    return {"type": PydanticCustomError(kind, message, context), "loc": entry["loc"], "input": entry["input"]}
