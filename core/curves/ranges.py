"""Ranges of a curve: the last point of each, with the least and greatest of its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.curves.points import Points


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of steps that follow one another, in columns of equal length.

    A range holds the steps after the previous range's last one, up to its own.

    Attributes:
        last: The last point of each range.
        least: (n,) float64, the least value of each; NaN where all of them are NaN.
        greatest: (n,) float64, the greatest value, likewise.
    """

    last: Points
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of ranges."""
        return len(self.last)

    def __getitem__(self, part: slice) -> Self:
        """Return the ranges at some positions."""
        return type(self)(self.last[part], self.least[part], self.greatest[part])

    @classmethod
    def of_points(cls, points: Points) -> Self:
        """Return every point as a range of its own."""
        return cls(points, points.values, points.values)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the ranges of several parts, one after another."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            Points.join([part.last for part in parts]),
            np.concatenate([part.least for part in parts] or [np.empty(0)]),
            np.concatenate([part.greatest for part in parts] or [np.empty(0)]),
        )

    def merge(self, size: int) -> Self:
        """Merge each `size` ranges into one; their number is a multiple of it."""
        return self._merge_from(np.arange(0, len(self), size))

    def cut(self, first_step: int, last_step: int, num_ranges: int) -> Self:
        """Merge ranges into at most `num_ranges` ones of equal numbers of steps, between the given ones.

        Each lies in the range of its last step, so that sizes differ by one range of these at most. A range without
        points is left out.
        """
        if not len(self):
            return self
        num_steps = last_step - first_step + 1
        # Rounded up: the first steps of all ranges but the first, exact for any 64-bit steps.
        edges = np.array(
            [first_step + -(-number * num_steps // num_ranges) for number in range(1, num_ranges)], dtype=np.int64
        )
        numbers = np.searchsorted(edges, self.last.steps, side="right")
        return self._merge_from(np.flatnonzero(np.diff(numbers, prepend=-1)))

    def _merge_from(self, starts: NDArray[np.intp]) -> Self:
        if not len(starts):
            return self[:0]
        ends = np.append(starts[1:], len(self)) - 1
        last = Points(self.last.steps[ends], self.last.values[ends], self.last.times[ends])
        # These two skip NaN where a number is beside it.
        return type(self)(last, np.fmin.reduceat(self.least, starts), np.fmax.reduceat(self.greatest, starts))
