"""Dense and flatten layers."""

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from core.networks.layer import BaseLayer, WeightedLayer
from core.networks.layer_table import IMAGE_RANK, LayerPlace, LayerTable
from core.specs.base import PositiveInt


class DenseLayer(WeightedLayer):
    """Fully connected layer; in a recurrent network it is applied to each time step of its input."""

    type: Literal["dense"] = "dense"
    units: Annotated[PositiveInt, Field(examples=[16])]

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:  # noqa: ARG002 - it takes any shape.
        """Add the rows of Dense and of the layers after its weights; an image is flattened first."""
        if len(table.shape) == IMAGE_RANK:
            table.flatten()
        width = table.shape[-1]
        output_shape = (*table.shape[:-1], self.units)
        table.add("Dense", output_shape, self.weights((width, self.units)), 2 * width * prod(output_shape))
        self.tabulate_normalization(table)
        self.tabulate_dropout(table)


class FlattenLayer(BaseLayer):
    """Flattens an image to a vector. Optional: a dense layer after a convolution flattens its input by itself."""

    type: Literal["flatten"]

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:  # noqa: ARG002 - it takes any shape.
        """Add the row of a Flatten layer."""
        table.flatten()
