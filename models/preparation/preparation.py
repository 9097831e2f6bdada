"""What happens to raw inputs before they reach a network: applied to training arrays once, and exported with the model.

Both uses go through the same Keras layers, so a served model prepares a row exactly as training did.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.base import Scaling
from core.datasets.dataset import Dataset
from core.datasets.digits import DigitsDataset
from core.datasets.function import FunctionDataset, PolynomialFeatures
from core.datasets.images import ImagesDataset
from core.datasets.inline import InlineDataset
from core.datasets.iris import IrisDataset
from core.datasets.mnist import MnistDataset
from models.arrays.storage import Allocate, in_memory
from models.onnx_graph import Graph, Value
from models.preparation.rows import prepare_rows
from models.preparation.table import TablePreparation, add_table_preparation
from models.runtime import keras

Inputs = npt.NDArray[np.float32] | npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Preparation:
    """The steps between raw inputs and the network, in this order.

    Attributes:
        factor: Every number is multiplied by it; for pixels.
        offset: Subtracted from each column; () for none.
        spread: Each column is divided by it after that; as long as `offset`.
        powers: Which powers of the one column replace it.
    """

    factor: float = 1.0
    offset: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    powers: PolynomialFeatures | None = None

    @property
    def only_multiplies(self) -> bool:
        """Whether it can be left to the steps: a multiplication costs them nothing that could be measured."""
        return not self.offset and self.powers is None

    def attach(self, inputs: Any) -> Any:
        """Put the steps behind a Keras tensor of raw inputs (batch, *input_shape), by Keras's own layers only."""
        values = inputs
        if self.factor != 1.0:
            values = keras.layers.Rescaling(self.factor, name="rescaling")(values)
        if self.offset:
            # Subtracting first keeps the digits of columns that lie far from zero.
            values = keras.layers.Rescaling(1.0, offset=[-offset for offset in self.offset], name="centering")(values)
            values = keras.layers.Rescaling([1 / spread for spread in self.spread], name="scaling")(values)
        return values if self.powers is None else _attach_powers(self.powers, values)

    def apply(self, inputs: Inputs, allocate: Allocate = in_memory) -> Inputs:
        """Prepare an array of raw inputs (n, *input_shape), some at a time; `allocate` makes what they go into."""
        if self == Preparation() and inputs.dtype == np.float32:
            return inputs
        prepared: Inputs = prepare_rows(self.attach, inputs, allocate)
        return prepared


AnyPreparation = Preparation | TablePreparation


def fit_preparation(dataset: Dataset, train_inputs: Inputs) -> Preparation:
    """Work out a dataset's preparation from its training samples alone: held-out ones must not leak into it."""
    match dataset:
        case MnistDataset(rescale=True) | ImagesDataset(rescale=True):
            return Preparation(factor=1 / 255)
        case DigitsDataset(rescale=True):
            return Preparation(factor=1 / 16)
        case FunctionDataset():
            offset, spread = _fit_scaling(dataset.scaling, train_inputs)
            return Preparation(offset=offset, spread=spread, powers=dataset.polynomial_features)
        case IrisDataset() | InlineDataset():
            offset, spread = _fit_scaling(dataset.scaling, train_inputs)
            return Preparation(offset=offset, spread=spread)
        case _:
            return Preparation()


def _fit_scaling(scaling: Scaling, inputs: Inputs) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if scaling == "none":
        return (), ()
    columns = inputs.astype(np.float64)
    if scaling == "standardize":
        offset, spread = columns.mean(axis=0), columns.std(axis=0)
    else:
        offset, spread = columns.min(axis=0), columns.max(axis=0) - columns.min(axis=0)
    # A column that never changes stays as far from the others as it was, instead of being divided by nothing.
    spread = np.where(spread == 0, 1.0, spread)
    return tuple(offset.tolist()), tuple(spread.tolist())


def _attach_powers(powers: PolynomialFeatures, values: Any) -> Any:
    columns = []
    if powers.include_bias:
        columns.append(keras.layers.Rescaling(0.0, offset=1.0, name="power_0")(values))
    power = values
    columns.append(power)
    for degree in range(2, powers.degree + 1):
        power = keras.layers.Multiply(name=f"power_{degree}")([power, values])
        columns.append(power)
    if len(columns) == 1:
        return values
    return keras.layers.Concatenate(name="powers")(columns)


def add_preparation(graph: Graph, preparation: AnyPreparation, value: Value) -> Value:
    """Do to `value` what `attach` does to a Keras tensor, in the same order."""
    if isinstance(preparation, TablePreparation):
        return add_table_preparation(graph, preparation, value)
    name = value.name
    if preparation.factor != 1.0:
        name = graph.add("Mul", name, graph.constant("factor", preparation.factor))
    if preparation.offset:
        name = graph.add("Add", name, graph.constant("offset", -np.array(preparation.offset)))
        name = graph.add("Mul", name, graph.constant("scale", 1 / np.array(preparation.spread)))
    powers = preparation.powers
    if powers is None:
        return Value(name, value.shape)
    columns = [name]
    for _ in range(1, powers.degree):
        columns.append(graph.add("Mul", columns[-1], name))
    if powers.include_bias:
        nothing = graph.add("Mul", name, graph.constant("zero", 0.0))
        columns.insert(0, graph.add("Add", nothing, graph.constant("one", 1.0)))
    return Value(graph.add("Concat", *columns, axis=-1), (len(columns),))
