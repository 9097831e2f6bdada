"""Distances of numbers from an origin, without loss of digits, and the origin and unit that suit a column.

float32 has 24 bits: of 1,700,000,000 it keeps every 128th number. Numbers are centred in 64 bits and rounded only then.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.specs.base import FLOAT32_MAX

Distances = npt.NDArray[np.float64]

LARGEST_EXACT = 2**53
"""float64 has every whole number up to this one."""

HALF_A_STEP = 2.0**-24
"""Relative error of a number rounded to float32."""

LARGEST_LOSS = 1e-5
"""Share of a column's standard deviation up to which rounding to float32 is no loss."""

LARGEST_TOLD_LOSS = 1e-3
"""Share above which people are told, where nothing can be done about it."""


def measure(values: Any, origin: int | float) -> Distances:
    """Return values − origin, as Python computes it: exact between whole numbers, then rounded to float64.

    Args:
        values: Whole numbers or floats, of any shape.
        origin: Whole number or float.
    """
    if values.dtype.kind not in "iu" or not isinstance(origin, int):
        with np.errstate(over="ignore"):
            return np.asarray(values, np.float64) - float(origin)
    # Differences of 64-bit numbers have up to 65 bits: their sizes are computed modulo 2^64, and their signs apart.
    is_above = values >= origin
    wide = values.astype(np.int64 if values.dtype.kind == "i" else np.uint64).view(np.uint64)
    start = np.uint64(origin % 2**64)
    sizes = np.where(is_above, wide - start, start - wide).astype(np.float64)
    return np.where(is_above, sizes, -sizes)


@dataclass(slots=True)
class Location:
    """Where the numbers of a column lie, chunk by chunk.

    Sums are of distances from the first number (Chan, Golub and LeVeque, 1979), so that a large mean costs no digits.

    Attributes:
        count: Numbers so far.
        farthest: Greatest distance from the first number.
        greatest: Greatest absolute value.
        greatest_loss: Greatest change by rounding to float32, of numbers in its range.
    """

    first: int | float = 0
    count: int = 0
    farthest: float = 0.0
    greatest: float = 0.0
    greatest_loss: float = 0.0
    _mean: float = 0.0
    _squares: float = 0.0

    def add(self, values: Any) -> None:
        """Add numbers (n,), none of them missing or infinite."""
        if not len(values):
            return
        if not self.count:
            self.first = values[0].item()
        with np.errstate(over="ignore", invalid="ignore"):
            distances = measure(values, self.first)
            self.farthest = max(self.farthest, float(np.abs(distances).max()))
            self.greatest = max(self.greatest, float(np.abs(values.astype(np.float64)).max()))
            losses = np.abs(measure(values.astype(np.float32).astype(np.float64), 0) - values)
            self.greatest_loss = max(self.greatest_loss, float(losses[np.isfinite(losses)].max(initial=0.0)))
            mean, count = float(distances.mean()), self.count + len(values)
            change = mean - self._mean
            self._squares += float(np.square(distances - mean).sum())
            self._squares += change * change * self.count * len(values) / count
            self._mean += change * len(values) / count
        self.count = count

    @property
    def origin(self) -> int | float:
        """The mean; of whole numbers a whole number near it."""
        mean = self._mean if math.isfinite(self._mean) else 0.0
        return self.first + round(mean) if isinstance(self.first, int) else self.first + mean

    @property
    def unit(self) -> float:
        """A power of two of about the greatest distance, by which to divide without loss of digits."""
        if not self.farthest or not math.isfinite(self.farthest):
            return 1.0
        return math.ldexp(1.0, min(max(math.frexp(self.farthest)[1] - 1, -1000), 1000))

    @property
    def stddev(self) -> float:
        """Standard deviation; the greatest distance where squares have no room in float64."""
        stddev = math.sqrt(self._squares / self.count) if self.count else 0.0
        return stddev if math.isfinite(stddev) and (stddev or not self.farthest) else self.farthest

    @property
    def keeps_digits(self) -> bool:
        """True if float32 keeps the differences between the numbers."""
        return self.greatest <= FLOAT32_MAX and self.greatest_loss <= LARGEST_LOSS * self.stddev

    @property
    def loses_differences(self) -> bool:
        """True if float32 changes the numbers by so much of their differences that a network may learn something else."""
        return self.greatest_loss > LARGEST_TOLD_LOSS * self.stddev
