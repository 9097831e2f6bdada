"""Convolutions over images."""

from math import prod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from core.errors import reject_spec
from core.networks.layer import WeightedLayer
from core.networks.layer_table import LayerPlace, LayerTable
from core.networks.pooling import Pooling
from core.networks.window import IntPair, Padding, as_pair, slide, times
from core.specs.base import Int, PositiveInt

MAX_ZEROS = 64
"""Rows or columns of zeros on one side of an image."""


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
"""`valid` or `same`, or the number of rows of zeros above and below and of columns left and right."""


class Conv2DLayer(WeightedLayer):
    """Convolution over an image, with optional pooling after it."""

    type: Literal["conv2d"]
    filters: Annotated[PositiveInt, Field(examples=[32])]
    kernel_size: Annotated[IntPair, Field(examples=[3])]
    strides: IntPair = (1, 1)
    padding: ConvolutionPadding = "valid"
    """`valid`, `same`, or the zeros on each side: one number for all, or [above and below, left and right]."""
    dilation_rate: IntPair = (1, 1)
    groups: PositiveInt = 1
    pooling: Pooling | None = None

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add the rows of ZeroPadding2D (if `padding` is a number), of Conv2D and of the layers after its weights."""
        table.need_image(place, "convolves")
        channels = table.shape[-1]
        self._check_arguments(channels, place)
        padding = self._tabulate_zeros(table)
        height, width, _ = table.shape
        sizes = tuple(
            slide(size, dilation * (kernel - 1) + 1, stride, padding)
            for size, kernel, stride, dilation in zip(
                (height, width), self.kernel_size, self.strides, self.dilation_rate, strict=True
            )
        )
        if min(sizes) < 1:
            spread = f" with dilation_rate {times(self.dilation_rate)}" if max(self.dilation_rate) > 1 else ""
            reject_spec(
                place.at("kernel_size"),
                f"{place} (conv2d): a {times(self.kernel_size)} kernel{spread} does not fit into its "
                f"{height}×{width} input. Use a smaller kernel, fewer pooling layers before it, or padding 'same'.",
            )
        kernel = (*self.kernel_size, channels // self.groups, self.filters)
        table.add("Conv2D", (*sizes, self.filters), self.weights(kernel), 2 * prod(kernel) * prod(sizes))
        self.tabulate_normalization(table)
        if self.pooling is not None:
            self.pooling.tabulate_pooling(table, place.inside("the pooling", "pooling"))
        self.tabulate_dropout(table)

    def _check_arguments(self, channels: int, place: LayerPlace) -> None:
        if channels % self.groups or self.filters % self.groups:
            reject_spec(
                place.at("groups"),
                f"{place}: groups ({self.groups}) must divide both the {channels} channels of its input and its "
                f"{self.filters} filters.",
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            reject_spec(place.at("dilation_rate"), f"{place}: strides and dilation_rate cannot both be above 1.")

    def _tabulate_zeros(self, table: LayerTable) -> Padding:
        """Add the row of ZeroPadding2D, if `padding` is a number.

        Returns:
            The padding of the convolution itself.
        """
        if isinstance(self.padding, str):
            return self.padding
        above, left = self.padding
        if above or left:
            height, width, channels = table.shape
            table.add("ZeroPadding2D", (height + 2 * above, width + 2 * left, channels))
        return "valid"
