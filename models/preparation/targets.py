"""Targets in the form that a loss needs, and regression in the target's own units."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.checks.outputs import scales_targets
from core.datasets.shape import DatasetShape
from core.errors import InvalidInput
from core.experiment import ExperimentSpec
from core.notices import Notice
from core.signatures.signature import Task
from core.specs.base import FLOAT32_MAX
from core.specs.losses import Loss, TargetForm
from models.arrays.distances import HALF_A_STEP, LARGEST_EXACT, LARGEST_LOSS, LARGEST_TOLD_LOSS, Location, measure
from models.runtime import keras, tf

LEAST_SPREAD = 1e-18
"""Standard deviation of targets below which float32 has no room for squared errors."""

Array = npt.NDArray[np.float32] | npt.NDArray[np.int32]


def shape_targets(
    targets: npt.NDArray[np.generic],
    loss: Loss,
    shape: DatasetShape,
    output_shape: tuple[int, ...],
    target_scaling: "TargetScaling | None" = None,
) -> Array:
    """Convert targets to the form that the loss and the network's output need.

    Args:
        targets: Class numbers of shape (n,), or numbers of shape (n, *shape.target_shape).
        loss: Loss of the spec.
        shape: Shape of the dataset.
        output_shape: Output shape of the network for one sample, checked by core.checks.outputs.
        target_scaling: Scaling of targets; they are centred in float64 before they become float32.

    Returns:
        int32 class numbers (n,) for sparse categorical cross-entropy; otherwise float32 of shape (n, *output_shape),
        classes as 0 and 1, one-hot if there is an output for each; −1 and 1 for the hinge losses.

    Raises:
        InvalidInput: If a target is beyond the range of float32.
    """
    if loss.traits.targets is TargetForm.CLASS_NUMBERS:
        return targets.astype(np.int32)
    if shape.task is Task.CLASSIFICATION:
        classes = targets.astype(np.intp)
        one_hot = np.eye(len(shape.class_labels), dtype=np.float32)
        shaped = classes[:, None].astype(np.float32) if output_shape == (1,) else one_hot[classes]
    else:
        numbers = targets if target_scaling is None else target_scaling.centre(targets)
        with np.errstate(over="ignore"):
            shaped = numbers.astype(np.float32)
        if not np.isfinite(shaped).all():
            raise InvalidInput(
                "Expected targets within the range of 32-bit floats (3.4e38); got greater ones. Divide them by a "
                "constant."
            )
    is_choice = shape.task in {Task.CLASSIFICATION, Task.BINARY_ADDITION}
    return shaped * 2 - 1 if is_choice and loss.traits.targets is TargetForm.SIGNS else shaped


Numbers = npt.NDArray[np.float64]


class TargetUnits(keras.layers.Layer):  # type: ignore[misc]
    """Converts standardised outputs to distances from the mean target, in its units; for training only.

    The loss compares them with targets that are centred likewise: in float32 the mean itself would cost the digits in
    which targets differ. Saved models have a Rescaling layer instead, which adds the mean.

    Args:
        spread: Standard deviation of each output's targets.
        slope: Multiplies gradients in backpropagation, instead of `spread`.
    """

    def __init__(self, spread: Numbers, slope: Numbers) -> None:
        super().__init__(name="target_units", dtype="float32")
        self._spread = spread.astype(np.float32)
        self._slope = slope.astype(np.float32)

    def call(self, inputs: Any) -> Any:
        """Return outputs of the same shape, in the target's units."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def to_units(answers: Any) -> tuple[Any, Callable[[Any], Any]]:
            return answers * self._spread, lambda gradient: gradient * self._slope

        return to_units(inputs)


@dataclass(frozen=True, slots=True)
class TargetScaling:
    """Mean and standard deviation of the training targets of each output, in float64.

    Attributes:
        offset: Mean of each output; of whole numbers that float64 does not have, a whole number near it.
        spread: Standard deviation of each output.
        is_squared: True if the loss is quadratic in the error: its gradient then contains the target's unit once more.
    """

    offset: tuple[int | float, ...]
    spread: tuple[float, ...]
    is_squared: bool

    @property
    def is_wide(self) -> bool:
        """True if answers near the mean need float64 to keep the digits in which targets differ."""
        return any(
            abs(offset) * HALF_A_STEP > LARGEST_LOSS * spread or max(abs(offset), spread) > FLOAT32_MAX
            for offset, spread in zip(self.offset, self.spread, strict=True)
        )

    def centre(self, targets: npt.NDArray[Any]) -> Numbers:
        """Return the distances of targets (…, outputs) from the offset, which float32 can hold."""
        if len(self.offset) == 1:
            return measure(targets, self.offset[0])
        return np.stack([measure(targets[..., place], offset) for place, offset in enumerate(self.offset)], axis=-1)

    def attach(self, network: Any) -> Any:
        """Return the network with outputs as distances from the offset in the target's units, for training."""
        spread = np.array(self.spread)
        slope = 1 / spread if self.is_squared else np.ones_like(spread)
        units = TargetUnits(spread, slope)
        return keras.Model(network.inputs, units(network.outputs[0]), name="network")

    def layer(self) -> Any:
        """Return the layer that replaces `TargetUnits` in a saved model, and adds the offset; float64 if needed."""
        spread, offset = list(self.spread), list(map(float, self.offset))
        if not self.is_wide:
            return keras.layers.Rescaling(spread, offset=offset, name="target_units")
        # Keras would convert lists to float32 first.
        return keras.layers.Rescaling(np.array(spread), offset=np.array(offset), name="target_units", dtype="float64")


def fit_target_scaling(
    spec: ExperimentSpec, targets: npt.NDArray[Any], *, is_classification: bool
) -> TargetScaling | None:
    """Fit the scaling of targets on the training samples; None if they are not scaled.

    Args:
        spec: Spec of the run.
        targets: (n, *target_shape) of the training samples, as in the dataset.
        is_classification: True if targets are class numbers.
    """
    if not scales_targets(spec, is_classification=is_classification):
        return None
    rows = targets.reshape(-1, targets.shape[-1])
    # One column at a time: all targets in 64 bits may not fit into memory.
    offset, spread = zip(*(_fit_column(rows[:, number]) for number in range(rows.shape[1])), strict=True)
    return TargetScaling(offset, spread, spec.training.loss.traits.is_squared)


def _fit_column(column: npt.NDArray[Any]) -> tuple[int | float, float]:
    """Return mean and standard deviation; 1 instead of a deviation of 0."""
    is_exact = column.dtype.kind == "f" or max(-int(column.min()), int(column.max())) <= LARGEST_EXACT
    offset: int | float = float(column.astype(np.float64).mean()) if is_exact else Location.of(column).origins[0]
    spread = float(measure(column, offset).std())
    return offset, spread if spread > 0 else 1.0


def find_lost_digits(targets: npt.NDArray[Any], target_scaling: TargetScaling | None) -> tuple[Notice, ...]:
    """Return a warning if a regression cannot tell its targets apart.

    Args:
        targets: (n, *target_shape), as in the dataset.
        target_scaling: Scaling of the targets; None if they are not scaled.
    """
    rows = targets.reshape(-1, targets.shape[-1])
    for number in range(rows.shape[1]):
        column = rows[:, number]
        if target_scaling is None and Location.of(column).loses_differences:
            detail = (
                "The targets differ by so little that float32, in which this loss reads them, does not keep them "
                "apart. Subtract a constant from them; the targets of an upload are standardised if the loss measures "
                "differences and the last layer is linear (target_scaling)."
            )
            return (Notice("digits_lost", "/dataset", detail),)
        if target_scaling is not None and _answers_lose_digits(target_scaling, number):
            detail = (
                "The targets are numbers so large that answers, float64, do not keep them apart. Subtract a constant "
                "from them."
            )
            return (Notice("digits_lost", "/dataset", detail),)
        if target_scaling is not None and target_scaling.spread[number] < LEAST_SPREAD:
            detail = (
                f"The targets have a standard deviation of {target_scaling.spread[number]:.2g}, for whose squares "
                "float32 has no room: the loss may be 0 whatever the answers are. Multiply them by a constant."
            )
            return (Notice("digits_lost", "/dataset", detail),)
    return ()


def _answers_lose_digits(target_scaling: TargetScaling, number: int) -> bool:
    step = float(np.spacing(abs(float(target_scaling.offset[number]))))
    return step > LARGEST_TOLD_LOSS * target_scaling.spread[number]
