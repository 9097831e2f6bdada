"""Base of every part of a spec: frozen, strict about names, clear about mistakes."""

from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    Strict,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

NUM_LISTED = 20
"""More problems than this are not listed: nobody mends them in one go."""

LONGEST_NAME = 200
"""A field's name with more characters than this is not repeated to the client."""

FLOAT32_MAX = 3.4028234663852886e38
"""Networks compute in float32: anything greater would be infinite to them."""

# JSON says what is a number and what is text or a truth value; a spec never guesses across.
Bool = Annotated[bool, Strict()]
Int = Annotated[int, Strict()]
Float = Annotated[float, Strict(), Field(ge=-FLOAT32_MAX, le=FLOAT32_MAX)]
Fraction = Annotated[float, Strict(), Field(ge=0, lt=1)]
PositiveInt = Annotated[Int, Field(ge=1, le=2**31 - 1)]
NonNegativeInt = Annotated[Int, Field(ge=0, le=2**31 - 1)]
PositiveFloat = Annotated[float, Strict(), Field(gt=0, le=FLOAT32_MAX)]
NonNegativeFloat = Annotated[float, Strict(), Field(ge=0, le=FLOAT32_MAX)]


class SpecModel(BaseModel):
    """A part of a spec. Unknown fields are errors of the type `unknown_field`, whose context has the known ones."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )

    @model_validator(mode="wrap")
    @classmethod
    def _report_unknown_fields(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        known = list(cls.model_fields)
        unknown = [key for key in data if key not in cls.model_fields]
        if not unknown:
            return handler(data)
        mistakes = [_unknown_field(key, data[key], known) for key in unknown[:NUM_LISTED]]
        try:
            handler({key: value for key, value in data.items() if key in cls.model_fields})
        except ValidationError as error:
            # The other mistakes are reported in the same answer, so that one round of mending is enough.
            mistakes += [_as_detail(entry) for entry in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(cls.__name__, mistakes)


def name_alone(value: Any) -> Any:
    """Read a name alone as an object of that name, with every other field left at its default."""
    return {"name": value} if isinstance(value, str) else value


def at_most(max_length: int) -> BeforeValidator:
    """Reject a longer list before its items are looked at: listing the mistakes of a million items takes seconds."""

    def check(items: Any) -> Any:
        if isinstance(items, list | tuple) and len(items) > max_length:
            context = {"max_length": max_length}
            raise PydanticCustomError("too_long", "The list may have at most {max_length} items", context)
        return items

    return BeforeValidator(check)


def cut_after_mistakes(is_right: Callable[[Any], bool]) -> BeforeValidator:
    """Drop what follows the last mistake that would be listed, so that a long list full of them is rejected quickly.

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
    # A JSON Pointer has to hold for what was sent; a name that cannot be repeated is reported at its object instead.
    location = (name,) if shown == name and len(name) <= LONGEST_NAME else ()
    error = PydanticCustomError("unknown_field", "There is no field '{field}' here", {"field": shown, "known": known})
    return {"type": error, "loc": location, "input": value}


def printable(text: str) -> str:
    """The text with a replacement character for each half of a surrogate pair, which UTF-8 cannot hold."""
    return text.encode(errors="replace").decode() if not text.isascii() else text


def _as_detail(entry: Any) -> InitErrorDetails:
    kind, context = entry["type"], entry.get("ctx", {})
    # What stands in braces would be taken from the context.
    message = entry["msg"].replace("{", "(").replace("}", ")")
    return {"type": PydanticCustomError(kind, message, context), "loc": entry["loc"], "input": entry["input"]}
