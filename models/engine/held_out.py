"""What a fit found out about samples that it has not learned from."""

from dataclasses import dataclass

from models.engine.tallies import Tally


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Samples of one split, measured with the weights that the fit ended with.

    Attributes:
        metrics: Loss and metrics by name.
        tally: Has counted every sample.
    """

    metrics: dict[str, float]
    tally: Tally
