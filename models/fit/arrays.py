"""Arrays that a fit learns from: on the host, and as tensors on the device."""

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
        inputs: (n, *network_input_shape), float32; or uint8, made float32 within each step.
        targets: (n,) int32 or (n, *output_shape) float32, as the loss takes them.
        weights: (n,) float32: what each sample counts in the loss; None where all count alike.
    """

    inputs: npt.NDArray[np.float32] | npt.NDArray[np.uint8]
    targets: npt.NDArray[np.float32] | npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def columns(self) -> tuple[Column, ...]:
        """Inputs, targets and, where there are any, weights: what makes up a batch."""
        return (self.inputs, self.targets) if self.weights is None else (self.inputs, self.targets, self.weights)

    def none(self) -> "Arrays":
        """As these, without any sample."""
        return Arrays(self.inputs[:0], self.targets[:0], None if self.weights is None else self.weights[:0])

    @property
    def num_bytes(self) -> int:
        """Memory of all columns."""
        return sum(column.nbytes for column in self.columns())


LARGEST_SHARE = 0.25
"""Of the device's memory, what samples may take; the rest is for the network, and for copies on the way."""


def fits_on_device(arrays: Arrays) -> bool:
    """Return whether these samples can lie on the device; otherwise they are sent batch by batch."""
    return arrays.num_bytes <= LARGEST_SHARE * device_memory_bytes()


@dataclass(frozen=True, slots=True)
class FitData:
    """The parts of a dataset; `validation` and `test` may hold no samples.

    Attributes:
        step_preparation: What happens to inputs within each step.
    """

    train: Arrays
    validation: Arrays
    test: Arrays
    step_preparation: StepPreparation = AS_STORED

    def prepared(self) -> "FitData":
        """The same with inputs as the network takes them, for a training whose steps prepare nothing."""
        return FitData(self._prepare(self.train), self._prepare(self.validation), self._prepare(self.test))

    def _prepare(self, part: Arrays) -> Arrays:
        return replace(part, inputs=self.step_preparation.for_evaluation(tf.constant(part.inputs)).numpy())


Batch = tuple[Any, ...]
"""Inputs, targets and, where samples weigh unequally, their weights."""


class Resident:
    """Samples as tensors.

    Args:
        arrays: All samples.
        chosen: Rows of those that are needed; None for all.
        is_gathered: Whether steps choose rows; a step that takes every sample needs no choice.
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
        """Find where on the device these rows of the samples lie."""
        return rows if self._places is None else self._places[rows]

    def take(self, places: Any) -> Batch:
        """The samples that lie there."""
        return tuple(tf.gather(tensor, places) for tensor in self._tensors) if self.is_gathered else self._tensors
