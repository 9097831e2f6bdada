"""How long a whole fit would take, from two shorter ones."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds as a straight line over epochs.

    Attributes:
        intercept_seconds: What is done once.
        slope_seconds: Each epoch.
    """

    intercept_seconds: float
    slope_seconds: float

    def seconds(self, num_epochs: int) -> float:
        """Of a fit of so many epochs."""
        return self.intercept_seconds + num_epochs * self.slope_seconds


def draw_line(shorter: tuple[int, float], longer: tuple[int, float]) -> Line:
    """The line through two fits, each given as its epochs and seconds.

    Raises:
        ValueError: If the second is not longer than the first in epochs.
    """
    num_epochs = longer[0] - shorter[0]
    if num_epochs <= 0:
        raise ValueError(f"Two lengths are needed, the longer second; got {shorter[0]} and {longer[0]} epochs.")
    slope = (longer[1] - shorter[1]) / num_epochs
    return Line(shorter[1] - shorter[0] * slope, slope)
