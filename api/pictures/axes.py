"""Axes of charts: round numbers to mark them with, linear and logarithmic."""

import math

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
