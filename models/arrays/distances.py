"""Distances of numbers from an origin, without loss of digits, and where the numbers of a column lie.

float32 has 24 bits: of 1,700,000,000 it keeps every 128th number. Numbers are centred in 64 bits and rounded only then.
"""

import math
from typing import Any, Self

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

NUMBERS_AT_ONCE = 1 << 20


def measure(values: Any, origin: Any) -> Distances:
    """Return values − origin, as Python computes it: exact between whole numbers, then rounded to float64.

    Args:
        values: Whole numbers or floats, (…, width) or any shape.
        origin: Whole number or float; or an array (width,) of the type of `values`.
    """
    start = np.asarray(origin)
    if values.dtype.kind not in "iu" or start.dtype.kind not in "iu":
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(np.asarray(values, np.float64) - start.astype(np.float64))
    # Differences of 64-bit numbers have up to 65 bits: their sizes are computed modulo 2^64, and their signs apart.
    is_above = values >= start
    one, other = _modulo(values), _modulo(start)
    sizes = np.where(is_above, one - other, other - one).astype(np.float64)
    distances: Distances = np.where(is_above, sizes, -sizes)
    return distances


def _modulo(values: Any) -> Any:
    """Return whole numbers modulo 2^64."""
    return values.astype(np.int64 if values.dtype.kind == "i" else np.uint64).view(np.uint64)


class Location:
    """Where the numbers of some columns lie, chunk by chunk.

    Sums are of distances from the first number (Chan, Golub and LeVeque, 1979), so that a large mean costs no digits.

    Attributes:
        count: Numbers so far, of each column.
    """

    def __init__(self) -> None:
        self.count = 0
        self._first: Any = None
        self._mean = self._squares = self._farthest = self._greatest = self._loss = np.zeros(1)

    @classmethod
    def of(cls, array: Any) -> Self:
        """Locate the numbers of an array (n, …, width), or of one column (n,), which may be memory-mapped."""
        location = cls()
        rows_at_once = max(1, NUMBERS_AT_ONCE // max(1, math.prod(array.shape[1:])))
        for start in range(0, len(array), rows_at_once):
            rows = np.asarray(array[start : start + rows_at_once])
            location.add(rows.reshape(-1, rows.shape[-1] if rows.ndim > 1 else 1))
        return location

    def add(self, values: Any) -> None:
        """Add numbers (n, width), none of them missing or infinite."""
        if not len(values):
            return
        if not self.count:
            self._first = values[0].copy()
        with np.errstate(over="ignore", invalid="ignore"):
            distances = measure(values, self._first)
            losses = _losses(values)
            mean, count = distances.mean(axis=0), self.count + len(values)
            change = mean - self._mean
            self._squares = self._squares + np.square(distances - mean).sum(axis=0)
            self._squares += change * change * (self.count * len(values) / count)
            self._mean = self._mean + change * (len(values) / count)
            self._farthest = np.maximum(self._farthest, np.abs(distances).max(axis=0))
            self._greatest = np.maximum(self._greatest, np.abs(values.astype(np.float64)).max(axis=0))
            self._loss = np.maximum(self._loss, losses.max(axis=0))
        self.count = count

    @property
    def origins(self) -> tuple[int | float, ...]:
        """The mean of each column; of whole numbers a whole number near it."""
        if self._first is None:
            return (0,)
        means = np.where(np.isfinite(self._mean), self._mean, 0.0).tolist()
        return tuple(
            first + round(mean) if isinstance(first, int) else first + mean
            for first, mean in zip(self._first.tolist(), means, strict=True)
        )

    @property
    def units(self) -> tuple[float, ...]:
        """For each column a power of two of about its greatest distance, by which to divide without loss of digits."""
        return tuple(_power_of_two(size) for size in self._farthest.tolist())

    @property
    def stddevs(self) -> Distances:
        """Standard deviations; the greatest distance where squares have no room in float64."""
        stddevs = np.sqrt(self._squares / max(1, self.count))
        return np.where(np.isfinite(stddevs) & (stddevs > 0), stddevs, self._farthest)

    @property
    def greatest(self) -> float:
        """The greatest absolute value of all."""
        return float(self._greatest.max())

    @property
    def keeps_digits(self) -> bool:
        """True if float32 keeps the differences between the numbers."""
        return self.greatest <= FLOAT32_MAX and bool((self._loss <= LARGEST_LOSS * self.stddevs).all())

    @property
    def loses_differences(self) -> bool:
        """True if float32 changes the numbers by a share of their differences that people should know about."""
        return self.greatest > FLOAT32_MAX or bool((self._loss > LARGEST_TOLD_LOSS * self.stddevs).any())


def _losses(values: Any) -> Distances:
    """Return how far each number is from itself in float32; 0 if that has no place for it."""
    rounded = values.astype(np.float32).astype(np.float64)
    if values.dtype.kind in "iu":
        limits = np.iinfo(values.dtype)
        # The greatest whole number may round to the one above it, which the type does not have.
        inside = np.clip(rounded, float(limits.min), np.nextafter(float(limits.max), 0.0))
        return np.abs(measure(values, inside.astype(values.dtype)))
    losses = np.abs(rounded - values)
    losses[~np.isfinite(losses)] = 0.0
    return np.asarray(losses, np.float64)


def _power_of_two(size: float) -> float:
    if not size or not math.isfinite(size):
        return 1.0
    return math.ldexp(1.0, min(max(math.frexp(size)[1] - 1, -1000), 1000))


def shorten(numbers: Any) -> Any:
    """Return numbers (n, …, width) as float32 if it keeps their digits, else unchanged."""
    return numbers.astype(np.float32) if Location.of(numbers).keeps_digits else numbers
