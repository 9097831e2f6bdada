"""Arrays of samples, and how they stand in a run."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.data.selection import select


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs and their targets.

    Attributes:
        inputs: (n, *input_shape), float32 or, of pixels, uint8; raw: as a client of the trained model will send them.
            May be a Selection, which is read like an array.
        targets: (n,) class numbers, int64; or (n, *target_shape), float32.
        weights: (n,) float32: what each sample counts in the loss; None where all count alike.
    """

    inputs: npt.NDArray[np.float32] | npt.NDArray[np.uint8]
    targets: npt.NDArray[Any]
    weights: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: npt.NDArray[np.intp]) -> "Samples":
        """The samples of these rows, in this order."""
        weights = None if self.weights is None else self.weights[rows]
        return Samples(select(self.inputs, rows), self.targets[rows], weights)


@dataclass(frozen=True, slots=True)
class SplitSamples:
    """A dataset's samples by their part in a run; a part may be empty."""

    train: Samples
    validation: Samples
    test: Samples
