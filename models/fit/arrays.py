"""Arrays of a fit, on the host and as tensors on the device."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.preparation.augmentation import AS_STORED, StepPreparation
from models.runtime import device_memory_bytes, tf

Column = npt.NDArray[np.float32] | npt.NDArray[np.int32] | npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Prepared inputs and shaped targets.

    Attributes:
        inputs: (n, *network_input_shape), float32; or uint8, converted to float32 within each step.
        targets: (n,) int32 or (n, *output_shape) float32, as the loss expects.
        weights: (n,) float32, weights of the samples in the loss; None if all are equal.
        given_targets: (n, *target_shape) of held-out samples as in the dataset, with which reports compare predictions;
            None if they are `targets`.
    """

    inputs: npt.NDArray[np.float32] | npt.NDArray[np.uint8]
    targets: npt.NDArray[np.float32] | npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32] | None = None
    given_targets: npt.NDArray[Any] | None = None

    @property
    def reported_targets(self) -> npt.NDArray[Any]:
        """Targets with which reports compare predictions."""
        return self.targets if self.given_targets is None else self.given_targets

    def __len__(self) -> int:
        return len(self.inputs)

    def columns(self) -> tuple[Column, ...]:
        """Return the arrays of a batch: inputs, targets and, if any, weights."""
        return (self.inputs, self.targets) if self.weights is None else (self.inputs, self.targets, self.weights)

    def none(self) -> "Arrays":
        """Return arrays of the same types without samples."""
        return Arrays(self.inputs[:0], self.targets[:0], None if self.weights is None else self.weights[:0])

    @property
    def num_bytes(self) -> int:
        """Number of bytes in all columns."""
        return sum(column.nbytes for column in self.columns())


LARGEST_SHARE = 0.25
"""Largest share of device memory for samples; the rest is for the network and for copies."""


def fits_on_device(arrays: Arrays) -> bool:
    """Return whether the samples fit into device memory; if not, they are sent batch by batch."""
    return arrays.num_bytes <= LARGEST_SHARE * device_memory_bytes()


@dataclass(frozen=True, slots=True)
class FitData:
    """Splits of a dataset; `validation` and `test` may be empty.

    Attributes:
        step_preparation: Preparation of inputs within each step.
    """

    train: Arrays
    validation: Arrays
    test: Arrays
    step_preparation: StepPreparation = AS_STORED

    def prepared(self) -> "FitData":
        """Return the data with prepared inputs, for a training whose steps prepare nothing."""
        return FitData(self._prepare(self.train), self._prepare(self.validation), self._prepare(self.test))

    def _prepare(self, part: Arrays) -> Arrays:
        return replace(part, inputs=self.step_preparation.for_evaluation(tf.constant(part.inputs)).numpy())


Batch = tuple[Any, ...]
"""Inputs, targets and, if any, weights of samples."""


class Resident:
    """Samples as tensors on the device.

    Args:
        arrays: All samples.
        chosen: Rows of the samples that are needed; None for all.
        is_gathered: Whether steps gather rows; a step that takes every sample does not.
    """

    def __init__(
        self, arrays: Arrays, chosen: npt.NDArray[np.int32] | None = None, *, is_gathered: bool = True
    ) -> None:
        self.is_gathered = is_gathered
        self._places: npt.NDArray[np.int32] | None = None
        columns = arrays.columns()
        if chosen is not None:
            columns = tuple(column[chosen] for column in columns)
            self._places = np.zeros(len(arrays), np.int32)
            self._places[chosen] = np.arange(len(chosen), dtype=np.int32)
        self._tensors = tuple(tf.constant(column) for column in columns)

    def places(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the positions on the device of these rows."""
        return rows if self._places is None else self._places[rows]

    def take(self, places: Any) -> Batch:
        """Return the samples at these positions."""
        return tuple(tf.gather(tensor, places) for tensor in self._tensors) if self.is_gathered else self._tensors
