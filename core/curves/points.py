"""Points of a curve, in columns."""

from collections.abc import Sequence
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

    def __getitem__(self, part: slice) -> Self:
        """Return the points at some positions."""
        return type(self)(self.steps[part], self.values[part], self.times[part])

    @classmethod
    def empty(cls) -> Self:
        """Return a curve without points."""
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the points of several parts, one after another."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.times for part in parts]),
        )
