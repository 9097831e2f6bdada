"""Axes of charts: round numbers to mark them with, linear and logarithmic."""

import math

import numpy as np
from numpy.typing import NDArray

NUM_TICKS = 5


def choose_ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers that span the range of the values."""
    span = high - low
    if span <= abs(high) * 1e-6:
        # All values are almost equal: leave some room around them.
        room = max(abs(high), 1.0) / 2
        low, high, span = low - room, high + room, span + 2 * room
    rough = span / NUM_TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (size, 2 * size, 5 * size, 10 * size) if step >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


MOST_LOG_TICKS = 7

LEAST_DECADES = 2


def fits_log(values: NDArray[np.float64]) -> bool:
    """Return True if all of some finite values are positive and span decades."""
    return bool(len(values)) and bool(values.min() > 0) and float(values.max() / values.min()) >= 10**LEAST_DECADES


def choose_log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten that span a range of positive values, with 2 and 5 times them if they are few."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    step = max(1, -(-(last - first) // MOST_LOG_TICKS))
    powers = list(range(max(first, -307), min(last, 307) + 1, step))
    if len(powers) > LEAST_DECADES:
        return [10.0**power for power in powers]
    within = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [tick for tick in within if low * 0.5 <= tick <= high * 2] or [low, high]
