"""Windows that slide over images: their sizes, strides and padding."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from core.specs.base import PositiveInt

Padding = Literal["valid", "same"]


def as_pair(value: Any) -> Any:
    """Return a list as it is and a whole number twice.

    Raises:
        PydanticCustomError: For anything else.
    """
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    raise PydanticCustomError("pair_type", "Input should be a whole number or a list of two")


IntPair = Annotated[
    tuple[PositiveInt, PositiveInt], BeforeValidator(as_pair, json_schema_input_type=int | tuple[int, int])
]
"""Height and width; one number stands for both."""
