"""Preparation of raw inputs for a network: applied once to training arrays, and exported with the model.

Training and the Keras file use the same layers; `add_to` writes the same steps with ONNX operators.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from core.datasets.base import Scaling
from core.datasets.function import PolynomialFeatures
from core.notices import Notice
from models.arrays.distances import LARGEST_EXACT, Location, measure
from models.arrays.storage import Allocate, in_memory
from models.onnx_graph import Graph, Value
from models.preparation.rows import prepare_rows
from models.preparation.table import TablePreparation
from models.runtime import keras

Inputs = npt.NDArray[Any]

LEAST_OVERFLOW = 2.0**62
"""Distances from here on may not fit into int64, where they would wrap around: they are taken in float64."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Steps between raw inputs and the network, in this order.

    Attributes:
        factor: Multiplies every number; for pixels.
        offset: Subtracted from each column; () for none.
        spread: Divides each column after that; as long as `offset`.
        powers: Powers that replace the only column.
        dtype: Type of raw inputs: float32; or float64 or int64, in which they are centred before they become float32.
    """

    factor: float = 1.0
    offset: tuple[int | float, ...] = ()
    spread: tuple[float, ...] = ()
    powers: PolynomialFeatures | None = None
    dtype: str = "float32"

    @property
    def factor_alone(self) -> float | None:
        """The factor, if there are no other steps; else None.

        A multiplication can be done in each training step, at no measurable cost.
        """
        return self.factor if not self.offset and self.powers is None else None

    def attach(self, inputs: Any) -> Any:
        """Apply the steps to a Keras tensor of raw inputs (batch, *input_shape), with Keras layers only."""
        values = inputs
        if self.factor != 1.0:
            values = keras.layers.Rescaling(self.factor, name="rescaling")(values)
        if self.dtype != "float32":
            values = self._attach_wide(values)
        elif self.offset:
            # Subtracting first keeps the precision of columns that are far from zero.
            values = keras.layers.Rescaling(1.0, offset=[-offset for offset in self.offset], name="centering")(values)
            values = keras.layers.Rescaling([1 / spread for spread in self.spread], name="scaling")(values)
        return values if self.powers is None else _attach_powers(self.powers, values)

    def apply(self, inputs: Inputs, allocate: Allocate = in_memory) -> Inputs:
        """Prepare an array of raw inputs (n, *input_shape) in chunks; `allocate` makes the result."""
        if self == Preparation() and inputs.dtype == np.float32:
            return inputs
        prepared: Inputs = prepare_rows(self.attach, inputs, allocate, self.dtype)
        return prepared

    def add_to(self, graph: Graph, value: Value) -> Value:
        """Apply the steps to a value of an ONNX graph, as `attach` does to a Keras tensor."""
        name = value.name
        if self.factor != 1.0:
            name = graph.add("Mul", name, graph.constant("factor", self.factor))
        if self.dtype != "float32":
            name = self._add_wide(graph, name)
        elif self.offset:
            name = graph.add("Add", name, graph.constant("offset", -np.array(self.offset)))
            name = graph.add("Mul", name, graph.constant("scale", 1 / np.array(self.spread)))
        return Value(name, value.shape) if self.powers is None else _add_powers(graph, self.powers, name)

    def _attach_wide(self, values: Any) -> Any:
        centred = keras.ops.subtract(values, np.array(self.offset, self.dtype))
        if self.dtype == "int64":
            rough = keras.ops.subtract(keras.ops.cast(values, "float64"), np.array(self.offset, np.float64))
            is_exact = keras.ops.less(keras.ops.absolute(rough), np.float64(LEAST_OVERFLOW))
            centred = keras.ops.where(is_exact, keras.ops.cast(centred, "float64"), rough)
        scaled = keras.ops.multiply(centred, 1 / np.array(self.spread))
        return keras.ops.cast(scaled, "float32")

    def _add_wide(self, graph: Graph, name: str) -> str:
        centred = graph.add("Sub", name, graph.constant("offset", self.offset, self.dtype))
        if self.dtype == "int64":
            double = graph.add("Cast", name, to=onnx.TensorProto.DOUBLE)
            rough = graph.add("Sub", double, graph.constant("offset", self.offset, np.float64))
            is_exact = graph.add("Less", graph.add("Abs", rough), graph.constant("limit", LEAST_OVERFLOW, np.float64))
            centred = graph.add("Where", is_exact, graph.add("Cast", centred, to=onnx.TensorProto.DOUBLE), rough)
        scaled = graph.add("Mul", centred, graph.constant("scale", 1 / np.array(self.spread), np.float64))
        return graph.add("Cast", scaled, to=onnx.TensorProto.FLOAT)


AnyPreparation = Preparation | TablePreparation
"""Classes with `attach`, `apply`, `add_to`, `factor_alone` and `dtype`."""


def fit_scaling_of_columns(
    scaling: Scaling, train_inputs: Inputs, powers: PolynomialFeatures | None = None
) -> Preparation:
    """Fit the scaling of each column on the training samples (n, width); `powers` come after that."""
    if scaling != "none" and train_inputs.dtype.itemsize > np.dtype(np.float32).itemsize:
        return replace(fit_wide_scaling(scaling, train_inputs), powers=powers)
    offset, spread = _fit_scaling(scaling, train_inputs)
    return Preparation(offset=offset, spread=spread, powers=powers)


def fit_wide_scaling(scaling: Scaling, inputs: Any, location: Location | None = None) -> Preparation:
    """Fit the scaling of columns (n, width) whose digits float32 does not keep; `location` is theirs, if known."""
    known = Location.of(inputs) if location is None else location
    are_long = inputs.dtype.kind in "iu" and LARGEST_EXACT < known.greatest < 2**63
    dtype = "int64" if are_long else "float64"
    if scaling == "standardize":
        offset = known.origins
        # In units of their size, so that squares of distances have room in float64.
        sizes = zip(inputs.T, offset, known.units, strict=True)
        spread = np.array([(measure(column, start) / unit).std() * unit for column, start, unit in sizes])
    else:
        least = inputs.min(axis=0)
        offset, spread = tuple(least.tolist()), measure(inputs.max(axis=0), least)
    spread = np.where(spread == 0, 1.0, spread)
    return Preparation(offset=offset, spread=tuple(spread.tolist()), dtype=dtype)


def find_lost_inputs(preparation: AnyPreparation, inputs: Any) -> tuple[Notice, ...]:
    """Return a warning if the network reads raw inputs (n, …, width) in float32 and cannot tell them apart."""
    is_short = inputs.dtype.itemsize < np.dtype(np.float32).itemsize or inputs.dtype == np.float32
    if is_short or preparation.dtype != "float32" or not Location.of(inputs).loses_differences:
        return ()
    detail = (
        "The inputs differ by so little that float32, in which the network reads them, does not keep them apart. Set "
        "scaling where the dataset has it, or subtract a constant from them."
    )
    return (Notice("digits_lost", "/dataset", detail),)


def _fit_scaling(scaling: Scaling, inputs: Inputs) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if scaling == "none":
        return (), ()
    columns = inputs.astype(np.float64)
    if scaling == "standardize":
        offset, spread = columns.mean(axis=0), columns.std(axis=0)
    else:
        offset, spread = columns.min(axis=0), columns.max(axis=0) - columns.min(axis=0)
    # A constant column keeps its scale instead of being divided by zero.
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


def _add_powers(graph: Graph, powers: PolynomialFeatures, name: str) -> Value:
    columns = [name]
    for _ in range(1, powers.degree):
        columns.append(graph.add("Mul", columns[-1], name))
    if powers.include_bias:
        nothing = graph.add("Mul", name, graph.constant("zero", 0.0))
        columns.insert(0, graph.add("Add", nothing, graph.constant("one", 1.0)))
    return Value(graph.add("Concat", *columns, axis=-1), (len(columns),))
