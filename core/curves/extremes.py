"""The least and greatest value of a curve."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.curves.points import Points


@dataclass(frozen=True, slots=True)
class Extremes:
    """The least and greatest value of some points.

    Attributes:
        min: Least value; NaN while every value is NaN.
        min_step: The first step at which it was reached; None while every value is NaN.
        max: Greatest value, likewise.
    """

    min: float
    min_step: int | None
    max: float
    max_step: int | None

    @classmethod
    def of_points(cls, points: Points) -> Self:
        """Return the extremes of points; there is at least one."""
        # Not nanargmax, which takes NaN beside -inf for the greatest.
        places = np.flatnonzero(~np.isnan(points.values))
        if not len(places):
            return cls(math.nan, None, math.nan, None)
        numbers, steps = points.values[places], points.steps[places]
        least, greatest = int(numbers.argmin()), int(numbers.argmax())
        return cls(float(numbers[least]), int(steps[least]), float(numbers[greatest]), int(steps[greatest]))

    def join(self, later: "Extremes") -> "Extremes":
        """Return the extremes of these points and later ones."""
        # Comparisons with NaN are false; points of NaN alone take the extremes of the others.
        least = later if math.isnan(self.min) or later.min < self.min else self
        greatest = later if math.isnan(self.max) or later.max > self.max else self
        return Extremes(least.min, least.min_step, greatest.max, greatest.max_step)
