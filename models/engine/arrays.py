"""What a fit learns from: arrays as the network takes them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Arrays:
    """Prepared inputs and shaped targets.

    Attributes:
        inputs: (n, *network_input_shape), float32.
        targets: (n,) int32 or (n, *output_shape) float32, as the loss takes them.
    """

    inputs: npt.NDArray[np.float32]
    targets: npt.NDArray[np.float32] | npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True)
class FitData:
    """The parts of a dataset; `validation` and `test` may hold no samples."""

    train: Arrays
    validation: Arrays
    test: Arrays
