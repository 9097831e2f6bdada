"""Dense layers, and the flattening before them."""

from typing import Literal

from core.networks.layer import WeightedLayer
from core.specs.base import PositiveInt, SpecModel


class DenseLayer(WeightedLayer):
    """Fully connected; in a recurrent network it works on each time step that reaches it."""

    type: Literal["dense"] = "dense"
    units: PositiveInt


class FlattenLayer(SpecModel):
    """Image to vector. A dense layer after a convolution flattens by itself; this says so."""

    type: Literal["flatten"]
