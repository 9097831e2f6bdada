"""X axes of curves: steps, epochs and seconds."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.curves.points import Points

Numbers = NDArray[np.number[Any]]
"""Places on an axis: integers for steps, else doubles."""


LARGEST_STEP = 2.0**62
"""Bound of the steps that windows name; it leaves room for a margin in 64 bits."""


class XAxis(StrEnum):
    """Quantity on the x axis of a curve."""

    STEP = "step"
    """Training steps, counted from 1 over all epochs."""
    EPOCH = "epoch"
    """Training steps divided by the steps of an epoch: after step 12 of 8 an epoch, 1.5."""
    TIME = "time"
    """Seconds since the start of the run's latest attempt."""


@dataclass(frozen=True, slots=True)
class Axis:
    """X axis of the curves of one run.

    Attributes:
        kind: Quantity on it.
        steps_per_epoch: Number of steps in an epoch, if the quantity is epochs.
        origin: Time of x = 0 in seconds since the Unix epoch, if the quantity is time.
    """

    kind: XAxis = XAxis.STEP
    steps_per_epoch: int = 1
    origin: float = 0.0

    def place(self, points: Points) -> Numbers:
        """Return the x of each point; integers for steps. Only times may fall, if a clock was set back."""
        match self.kind:
            case XAxis.STEP:
                return points.steps
            case XAxis.EPOCH:
                return points.steps / self.steps_per_epoch
            case XAxis.TIME:
                return points.times - self.origin

    def find_steps(self, window: "Window") -> tuple[int | None, int | None]:
        """Return steps between which every point of a window lies; None where there is no such bound.

        Some of the points between them may lie beyond the window, by rounding. Times say nothing of steps.
        """
        if self.kind == XAxis.TIME:
            return None, None
        steps_a_unit = 1 if self.kind == XAxis.STEP else self.steps_per_epoch
        first = None if window.first is None else _as_step(window.first * steps_a_unit, -1)
        last = None if window.last is None else _as_step(window.last * steps_a_unit, 1)
        return first, last

    def place_step(self, step: int) -> float:
        """Return the x of a step, on an axis of steps or epochs."""
        return step if self.kind == XAxis.STEP else step / self.steps_per_epoch


def is_rising(x: Numbers) -> bool:
    """Return True unless a place comes after a greater one, as times do once a clock was set back."""
    return bool((x[1:] >= x[:-1]).all())


def _as_step(place: float, margin: int) -> int:
    """Return the step at a place or next to it, within what a database can store."""
    # A double names a step beyond 2^53 only to its last digits.
    reach = max(1, int(math.ulp(place))) if math.isfinite(place) else 1
    return int(min(max(place, -LARGEST_STEP), LARGEST_STEP)) + margin * reach


@dataclass(frozen=True, slots=True)
class Window:
    """Part of an x axis, both ends included; None is an open end."""

    first: float | None = None
    last: float | None = None

    @property
    def is_whole(self) -> bool:
        """Return True if it holds every x."""
        return self.first is None and self.last is None

    def holds(self, x: Numbers) -> NDArray[np.bool_]:
        """Return True for each x that lies within."""
        inside: Any = np.ones(len(x), np.bool_)
        if self.first is not None:
            inside &= x >= self.first
        if self.last is not None:
            inside &= x <= self.last
        return inside  # type: ignore[no-any-return]  # NumPy's operators in place return Any.

    def clip(self, first: float, last: float) -> tuple[float, float]:
        """Return the part of a range that lies within; it is empty if the end comes before the start."""
        return (
            first if self.first is None else max(first, self.first),
            last if self.last is None else min(last, self.last),
        )
