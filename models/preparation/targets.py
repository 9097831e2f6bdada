"""Targets in the form that a loss needs, and regression in the target's own units."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.checks.outputs import scales_targets
from core.datasets.shape import DatasetShape
from core.experiment import ExperimentSpec
from core.signatures.signature import Task
from core.specs.losses import Loss, TargetForm
from models.runtime import keras, tf

Array = npt.NDArray[np.float32] | npt.NDArray[np.int32]


def shape_targets(
    targets: npt.NDArray[np.generic], loss: Loss, shape: DatasetShape, output_shape: tuple[int, ...]
) -> Array:
    """Convert targets to the form that the loss and the network's output need.

    Args:
        targets: Class numbers of shape (n,), or numbers of shape (n, *shape.target_shape).
        loss: Loss of the spec.
        shape: Shape of the dataset.
        output_shape: Output shape of the network for one sample, checked by core.checks.outputs.

    Returns:
        int32 class numbers (n,) for sparse categorical cross-entropy; otherwise float32 of shape (n, *output_shape),
        classes as 0 and 1, one-hot if there is an output for each; −1 and 1 for the hinge losses.
    """
    if loss.traits.targets is TargetForm.CLASS_NUMBERS:
        return targets.astype(np.int32)
    if shape.task is Task.CLASSIFICATION:
        classes = targets.astype(np.intp)
        one_hot = np.eye(len(shape.class_labels), dtype=np.float32)
        shaped = classes[:, None].astype(np.float32) if output_shape == (1,) else one_hot[classes]
    else:
        shaped = targets.astype(np.float32)
    is_choice = shape.task in {Task.CLASSIFICATION, Task.BINARY_ADDITION}
    return shaped * 2 - 1 if is_choice and loss.traits.targets is TargetForm.SIGNS else shaped


Numbers = npt.NDArray[np.float64]


class TargetUnits(keras.layers.Layer):  # type: ignore[misc]
    """Converts standardised outputs to the target's units in training; saved models have a Rescaling layer instead.

    Args:
        offset: Mean of each output's targets.
        spread: Standard deviation of each output's targets.
        slope: Multiplies gradients in backpropagation, instead of `spread`.
    """

    def __init__(self, offset: Numbers, spread: Numbers, slope: Numbers) -> None:
        super().__init__(name="target_units", dtype="float32")
        self._offset = offset.astype(np.float32)
        self._spread = spread.astype(np.float32)
        self._slope = slope.astype(np.float32)

    def call(self, inputs: Any) -> Any:
        """Return outputs of the same shape, in the target's units."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def to_units(answers: Any) -> tuple[Any, Callable[[Any], Any]]:
            return answers * self._spread + self._offset, lambda gradient: gradient * self._slope

        return to_units(inputs)


@dataclass(frozen=True, slots=True)
class TargetScaling:
    """Mean and standard deviation of the training targets of each output."""

    offset: tuple[float, ...]
    spread: tuple[float, ...]
    is_squared: bool
    """True if the loss is quadratic in the error: its gradient then contains the target's unit once more."""

    def attach(self, network: Any) -> Any:
        """Return the network with outputs in the target's units, for training."""
        spread = np.array(self.spread)
        slope = 1 / spread if self.is_squared else np.ones_like(spread)
        units = TargetUnits(np.array(self.offset), spread, slope)
        return keras.Model(network.inputs, units(network.outputs[0]), name="network")

    def layer(self) -> Any:
        """Return the layer that replaces `TargetUnits` in a saved model."""
        return keras.layers.Rescaling(list(self.spread), offset=list(self.offset), name="target_units")


def fit_target_scaling(spec: ExperimentSpec, targets: npt.NDArray[Any]) -> TargetScaling | None:
    """Fit the scaling of targets on the training samples; None if they are not scaled.

    Args:
        spec: Spec of the run.
        targets: (n, *target_shape) of the training samples, as in the dataset.
    """
    if not scales_targets(spec, is_classification=np.issubdtype(targets.dtype, np.integer)):
        return None
    rows = targets.reshape(-1, targets.shape[-1])
    # One column at a time: all targets in 64 bits may not fit into memory.
    columns = [rows[:, number].astype(np.float64) for number in range(rows.shape[1])]
    offset = np.array([column.mean() for column in columns])
    spread = np.array([column.std() for column in columns])
    spread = np.where(spread > 0, spread, 1.0)
    is_squared = spec.training.loss.traits.is_squared
    return TargetScaling(tuple(offset.tolist()), tuple(spread.tolist()), is_squared)
