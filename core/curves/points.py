"""Points of a curve, in columns."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one curve, in columns of equal length.

    Attributes:
        steps: (n,) int64, training steps, rising, each once.
        values: (n,) float64; NaN and infinities are legal.
        times: (n,) float64, times of measurement in seconds since the Unix epoch, by the trainer's clock.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    times: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.steps)

    @classmethod
    def empty(cls) -> Self:
        """Return a curve without points."""
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0))
