"""Sliding windows over images: sizes, strides and padding."""

from math import ceil
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from core.networks.layer_table import Shape
from core.specs.base import PositiveInt

Padding = Literal["valid", "same"]


def as_pair(value: Any) -> Any:
    """Return a whole number as a pair, and a list unchanged.

    Raises:
        PydanticCustomError: For anything else.
    """
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    raise PydanticCustomError("pair_type", "Input should be a whole number or a list of two")


IntPair = Annotated[
    tuple[PositiveInt, PositiveInt],
    BeforeValidator(as_pair, json_schema_input_type=PositiveInt | tuple[PositiveInt, PositiveInt]),
]
"""Height and width; one number stands for both."""


def slide(size: int, window: int, stride: int, padding: Padding) -> int:
    """Count the positions of a sliding window along an axis, as TensorFlow does; below 1 if it does not fit."""
    return ceil(size / stride) if padding == "same" else (size - window) // stride + 1


def times(sizes: Shape) -> str:
    """Format sizes, such as 3×3."""
    return "×".join(str(size) for size in sizes)
