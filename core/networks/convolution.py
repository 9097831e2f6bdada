"""Convolutions over images."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from core.networks.layer import WeightedLayer
from core.networks.pooling import Pooling
from core.networks.window import IntPair, Padding, as_pair
from core.specs.base import Int, PositiveInt

MAX_ZEROS = 64


def _padding_twice(value: Any) -> Any:
    if isinstance(value, list | tuple | int) and not isinstance(value, bool):
        return as_pair(value)
    raise PydanticCustomError("padding_type", "Input should be 'valid', 'same', a whole number or a list of two")


def _padding_form(value: Any) -> str:
    return "name" if isinstance(value, str) else "zeros"


_Zeros = Annotated[Int, Field(ge=0, le=MAX_ZEROS)]

_ZeroPadding = Annotated[
    tuple[_Zeros, _Zeros], BeforeValidator(_padding_twice, json_schema_input_type=_Zeros | tuple[_Zeros, _Zeros])
]

ConvolutionPadding = Annotated[
    Annotated[Padding, Tag("name")] | Annotated[_ZeroPadding, Tag("zeros")], Discriminator(_padding_form)
]
"""`valid` or `same`, or how many rows of zeros stand above and below and how many columns left and right."""


class Conv2DLayer(WeightedLayer):
    """Convolution over an image, and the pooling after it."""

    type: Literal["conv2d"]
    filters: PositiveInt
    kernel_size: IntPair
    strides: IntPair = (1, 1)
    padding: ConvolutionPadding = "valid"
    """`valid`, `same`, or zeros on every side: one number, or one above and below and one left and right."""
    dilation_rate: IntPair = (1, 1)
    groups: PositiveInt = 1
    pooling: Pooling | None = None
