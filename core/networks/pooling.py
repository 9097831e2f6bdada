"""Pooling over windows of an image, or over the whole image."""

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from core.errors import reject_spec
from core.networks.layer import BaseLayer
from core.networks.layer_table import LayerPlace, LayerTable
from core.networks.window import IntPair, Padding, slide, times
from core.specs.base import SpecModel

PoolingKind = Literal["max", "average"]

KERAS_CLASSES: dict[PoolingKind, str] = {"max": "MaxPooling2D", "average": "AveragePooling2D"}

GLOBAL_KERAS_CLASSES: dict[PoolingKind, str] = {"max": "GlobalMaxPooling2D", "average": "GlobalAveragePooling2D"}


class Pooling(SpecModel):
    """Pooling that follows a convolution."""

    kind: PoolingKind = "max"
    pool_size: Annotated[IntPair, Field(examples=[2])] = (2, 2)
    strides: IntPair | None = None
    """Null: same as `pool_size`."""
    padding: Padding = "valid"

    def tabulate_pooling(self, table: LayerTable, place: LayerPlace) -> None:
        """Add the row of MaxPooling2D or AveragePooling2D.

        Raises:
            InvalidSpec: If the pool does not fit into the image.
        """
        strides = self.strides or self.pool_size
        height, width, channels = table.shape
        sizes = tuple(
            slide(size, pool, stride, self.padding)
            for size, pool, stride in zip((height, width), self.pool_size, strides, strict=True)
        )
        if min(sizes) < 1:
            reject_spec(
                place.at("pool_size"),
                f"{place}: a {times(self.pool_size)} pool does not fit into its {height}×{width} input. "
                "Pool less, or use padding 'same'.",
            )
        flops = prod(sizes) * channels * prod(self.pool_size)
        table.add(KERAS_CLASSES[self.kind], (*sizes, channels), flops=flops)


class Pooling2DLayer(Pooling, BaseLayer):
    """Pooling as a separate layer."""

    type: Literal["pooling2d"]

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add the row of MaxPooling2D or AveragePooling2D."""
        table.need_image(place, "pools")
        self.tabulate_pooling(table, place)


class GlobalPooling2DLayer(BaseLayer):
    """One number per channel: the maximum or the mean over the whole image."""

    type: Literal["global_pooling2d"]
    kind: PoolingKind = "average"

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add the row of GlobalMaxPooling2D or GlobalAveragePooling2D."""
        table.need_image(place, "pools")
        table.add(GLOBAL_KERAS_CLASSES[self.kind], table.shape[-1:], flops=prod(table.shape))
