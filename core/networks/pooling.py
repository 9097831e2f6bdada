"""Pooling over windows of an image, or over all of it."""

from typing import Literal

from core.networks.window import IntPair, Padding
from core.specs.base import SpecModel


class Pooling(SpecModel):
    """Pooling that follows a convolution."""

    kind: Literal["max", "average"] = "max"
    pool_size: IntPair = (2, 2)
    strides: IntPair | None = None
    """Null: the same as `pool_size`."""
    padding: Padding = "valid"


class Pooling2DLayer(Pooling):
    """Pooling on its own."""

    type: Literal["pooling2d"]


class GlobalPooling2DLayer(SpecModel):
    """One number per channel: the greatest or the mean over the whole image."""

    type: Literal["global_pooling2d"]
    kind: Literal["max", "average"] = "average"
