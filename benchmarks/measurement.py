"""What one process measured, and what it was asked."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

Side = Literal["stock", "engine"]

NUM_THREADS = 2
"""For one operation, on both sides."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to measure.

    Attributes:
        side: Stock `Model.fit`, or this project's engine.
        spec: As JSON.
        datasets_dir: Where datasets that are files lie, each in a directory of its name.
        cache_dir: For plans; XLA's programs are kept where TF_XLA_FLAGS says.
    """

    side: Side
    spec: dict[str, Any]
    datasets_dir: str
    cache_dir: str | None = None

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a process measured.

    Attributes:
        seconds: From the first optimizer to trained weights.
        num_steps: Training steps taken.
        loss: Of the last epoch; shows that both sides trained.
        device: What it was computed on.
        plan: How the steps were computed; empty for stock Keras.
        reason: Why so.
    """

    seconds: float
    num_steps: int
    loss: float
    device: str
    plan: str = ""
    reason: str = ""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


def read_order(line: str) -> Order:
    """The order that `Order.to_json` wrote."""
    return Order(**json.loads(line))


def read_measurement(line: str) -> Measurement:
    """The measurement that `Measurement.to_json` wrote."""
    return Measurement(**json.loads(line))
