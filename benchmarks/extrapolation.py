"""Extrapolation of the time of a whole fit from two shorter ones."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds as a linear function of epochs.

    Attributes:
        intercept_seconds: One-time work.
        slope_seconds: Time per epoch.
    """

    intercept_seconds: float
    slope_seconds: float

    def seconds(self, num_epochs: int) -> float:
        """Return the seconds of a fit of this many epochs."""
        return self.intercept_seconds + num_epochs * self.slope_seconds


def draw_line(shorter: tuple[int, float], longer: tuple[int, float]) -> Line:
    """Return the line through two fits, each given as epochs and seconds.

    Raises:
        ValueError: If the second does not have more epochs than the first.
    """
    num_epochs = longer[0] - shorter[0]
    if num_epochs <= 0:
        raise ValueError(f"Expected two lengths, the longer one second; got {shorter[0]} and {longer[0]} epochs.")
    slope = (longer[1] - shorter[1]) / num_epochs
    return Line(shorter[1] - shorter[0] * slope, slope)
