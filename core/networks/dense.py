"""Dense layers, and flattening."""

from math import prod
from typing import Literal

from core.networks.layer import BaseLayer, WeightedLayer
from core.networks.table import IMAGE_RANK, LayerPlace, LayerTable
from core.specs.base import PositiveInt


class DenseLayer(WeightedLayer):
    """Fully connected; in a recurrent network it works on each time step that reaches it."""

    type: Literal["dense"] = "dense"
    units: PositiveInt

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:  # noqa: ARG002 - it takes any shape.
        """Add the rows of Dense and of what it carries; an image is flattened first."""
        if len(table.shape) == IMAGE_RANK:
            table.flatten()
        width = table.shape[-1]
        output_shape = (*table.shape[:-1], self.units)
        table.add("Dense", output_shape, self.weights((width, self.units)), 2 * width * prod(output_shape))
        self.tabulate_normalization(table)
        self.tabulate_dropout(table)


class FlattenLayer(BaseLayer):
    """Image to vector. A dense layer after a convolution flattens by itself; this says so."""

    type: Literal["flatten"]

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:  # noqa: ARG002 - it takes any shape.
        """Add the row of a Flatten layer: one axis of all numbers."""
        table.flatten()
