"""Blocks: layers that hold lists of layers."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.networks.layer import Activation
from core.specs.base import SpecModel, at_most

if TYPE_CHECKING:
    # The list of layers has blocks in it, so it names them once they are there (core/networks/layers.py).
    from core.networks.layers import CnnLayer

MAX_BRANCHES = 32


class ParallelBlock(SpecModel):
    """Branches that read the same input; what they answer is put together along the channels (`Concatenate`)."""

    type: Literal["parallel"]
    branches: Annotated[
        tuple[tuple["CnnLayer", ...], ...], Field(min_length=2, max_length=MAX_BRANCHES), at_most(MAX_BRANCHES)
    ]
    """Each a list of layers; an empty one passes its input on."""


class ResidualBlock(SpecModel):
    """Layers whose answer is added to what reaches them (He et al., 2015)."""

    type: Literal["residual"]
    layers: Annotated[tuple["CnnLayer", ...], Field(min_length=1)]
    shortcut: tuple["CnnLayer", ...] = ()
    """The way around; empty passes the input on. It has to answer in the same shape as `layers`."""
    activation: Activation = "relu"
    """Of the sum."""
